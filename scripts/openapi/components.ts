// The components that the operations of the OpenAPI document refer to.

/** Title and description of the document. */
export const info = {
  title: 'Portcullis',
  summary: 'Accounts, sessions and access tokens that can be taken back at once.',
  description: `Every answer but \`misconfigured\` has \`X-Request-Id\`. Refusals have a stable \`code\` for programs and a \`message\` for people.

The service speaks one of two contracts (\`HTTP_CONTRACT\`). Where they differ, the name of an example says which one it belongs to.

Tokens travel in one of two ways (\`TOKEN_TRANSPORT\`): in bodies and the \`Authorization\` header, or in cookies. With cookies, the bodies of answers have no tokens, and changes from a page of another origin are refused. Every \`POST\` below \`/auth\` must then say \`Content-Type: application/json\`, also without a body.

\`HEAD\` is answered wherever \`GET\` is. Other methods of a path are answered 405 \`method_not_allowed\` with \`Allow\`, other paths 404 \`not_found\`.`,
  license: { name: 'MIT', identifier: 'MIT' },
}

export const tags = [
  { name: 'Accounts', description: 'Who somebody is.' },
  { name: 'Sessions', description: 'What becomes of a login.' },
  { name: 'OAuth', description: 'Revocation and introspection, for OAuth clients.' },
  {
    name: 'Revocation feed',
    description: 'What guards follow. It holds opaque ids and nothing else.',
  },
  { name: 'Public documents', description: 'Keys, metadata and health.' },
]

export const securitySchemes = {
  accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  accessCookie: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-access_token',
    description: 'With TOKEN_TRANSPORT=cookie.',
  },
  refreshCookie: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Secure-refresh_token',
    description: 'With TOKEN_TRANSPORT=cookie.',
  },
  client: {
    type: 'http',
    scheme: 'basic',
    description: 'A client of OAUTH_CLIENTS. Its id and secret may come in the form instead.',
  },
}

const text = { schema: { type: 'string' } }

export const headers = {
  'X-Request-Id': { description: 'Finds the request in the log.', ...text },
  'Cache-Control': {
    description: 'Who may keep the answer, and how long.',
    required: true,
    ...text,
  },
  'WWW-Authenticate': { description: 'The challenge (RFC 6750 §3).', ...text },
  'Retry-After': { description: 'Seconds to wait before the next try.', ...text },
  RateLimit: {
    description: 'What is left of the limit (draft-ietf-httpapi-ratelimit-headers).',
    ...text,
  },
  ETag: { description: 'For If-None-Match.', ...text },
  'Set-Cookie': { description: 'With TOKEN_TRANSPORT=cookie: the tokens.', ...text },
}

export const parameters = {
  'If-None-Match': {
    name: 'If-None-Match',
    in: 'header',
    required: false,
    description: 'The ETag of the answer that the client has.',
    ...text,
  },
}

export const fixedSchemas = {
  Refusal: {
    type: 'object',
    properties: {
      status: { const: 'fail' },
      message: { type: 'string', description: 'For people.' },
      code: { type: 'string', description: 'For programs.' },
      request_id: { type: 'string' },
      handle: { type: 'string', description: 'Of the code that was mailed.' },
      errors: {
        type: 'array',
        items: {
          type: 'object',
          properties: { field: { type: 'string' }, message: { type: 'string' } },
          required: ['field', 'message'],
        },
      },
    },
    required: ['status', 'message', 'code'],
  },
  OAuthRefusal: {
    type: 'object',
    properties: {
      error: { type: 'string' },
      error_description: { type: 'string' },
      request_id: { type: 'string' },
    },
    required: ['error', 'error_description'],
  },
}

/** The form of the OAuth endpoints (RFC 7009 §2.1, RFC 7662 §2.1). */
export function formBody(example: object | undefined) {
  const schema = {
    type: 'object',
    properties: {
      token: { type: 'string' },
      token_type_hint: { type: 'string', description: 'Not needed, and ignored.' },
      client_id: { type: 'string' },
      client_secret: { type: 'string' },
    },
    required: ['token'],
  }
  return { required: true, content: { 'application/x-www-form-urlencoded': { schema, example } } }
}
