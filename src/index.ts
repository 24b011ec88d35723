// What other Workers import: guards, their verifier, key sets and revocation sources.

export type { GuardReason, Result } from './errors/reasons.ts'
export { createRemoteKeySet, type RemoteKeySetOptions } from './guard/keys/remote-key-set.ts'
export {
  type FreshLoginOptions,
  type PermissionOptions,
  type RequiredRoles,
  requireFreshLogin,
  requireRole,
} from './guard/permissions.ts'
export { type GuardRefusal, type OnRefused, refusalResponse } from './guard/refusal.ts'
export type { ServiceBinding } from './guard/remote/ask-service.ts'
export {
  type GuardedEnv,
  type GuardOptions,
  type OptionallyGuardedEnv,
  optionalAccessToken,
  requireAccessToken,
} from './guard/require-access-token.ts'
export type { BoundedStaleness, RevocationOption } from './guard/revocation/policy.ts'
export {
  type Authentication,
  createVerifier,
  type VerificationContext,
  type Verifier,
  type VerifierOptions,
} from './guard/verifier.ts'
export type { Runtime } from './runtime/runtime.ts'
export type { AccessTokenClaims } from './token/access-token.ts'
export type { FeedPage } from './token/feed-format.ts'
export { createLocalKeySet, createSecretKeySet, type KeySet } from './token/key-set.ts'
export type {
  CheckedToken,
  FollowedFeed,
  FollowOptions,
  PulledPage,
  RevocationSource,
} from './token/revocation-source.ts'
export type { VerificationKey } from './token/verification-key.ts'
