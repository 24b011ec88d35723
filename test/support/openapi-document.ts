/** A small OpenAPI document with operations of the service, for tests of the API reference. */
export const openApiDocument = {
  openapi: '3.1.0',
  info: { title: 'Portcullis', version: '0.6.0', description: 'Accounts, sessions and tokens.' },
  servers: [{ url: 'https://auth.example.com' }],
  tags: [{ name: 'Sessions', description: 'Logging in and out.' }, { name: 'Health' }],
  paths: {
    '/auth/login': {
      post: {
        operationId: 'login',
        tags: ['Sessions'],
        summary: 'Log in',
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Credentials' } } },
        },
        responses: {
          '200': { description: 'Logged in.' },
          '401': { description: 'The email or the password is wrong.' },
        },
      },
    },
    '/health': {
      get: {
        operationId: 'health',
        tags: ['Health'],
        summary: 'Say whether the service runs',
        responses: { '200': { description: 'It runs.' } },
      },
    },
  },
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    schemas: {
      Credentials: {
        type: 'object',
        required: ['email', 'password'],
        properties: {
          email: { type: 'string', format: 'email', example: 'ada@example.com' },
          password: { type: 'string', example: 'a good password' },
        },
      },
    },
  },
}
