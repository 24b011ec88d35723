// What other Workers import: guards, the verifier behind them, key sets, and where
// revocations come from.

export type { GuardReason, Result } from './errors/reasons.ts'
export {
  type FreshLoginOptions,
  type PermissionOptions,
  requireFreshLogin,
  requireRole,
} from './middleware/permissions.ts'
export { type GuardRefusal, type OnRefused, refusalResponse } from './middleware/refusal.ts'
export {
  type GuardedEnv,
  type GuardOptions,
  type OptionallyGuardedEnv,
  optionalAccessToken,
  requireAccessToken,
} from './middleware/require-access-token.ts'
export {
  type Authentication,
  createVerifier,
  type VerificationContext,
  type Verifier,
  type VerifierOptions,
} from './middleware/verifier.ts'
export type { ServiceBinding } from './remote/ask-service.ts'
export type { FeedPage } from './revocation/feed-format.ts'
export type { BoundedStaleness, RevocationOption } from './revocation/policy.ts'
export type {
  CheckedToken,
  FollowedFeed,
  PulledPage,
  RevocationSource,
} from './revocation/source.ts'
export type { Runtime } from './runtime.ts'
export type { AccessTokenClaims } from './token/access-token.ts'
export { createLocalKeySet, createSecretKeySet, type KeySet } from './token/key-set.ts'
export { createRemoteKeySet, type RemoteKeySetOptions } from './token/remote-key-set.ts'
export type { VerificationKey } from './token/verification-key.ts'
