// What a client gets when its token is refused. Guards share this part of the catalogue with the
// service. The service puts it into its own envelope.

import type { BearerReason, GuardReason, KeyReason, TokenReason } from './reasons.ts'

/** What a refusal looks like over HTTP. */
export interface Refusal {
  readonly status: 202 | 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 422 | 429 | 500 | 503
  /** The stable word for programs. */
  readonly code: string
  /** The sentence for people; also the challenge's `error_description`. */
  readonly message: string
  /**
   * The `error` of the bearer challenge (RFC 6750 §3.1, RFC 9470 §3). The value `bare` is a
   * challenge without an `error`. The value `basic` is a challenge for clients (RFC 7617).
   */
  readonly challenge?:
    | 'bare'
    | 'basic'
    | 'invalid_request'
    | 'invalid_token'
    | 'insufficient_scope'
    | 'insufficient_user_authentication'
  /** Seconds a client should wait before it tries again (RFC 9110 §10.2.3). */
  readonly retryAfterSeconds?: number
  /** How long ago the password may have been given, in seconds; in the challenge (RFC 9470 §3). */
  readonly maxAgeSeconds?: number | undefined
}

/** A refusal by a guard. */
export interface TokenRefusal extends Refusal {
  readonly status: 401 | 403 | 503
}

/** Clients cannot distinguish why a token is invalid. */
export const invalidToken = {
  status: 401,
  code: 'token_invalid',
  message: 'Invalid token. Please log in again.',
  challenge: 'invalid_token',
} as const

/**
 * The refusal of a cross-site request when tokens travel in cookies, for guards and for the
 * service.
 */
export const crossSiteRequest = {
  status: 403,
  code: 'cross_site_request',
  message: 'This may come from another site. Send JSON, from an allowed origin.',
} as const satisfies TokenRefusal

/** Reason → the answer, in the words of the standard contract. */
export const tokenRefusals = {
  token_missing: {
    status: 401,
    code: 'token_missing',
    message: 'Provide a valid auth token.',
    challenge: 'bare',
  },
  bearer_malformed: {
    status: 401,
    code: 'token_malformed',
    message: 'Bearer token malformed.',
    challenge: 'invalid_request',
  },
  token_too_long: invalidToken,
  token_not_canonical: invalidToken,
  token_header_unacceptable: invalidToken,
  token_signature_wrong: invalidToken,
  token_key_unknown: invalidToken,
  key_set_unavailable: {
    status: 503,
    code: 'unavailable',
    message: 'Tokens cannot be verified for the moment. Please try again.',
    retryAfterSeconds: 5,
  },
  token_claims_unacceptable: invalidToken,
  token_issuer_wrong: invalidToken,
  token_audience_wrong: invalidToken,
  token_from_the_future: invalidToken,
  token_expired: {
    status: 401,
    code: 'token_expired',
    message: 'Signature expired. Please log in again.',
    challenge: 'invalid_token',
  },
  token_revoked: {
    status: 401,
    code: 'token_revoked',
    message: 'Token revoked. Please log in again.',
    challenge: 'invalid_token',
  },
} as const satisfies Record<BearerReason | TokenReason | KeyReason | 'token_revoked', TokenRefusal>

/** What guards answer in other Workers, which have no access to the database. */
export const guardRefusals = {
  ...tokenRefusals,
  cross_site_request: crossSiteRequest,
  role_missing: {
    status: 403,
    code: 'role_missing',
    message: 'Your account does not have the role for this.',
    challenge: 'insufficient_scope',
  },
  login_not_fresh: {
    status: 401,
    code: 'login_not_fresh',
    message: 'Give your password again for this.',
    challenge: 'insufficient_user_authentication',
  },
  revocations_unavailable: tokenRefusals.key_set_unavailable,
} as const satisfies Record<GuardReason, TokenRefusal>

/**
 * The bearer challenge of a refusal (RFC 6750 §3). It is bare when no token was presented.
 * Otherwise it describes the error.
 */
export function challengeOf(refusal: Refusal): string | undefined {
  const { challenge, message, maxAgeSeconds } = refusal
  if (challenge === undefined) return undefined
  if (challenge === 'bare') return 'Bearer'
  const maxAge = maxAgeSeconds === undefined ? '' : `, max_age="${maxAgeSeconds}"`
  return `Bearer error="${challenge}", error_description="${message}"${maxAge}`
}
