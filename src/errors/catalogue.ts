// What a client hears for each reason: the one place with statuses, codes and sentences. `standard`
// is the second column (HTTP_CONTRACT=standard) and holds only what differs. docs/errors.md is
// generated from here.

import type { Reason } from './reasons.ts'
import { crossSiteRequest, type Entry, type Refusal, tokenRefusals } from './token-refusals.ts'

/**
 * Which of the two contracts the service speaks: the seed's, or one for applications that never
 * had its clients.
 */
export type Contract = 'classic' | 'standard'

const invalidJson = { status: 400, code: 'invalid_json', source: 'RFC 8259' } as const

/** Reason → what is answered. */
export const catalogue = {
  ...tokenRefusals,
  logout_token_missing: {
    code: tokenRefusals.token_missing.code,
    message: tokenRefusals.token_missing.message,
    status: 403,
    standard: tokenRefusals.token_missing,
    when: 'Logging out without an Authorization header.',
    source: 'contract; RFC 6750 §3',
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
  login_queue_full: {
    status: 503,
    code: 'unavailable',
    message: 'Too many logins at once. Try again in a second.',
    retryAfterSeconds: 1,
    when: 'Registering, logging in or giving the password again, while so many others do that the password would wait for more than a second to be hashed. Nothing was done.',
    source: 'RFC 9110 §15.6.4',
  },
  refresh_token_missing: {
    status: 401,
    code: 'refresh_token_missing',
    message: 'There is no refresh token. Please log in again.',
    challenge: 'bare',
    when: 'Refreshing without the cookie that carries the refresh token, where tokens travel in cookies.',
    source: 'RFC 6750 §3',
  },
  refresh_token_unmatched: {
    status: 401,
    code: 'refresh_token_unmatched',
    message: 'This refresh token is not of your session. Please log in again.',
    challenge: 'invalid_token',
    when: 'Tokens travel in cookies, and no refresh cookie belongs to the session of the access cookie, or there is no access cookie. Another subdomain may have set the one that came.',
    source: 'RFC 6265 §8.6',
  },
  refresh_token_invalid: {
    status: 401,
    code: 'refresh_token_invalid',
    message: 'Invalid refresh token. Please log in again.',
    challenge: 'invalid_token',
    when: 'The refresh token was not made by this service, or its session is long over.',
    source: 'RFC 6749 §5.2',
  },
  refresh_superseded: {
    status: 401,
    code: 'refresh_superseded',
    message: 'This refresh token was replaced a moment ago. Use the newest one.',
    challenge: 'invalid_token',
    when: 'A refresh token that is more than one behind, within the grace window of its replacement. Nobody is logged out; the client has a newer one, or is about to get it.',
    source: 'RFC 9700 §4.14.2',
  },
  refresh_too_frequent: {
    status: 429,
    code: 'too_many_requests',
    message: 'This session was refreshed too often. Try again in a minute.',
    retryAfterSeconds: 60,
    when: 'More than 60 refreshes of one session within a minute. The refresh token stays good.',
    source: 'RFC 6585 §4',
  },
  refresh_token_reused: {
    status: 401,
    code: 'refresh_token_reused',
    message:
      'This refresh token was used before, and its session has been ended. Please log in again.',
    challenge: 'invalid_token',
    when: 'A refresh token that was replaced longer ago than the grace window: somebody has a copy. Its session is revoked, with all of its tokens.',
    source: 'RFC 9700 §4.14.2',
  },
  session_revoked: {
    status: 401,
    code: 'session_revoked',
    message: 'This session was ended. Please log in again.',
    challenge: 'invalid_token',
    when: 'Refreshing a session that was logged out, here or from elsewhere, or whose account was disabled.',
    source: 'RFC 6749 §5.2',
  },
  session_expired: {
    status: 401,
    code: 'session_expired',
    message: 'This session has expired. Please log in again.',
    challenge: 'invalid_token',
    when: 'Refreshing a session that was idle for too long, or has reached its greatest age.',
    source: 'RFC 6749 §5.2; ASVS 7.3.1, 7.3.2',
  },
  session_unknown: {
    status: 404,
    code: 'session_unknown',
    message: 'You have no such session.',
    when: 'Ending a session that is over, was never, or is somebody else’s.',
    source: 'RFC 9110 §15.5.5',
  },
  password_wrong: {
    status: 403,
    code: 'password_wrong',
    message: 'The password is wrong.',
    when: 'Giving the password again: it is not the account’s.',
    source: 'RFC 9110 §15.5.4',
  },
  client_unknown: {
    status: 401,
    code: 'invalid_client',
    message: 'Unknown client, or wrong client secret.',
    challenge: 'basic',
    when: 'An OAuth endpoint was asked with credentials that are not in `OAUTH_CLIENTS`, or without any where they are needed.',
    source: 'RFC 6749 §5.2',
  },
  oauth_request_invalid: {
    status: 400,
    code: 'invalid_request',
    message:
      'Send a form (application/x-www-form-urlencoded) with one token, no parameter twice, and credentials in one way.',
    when: 'An OAuth endpoint was asked without a `token`, with a parameter twice, with something that is no form, or with credentials in two ways.',
    source: 'RFC 6749 §5.2',
  },
  cross_site_request: crossSiteRequest,
  body_too_large: {
    status: 413,
    code: 'body_too_large',
    message: 'The body is larger than 16 KiB.',
    when: 'The body is larger than 16 KiB, whether its length was announced or not.',
    source: 'RFC 9110 §15.5.14',
  },
  body_incomplete: {
    status: 408,
    code: 'body_incomplete',
    message: 'The body did not arrive within 10 seconds. Send the request again.',
    when: 'The body takes longer than 10 seconds to arrive, or the client stops sending it.',
    source: 'RFC 9110 §15.5.9',
  },
  unsupported_media_type: {
    status: 415,
    code: 'unsupported_media_type',
    message: 'The Content-Type is missing or not JSON. Send Content-Type: application/json.',
    when: 'There is a body, and its content type is not JSON.',
    source: 'RFC 9110 §15.5.16',
  },
  body_missing: {
    ...invalidJson,
    message: 'The body is empty. Send a JSON object.',
    when: 'The body is empty, and its route needs one.',
  },
  invalid_json: {
    ...invalidJson,
    message: 'The body is not JSON in UTF-8. Send a JSON object.',
    when: 'The body is not JSON, or not UTF-8.',
  },
  body_not_object: {
    ...invalidJson,
    message: 'The body is JSON, but not an object. Send a JSON object.',
    when: 'The body is a list, a string, a number, a boolean, or null.',
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
    message: 'The database lacks migrations of this version. Run `portcullis migrate`.',
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
  signing_key_revoked: {
    status: 503,
    code: 'signing_key_revoked',
    message: 'The key that signs is revoked, so every new token is refused. Deploy new keys.',
    retryAfterSeconds: 30,
    when: '`GET /ready` while the active key of `SIGNING_KEYS` is revoked, by `keys revoke` or `migrate --restored`.',
    source: 'docs/feed.md',
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

/** What to answer for `reason` in `contract`. */
export function refusalFor(reason: Reason, contract: Contract): Refusal {
  const { standard, ...entry }: Entry = catalogue[reason]
  return contract === 'standard' ? { ...entry, ...standard } : entry
}
