// What a client gets for each reason. Statuses, codes and messages are defined only here. The key
// `standard` is for HTTP_CONTRACT=standard, and holds only the differences. The page
// docs/reference/errors.md is generated from this file.

import type { Reason } from './reasons.ts'
import {
  crossSiteRequest,
  guardRefusals,
  invalidToken,
  type Refusal,
  tokenRefusals,
} from './token-refusals.ts'

/**
 * Which of the two contracts the service uses. 'classic' is that of flask-jwt-auth. For
 * applications without clients of flask-jwt-auth, there is 'standard'.
 */
export type Contract = 'classic' | 'standard'

/** A refusal, in both contracts. */
interface Entry extends Refusal {
  /** What differs in the standard contract. */
  readonly standard?: Partial<Refusal>
}

const invalidJson = { status: 400, code: 'invalid_json' } as const

/** Reason → the answer. */
export const catalogue = {
  ...tokenRefusals,
  token_revoked: {
    ...tokenRefusals.token_revoked,
    message: 'Token blacklisted. Please log in again.',
    standard: { message: tokenRefusals.token_revoked.message },
  },
  account_gone: invalidToken,
  logout_token_missing: {
    code: tokenRefusals.token_missing.code,
    message: tokenRefusals.token_missing.message,
    status: 403,
    standard: tokenRefusals.token_missing,
  },
  email_taken: {
    status: 202,
    code: 'email_taken',
    message: 'User already exists. Please Log in.',
    standard: { status: 409 },
  },
  registration_closed: {
    status: 403,
    code: 'registration_closed',
    message: 'Registration is closed.',
  },
  invalid_credentials: {
    status: 404,
    code: 'invalid_credentials',
    message: 'User does not exist.',
    standard: { status: 401, message: 'Email or password is wrong.', challenge: 'bare' },
  },
  email_unverified: {
    status: 403,
    code: 'email_unverified',
    message:
      'Confirm your email with the code in our mail. If none comes, log in again in an hour.',
  },
  login_queue_full: {
    status: 503,
    code: 'unavailable',
    message: 'Too many logins at once. Try again in a second.',
    retryAfterSeconds: 1,
  },
  too_many_attempts: {
    status: 429,
    code: 'too_many_requests',
    message: 'Too many wrong passwords. Please try again later.',
    retryAfterSeconds: 1,
  },
  too_many_from_address: {
    status: 429,
    code: 'too_many_requests',
    message: 'Too many requests from your address. Please try again later.',
    retryAfterSeconds: 60,
  },
  too_many_at_once: {
    status: 503,
    code: 'unavailable',
    message: 'Too many requests of this kind. Please try again later.',
    retryAfterSeconds: 1,
  },
  account_changing: {
    status: 503,
    code: 'unavailable',
    message: 'The account is being changed. Please try again.',
    retryAfterSeconds: 1,
  },
  snapshot_busy: {
    status: 503,
    code: 'unavailable',
    message: 'Too many requests for the snapshot at once. Try again in a few seconds.',
    retryAfterSeconds: 5,
  },
  refresh_token_missing: {
    status: 401,
    code: 'refresh_token_missing',
    message: 'There is no refresh token. Please log in again.',
    challenge: 'bare',
  },
  refresh_token_unmatched: {
    status: 401,
    code: 'refresh_token_unmatched',
    message: 'This refresh token does not belong to your session. Please log in again.',
    challenge: 'invalid_token',
  },
  refresh_token_invalid: {
    status: 401,
    code: 'refresh_token_invalid',
    message: 'Invalid refresh token. Please log in again.',
    challenge: 'invalid_token',
  },
  refresh_superseded: {
    status: 401,
    code: 'refresh_superseded',
    message: 'This refresh token was replaced a moment ago. Use the newest one.',
    challenge: 'invalid_token',
  },
  refresh_too_frequent: {
    status: 429,
    code: 'too_many_requests',
    message: 'This session was refreshed too often. Try again in a minute.',
    retryAfterSeconds: 60,
  },
  refresh_token_reused: {
    status: 401,
    code: 'refresh_token_reused',
    message:
      'This refresh token was used before, and its session has been ended. Please log in again.',
    challenge: 'invalid_token',
  },
  session_revoked: {
    status: 401,
    code: 'session_revoked',
    message: 'This session was ended. Please log in again.',
    challenge: 'invalid_token',
  },
  session_expired: {
    status: 401,
    code: 'session_expired',
    message: 'This session has expired. Please log in again.',
    challenge: 'invalid_token',
  },
  session_unknown: {
    status: 404,
    code: 'session_unknown',
    message: 'You have no such session.',
  },
  password_wrong: {
    status: 403,
    code: 'password_wrong',
    message: 'The password is wrong.',
  },
  code_wrong: {
    status: 403,
    code: 'code_wrong',
    message: 'The code is wrong, was used, or has expired. Ask for a new one.',
  },
  password_needed: {
    status: 403,
    code: 'password_needed',
    message:
      'Give the password of the account. Only POST /auth/verify-email takes remove_password in its place.',
  },
  mail_refused: {
    status: 429,
    code: 'mail_refused',
    message: 'No mail can be sent to this email now. Try again in an hour.',
    retryAfterSeconds: 3_600,
  },
  mail_off: {
    status: 404,
    code: 'mail_off',
    message: 'This service sends no mail.',
  },
  login_not_fresh: guardRefusals.login_not_fresh,
  client_unknown: {
    status: 401,
    code: 'invalid_client',
    message: 'Unknown client, or wrong client secret.',
    challenge: 'basic',
  },
  oauth_request_invalid: {
    status: 400,
    code: 'invalid_request',
    message:
      'Send a form (application/x-www-form-urlencoded) with one token. Send no parameter twice, and credentials in one way only.',
  },
  cross_site_request: crossSiteRequest,
  body_too_large: {
    status: 413,
    code: 'body_too_large',
    message: 'The body is larger than 16 KiB.',
  },
  body_incomplete: {
    status: 408,
    code: 'body_incomplete',
    message: 'The body did not arrive within 10 seconds. Send the request again.',
  },
  unsupported_media_type: {
    status: 415,
    code: 'unsupported_media_type',
    message: 'The Content-Type is missing or not JSON. Send Content-Type: application/json.',
  },
  body_missing: {
    ...invalidJson,
    message: 'The body is empty. Send a JSON object.',
  },
  invalid_json: {
    ...invalidJson,
    message: 'The body is not JSON in UTF-8. Send a JSON object.',
  },
  body_not_object: {
    ...invalidJson,
    message: 'The body is JSON, but not an object. Send a JSON object.',
  },
  invalid_input: {
    status: 422,
    code: 'invalid_input',
    message: 'Some fields are missing or not valid; see errors.',
  },
  not_found: {
    status: 404,
    code: 'not_found',
    message: 'There is nothing at this path.',
  },
  method_not_allowed: {
    status: 405,
    code: 'method_not_allowed',
    message: 'This path does not answer this method; see the Allow header.',
  },
  database_unavailable: {
    status: 503,
    code: 'unavailable',
    message: 'The service is unavailable for the moment. Please try again.',
    retryAfterSeconds: 5,
  },
  schema_outdated: {
    status: 503,
    code: 'schema_outdated',
    message: 'The database lacks migrations of this version. Run `portcullis migrate`.',
    retryAfterSeconds: 30,
  },
  schema_too_new: {
    status: 503,
    code: 'schema_too_new',
    message: 'The database was migrated for a later version. Deploy that version.',
    retryAfterSeconds: 30,
  },
  signing_key_revoked: {
    status: 503,
    code: 'signing_key_revoked',
    message: 'The key that signs is revoked, so every new token is refused. Deploy new keys.',
    retryAfterSeconds: 30,
  },
  misconfigured: {
    status: 500,
    code: 'misconfigured',
    message: 'Settings of the service are missing or wrong. Its log names them.',
  },
  internal: {
    status: 500,
    code: 'internal',
    message: 'Something went wrong on our side.',
  },
} as const satisfies Record<Reason, Entry>

/** The answer for `reason` in `contract`. */
export function refusalFor(reason: Reason, contract: Contract): Refusal {
  const { standard, ...entry }: Entry = catalogue[reason]
  return contract === 'standard' ? { ...entry, ...standard } : entry
}
