// What a client hears for each reason: the one place with statuses, codes and sentences. `standard`
// is the second column (HTTP_CONTRACT=standard) and holds only what differs. docs/errors.md is
// generated from here.

import type { Reason } from './reasons.ts'

/**
 * Which of the two vocabularies the service speaks: the seed's, or one for applications that never
 * had its clients.
 */
export type Vocabulary = 'classic' | 'standard'

/** What a refusal looks like over HTTP. */
export interface Refusal {
  readonly status: 202 | 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 500 | 503
  /** The stable word for programs. */
  readonly code: string
  /** The sentence for people; also the challenge's `error_description`. */
  readonly message: string
  /** The `error` of the bearer challenge (RFC 6750 §3.1); `bare` is a challenge that names none. */
  readonly challenge?: 'bare' | 'invalid_request' | 'invalid_token'
  /** Seconds a client should wait before it tries again (RFC 9110 §10.2.3). */
  readonly retryAfterSeconds?: number
}

interface Entry extends Refusal {
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

const tokenMissing = {
  status: 401,
  code: 'token_missing',
  message: 'Provide a valid auth token.',
  challenge: 'bare',
} as const

/** Reason → what is answered. */
export const catalogue = {
  token_missing: {
    ...tokenMissing,
    when: 'There is no Authorization header.',
    source: 'RFC 6750 §3',
  },
  logout_token_missing: {
    code: tokenMissing.code,
    message: tokenMissing.message,
    status: 403,
    standard: tokenMissing,
    when: 'Logging out without an Authorization header.',
    source: 'contract; RFC 6750 §3',
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
  email_taken: {
    status: 202,
    code: 'email_taken',
    message: 'User already exists. Please Log in.',
    standard: { status: 409 },
    when: 'The email has an account.',
    source: 'contract',
  },
  invalid_credentials: {
    status: 404,
    code: 'invalid_credentials',
    message: 'User does not exist.',
    standard: { status: 401, message: 'Email or password is wrong.', challenge: 'bare' },
    when: 'The email has no account, or the password is not its own: the same answer, in the same time.',
    source: 'contract; ASVS 6.3.8',
  },
  body_too_large: {
    status: 413,
    code: 'body_too_large',
    message: 'The body is larger than 16 KiB.',
    when: 'The body is larger than 16 KiB, whether its length was announced or not.',
    source: 'RFC 9110 §15.5.14',
  },
  unsupported_media_type: {
    status: 415,
    code: 'unsupported_media_type',
    message: 'The body must be JSON: send Content-Type: application/json.',
    when: 'There is a body, and its content type is not JSON.',
    source: 'RFC 9110 §15.5.16',
  },
  invalid_json: {
    status: 400,
    code: 'invalid_json',
    message: 'The body must be a JSON object in UTF-8.',
    when: 'The body is missing, not JSON, not an object, or not UTF-8.',
    source: 'RFC 8259',
  },
  invalid_input: {
    status: 422,
    code: 'invalid_input',
    message: 'Some fields are missing or do not fit; see errors.',
    when: 'A field is missing, or of the wrong type or length; `errors` lists all of them.',
    source: 'RFC 9110 §15.5.21',
  },
  not_found: {
    status: 404,
    code: 'not_found',
    message: 'There is nothing at this path.',
    when: 'The path is unknown.',
    source: 'RFC 9110 §15.5.5',
  },
  method_not_allowed: {
    status: 405,
    code: 'method_not_allowed',
    message: 'This path does not answer this method; see the Allow header.',
    when: 'The path is known, with other methods.',
    source: 'RFC 9110 §15.5.6',
  },
  database_unavailable: {
    status: 503,
    code: 'unavailable',
    message: 'The service is unavailable for the moment. Please try again.',
    retryAfterSeconds: 5,
    when: 'The database cannot be reached, or answers nonsense, within the time limit.',
    source: 'RFC 9110 §15.6.4',
  },
  schema_outdated: {
    status: 503,
    code: 'schema_outdated',
    message: 'The database lacks migrations of this version. Run `npm run migrate`.',
    retryAfterSeconds: 30,
    when: '`GET /ready` on a database that was not migrated.',
    source: 'docs/storage.md',
  },
  schema_too_new: {
    status: 503,
    code: 'schema_too_new',
    message: 'The database was migrated for a later version. Deploy that version.',
    retryAfterSeconds: 30,
    when: '`GET /ready` on a database that a much later version has migrated.',
    source: 'docs/storage.md',
  },
  misconfigured: {
    status: 500,
    code: 'misconfigured',
    message: 'The service is not configured. Its log says what is missing.',
    when: 'Settings are missing or wrong: the service refuses to work, and its log names them.',
    source: 'README.md',
  },
  internal: {
    status: 500,
    code: 'internal',
    message: 'Something went wrong on our side.',
    when: 'A bug. The request id finds it in the log.',
    source: 'RFC 9110 §15.6.1',
  },
} as const satisfies Record<Reason, Entry>

/** What to answer for `reason` in `vocabulary`. */
export function refusalFor(reason: Reason, vocabulary: Vocabulary): Refusal {
  const { standard, ...entry }: Entry = catalogue[reason]
  return vocabulary === 'standard' ? { ...entry, ...standard } : entry
}
