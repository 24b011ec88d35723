// For the tests of applications: an issuer in memory, and a clock that tests can advance.

export {
  createTestIssuer,
  type RevokeOptions,
  type TestIssuer,
  type TestIssuerOptions,
  type TestTokenClaims,
} from './testing/test-issuer.ts'
