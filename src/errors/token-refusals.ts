// What a client hears when its token is refused: the part of the catalogue that guards share with
// the service, which has it in its own envelope.

import type {
  BearerReason,
  GuardReason,
  KeyReason,
  RevocationReason,
  TokenReason,
} from './reasons.ts'

/** What a refusal looks like over HTTP. */
export interface Refusal {
  readonly status: 202 | 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 422 | 429 | 500 | 503
  /** The stable word for programs. */
  readonly code: string
  /** The sentence for people; also the challenge's `error_description`. */
  readonly message: string
  /**
   * The `error` of the bearer challenge (RFC 6750 §3.1, RFC 9470 §3); `bare` is a challenge that
   * names none, `basic` one for clients (RFC 7617).
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
}

/** A refusal, and what docs/errors.md says about it. */
export interface Entry extends Refusal {
  /** When it happens, for docs/errors.md. */
  readonly when: string
  /** Where the answer comes from. */
  readonly source: string
  readonly standard?: Partial<Refusal>
}

const invalidToken = {
  status: 401,
  code: 'token_invalid',
  message: 'Invalid token. Please log in again.',
  challenge: 'invalid_token',
} as const

/** Where tokens travel in cookies, for guards and for the service. */
export const crossSiteRequest = {
  status: 403,
  code: 'cross_site_request',
  message: 'This may have come from another site. Ask as JSON, from an origin that is allowed.',
  when: 'Tokens travel in cookies, and a request that changes something came from a page of an origin that is not on the list, or says neither where it comes from nor that it is JSON.',
  source: 'ASVS 3.5.1',
} as const satisfies Entry

/** Reason → what is answered. */
export const tokenRefusals = {
  token_missing: {
    status: 401,
    code: 'token_missing',
    message: 'Provide a valid auth token.',
    challenge: 'bare',
    when: 'There is no Authorization header.',
    source: 'RFC 6750 §3',
  },
  bearer_malformed: {
    status: 401,
    code: 'token_malformed',
    message: 'Bearer token malformed.',
    challenge: 'invalid_request',
    when: 'The Authorization header is not `Bearer <token>`.',
    source: 'RFC 6750 §2.1, §3.1',
  },
  token_too_long: {
    ...invalidToken,
    when: 'The token is longer than 4 KiB.',
    source: 'RFC 8725 §3.11',
  },
  token_not_canonical: {
    ...invalidToken,
    when: 'The token is not three segments of canonical base64url.',
    source: 'RFC 7515 §7.1, RFC 4648 §3.5',
  },
  token_header_unacceptable: {
    ...invalidToken,
    when: 'The header is not JSON, or names another algorithm, an unknown key, a type other than JWT, or critical extensions.',
    source: 'RFC 8725 §3.1, RFC 7515 §4.1.11',
  },
  token_signature_wrong: {
    ...invalidToken,
    when: 'The signature is not by a key of this service.',
    source: 'RFC 7515 §5.2',
  },
  token_key_unknown: {
    ...invalidToken,
    when: 'The token names a key that the issuer has not published, or none where it should.',
    source: 'RFC 7515 §4.1.4',
  },
  key_set_unavailable: {
    status: 503,
    code: 'unavailable',
    message: 'Tokens cannot be verified for the moment. Please try again.',
    retryAfterSeconds: 5,
    when: "A guard cannot have the issuer's key set; its log says why, and what to do.",
    source: 'RFC 9110 §15.6.4',
  },
  token_claims_unacceptable: {
    ...invalidToken,
    when: 'The claims are not a JSON object in UTF-8, or one is missing or of the wrong type.',
    source: 'RFC 7519 §4.1',
  },
  token_issuer_wrong: {
    ...invalidToken,
    when: 'The token was issued by somebody else.',
    source: 'RFC 7519 §4.1.1, RFC 8725 §3.8',
  },
  token_audience_wrong: {
    ...invalidToken,
    when: 'The token is meant for somebody else.',
    source: 'RFC 7519 §4.1.3, RFC 8725 §3.9',
  },
  token_from_the_future: {
    ...invalidToken,
    when: 'The token was issued, or begins to be valid, more than 60 s from now.',
    source: 'RFC 7519 §4.1.5, §4.1.6',
  },
  token_expired: {
    status: 401,
    code: 'token_expired',
    message: 'Signature expired. Please log in again.',
    challenge: 'invalid_token',
    when: 'The token is genuine and has expired.',
    source: 'RFC 7519 §4.1.4',
  },
  token_revoked: {
    status: 401,
    code: 'token_revoked',
    message: 'Token blacklisted. Please log in again.',
    challenge: 'invalid_token',
    standard: { message: 'Token revoked. Please log in again.' },
    when: 'The token, its session or its generation was revoked.',
    source: 'RFC 6750 §3.1',
  },
  account_gone: {
    ...invalidToken,
    when: 'The account of the token is deleted or disabled.',
    source: 'contract',
  },
} as const satisfies Record<BearerReason | TokenReason | KeyReason | RevocationReason, Entry>

/** What guards answer in other Workers, where the database cannot be asked. */
export const guardRefusals = {
  ...tokenRefusals,
  cross_site_request: crossSiteRequest,
  role_missing: {
    status: 403,
    code: 'role_missing',
    message: 'Your account does not have the role for this.',
    challenge: 'insufficient_scope',
    when: 'The token is good, and its account lacks the role that `requireRole` asks for.',
    source: 'RFC 6750 §3.1',
  },
  login_not_fresh: {
    status: 401,
    code: 'login_not_fresh',
    message: 'Give your password again for this.',
    challenge: 'insufficient_user_authentication',
    when: 'The token is good, and its user gave the password longer ago than `requireFreshLogin` allows: `max_age` in the challenge says how long, in seconds.',
    source: 'RFC 9470 §3',
  },
  revocations_unavailable: {
    status: 503,
    code: 'unavailable',
    message: tokenRefusals.key_set_unavailable.message,
    retryAfterSeconds: 5,
    when: 'A guard cannot know within its bound whether the token was revoked; its log says why, and what to do.',
    source: 'docs/feed.md',
  },
} as const satisfies Record<GuardReason, Entry>

/**
 * The challenge of a refusal (RFC 6750 §3): bare when nothing was presented, and what is wrong with
 * it otherwise.
 */
export function challengeOf({ challenge, message }: Refusal): string | undefined {
  if (challenge === undefined) return undefined
  if (challenge === 'bare') return 'Bearer'
  if (challenge === 'basic') return 'Basic realm="OAuth clients", charset="UTF-8"'
  return `Bearer error="${challenge}", error_description="${message}"`
}
