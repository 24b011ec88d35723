/** The default settings of the servers in tests. */
export const testSettings = {
  ISSUER: 'https://auth.example.com',
  SECRET_KEY: 'a secret of these tests: 0123456789abcdef',
  BCRYPT_COST: '4',
  // All requests of a test come from one address. Tests of the limits set this themselves.
  LIMITS: 'raised',
} as const
