// When each refusal happens, and the source of its answer, for docs/reference/errors.md. It is
// separate from the catalogue, because Workers and guards do not need it in their bundle.

import type { GuardReason, Reason } from './reasons.ts'

/** The text of docs/reference/errors.md about a refusal. */
interface Occasion {
  /** When it happens. */
  readonly when: string
  /** The source of the answer. */
  readonly source: string
}

/** Reason → the text of docs/reference/errors.md. */
export const occasions = {
  token_missing: {
    when: 'There is no Authorization header or, where tokens travel in cookies, no access cookie.',
    source: 'RFC 6750 §3',
  },
  bearer_malformed: {
    when: 'The Authorization header is not `Bearer <token>`.',
    source: 'RFC 6750 §2.1, §3.1',
  },
  token_too_long: {
    when: 'The token is longer than 4 KiB.',
    source: 'RFC 8725 §3.11',
  },
  token_not_canonical: {
    when: 'The token is not three segments of canonical base64url.',
    source: 'RFC 7515 §7.1, RFC 4648 §3.5',
  },
  token_header_unacceptable: {
    when: 'The header is not JSON, or names another algorithm, a type other than JWT, or critical extensions.',
    source: 'RFC 8725 §3.1, RFC 7515 §4.1.11',
  },
  token_signature_wrong: {
    when: 'The signature is not by a key of this service.',
    source: 'RFC 7515 §5.2',
  },
  token_key_unknown: {
    when: 'The token names a key that the issuer has not published, or none where it should.',
    source: 'RFC 7515 §4.1.4',
  },
  key_set_unavailable: {
    when: "A guard cannot get the issuer's key set. Its log says why, and what to do.",
    source: 'RFC 9110 §15.6.4',
  },
  token_claims_unacceptable: {
    when: 'The claims are not a JSON object in UTF-8, or one is missing or of the wrong type.',
    source: 'RFC 7519 §4.1',
  },
  token_issuer_wrong: {
    when: 'The token is of another issuer.',
    source: 'RFC 7519 §4.1.1, RFC 8725 §3.8',
  },
  token_audience_wrong: {
    when: 'The token is for another audience.',
    source: 'RFC 7519 §4.1.3, RFC 8725 §3.9',
  },
  token_from_the_future: {
    when: 'The token was issued, or begins to be valid, more than 60 s from now.',
    source: 'RFC 7519 §4.1.5, §4.1.6',
  },
  token_expired: {
    when: 'The token is genuine and has expired.',
    source: 'RFC 7519 §4.1.4',
  },
  token_revoked: {
    when: 'The token, its session, its generation or its signing key was revoked.',
    source: 'RFC 6750 §3.1',
  },
  account_gone: {
    when: 'The account of the token is disabled, or is no longer in the database.',
    source: 'contract',
  },
  logout_token_missing: {
    when: 'Logging out without an Authorization header.',
    source: 'contract; RFC 6750 §3',
  },
  email_taken: {
    when: 'The email has an account.',
    source: 'contract',
  },
  registration_closed: {
    when: 'Registering with `REGISTRATION=closed`. The database was not asked.',
    source: 'RFC 9110 §15.5.4',
  },
  invalid_credentials: {
    when: 'The email has no account, or the password is wrong. Both get the same answer, after the same work. Only a hash that has moved in from another system, or has a higher cost, may take another time.',
    source: 'contract; ASVS 6.3.8',
  },
  email_unverified: {
    when: 'Logging in with the right password, with `REQUIRE_VERIFIED_EMAIL=login`, while nobody has proved the email. A code was mailed, and `handle` is for it. Without `handle`, the email gets no mail now: there were five within an hour, or its provider refuses it.',
    source: 'RFC 9110 §15.5.4; ASVS 6.3.8',
  },
  login_queue_full: {
    when: 'Registering, logging in, or giving or changing the password while too many others do the same. The password would wait for more than a second to be hashed, or has waited for five. Nothing was done.',
    source: 'RFC 9110 §15.6.4',
  },
  too_many_attempts: {
    when: 'Logging in, or giving the password again to confirm or to change it, after too many wrong passwords for this email or session. The password is not checked, so a right one gets this answer, too. `Retry-After` says when the next attempt is let through: from a second to a day. It is the same whether the account exists or not.',
    source: 'RFC 6585 §4; NIST SP 800-63B-4 §3.2.2; ASVS 6.3.1',
  },
  too_many_from_address: {
    when: 'More registrations, logins or refreshes from one address within a minute than the settings allow. An IPv6 /64 counts as one address. Nothing was read. `Retry-After` is 60 s at most.',
    source: 'RFC 6585 §4',
  },
  too_many_at_once: {
    when: 'More checks or introspections within a second than one isolate or process can answer well: 1,000. The database was not asked.',
    source: 'RFC 9110 §15.6.4',
  },
  account_changing: {
    when: 'Roles or generation of the account changed twice while a token of it was signed, or once while its password was changed. Nothing was done: no session has begun, and password and refresh token stay good.',
    source: 'RFC 9110 §15.6.4',
  },
  snapshot_busy: {
    when: 'Reading a page of the snapshot while eight long pages are being sent, or while there are more pages than the service keeps. Guards check each token until they get one.',
    source: 'docs/reference/feed-format.md',
  },
  refresh_token_missing: {
    when: 'Refreshing without the refresh cookie, where tokens travel in cookies.',
    source: 'RFC 6750 §3',
  },
  refresh_token_unmatched: {
    when: 'Tokens travel in cookies. No refresh cookie belongs to the session of the access cookie, or there is no access cookie. Another subdomain may have set the refresh cookie.',
    source: 'RFC 6265 §8.6',
  },
  refresh_token_invalid: {
    when: 'The refresh token was not made by this service, or its session is long over.',
    source: 'RFC 6749 §5.2',
  },
  refresh_superseded: {
    when: 'The refresh token is more than one behind, and within the grace window. Nobody is logged out. The client has a newer one, or is about to get it.',
    source: 'RFC 9700 §4.14.2',
  },
  refresh_too_frequent: {
    when: 'More than 60 refreshes of one session within a minute. The refresh token stays good.',
    source: 'RFC 6585 §4',
  },
  refresh_token_reused: {
    when: 'The refresh token was replaced longer ago than the grace window: somebody has a copy. Its session is revoked, with all of its tokens. From three windows on this is certain.',
    source: 'RFC 9700 §4.14.2',
  },
  session_revoked: {
    when: 'Refreshing a session that was logged out, or whose account was disabled.',
    source: 'RFC 6749 §5.2',
  },
  session_expired: {
    when: 'Refreshing a session that was idle for too long, or has reached its greatest age.',
    source: 'RFC 6749 §5.2; ASVS 7.3.1, 7.3.2',
  },
  session_unknown: {
    when: 'Ending a session that is over, never was, or belongs to another account.',
    source: 'RFC 9110 §15.5.5',
  },
  password_wrong: {
    when: 'Giving the password again, to confirm or to change it: it is wrong.',
    source: 'RFC 9110 §15.5.4',
  },
  code_wrong: {
    when: 'A code or the token of a link is wrong, for another purpose, used, or expired. The same after five wrong codes with one handle, with the handle of an email without an account, and if the account has another email or password by now. Nothing was done.',
    source: 'ASVS 6.5.1, 6.5.5; 6.3.8',
  },
  password_needed: {
    when: 'Proving an email for the first time, or changing it, by a link alone. A link does not show who has set the password. So the client sends a device token or the password along. The code stays good.',
    source: 'ASVS 6.3.8; CWE-287',
  },
  mail_refused: {
    when: 'A session asks for a code, but the email gets no mail now. It has had five codes within an hour, or its provider refuses its mail for good. At a change of the email: the account has asked five times within an hour.',
    source: 'RFC 6585 §4',
  },
  mail_off: {
    when: 'Asking for a code by mail, with `MAILER=none`.',
    source: 'RFC 9110 §15.5.5',
  },
  client_unknown: {
    when: 'An OAuth endpoint was asked with credentials that are not in `OAUTH_CLIENTS`, or without any where they are needed.',
    source: 'RFC 6749 §5.2',
  },
  oauth_request_invalid: {
    when: 'An OAuth endpoint was asked without a `token`, with a parameter twice, with something that is no form, or with credentials in two ways.',
    source: 'RFC 6749 §5.2',
  },
  cross_site_request: {
    when: 'Tokens travel in cookies. A request that changes something came from a page of another origin, or it has no origin and is not JSON.',
    source: 'ASVS 3.5.1',
  },
  body_too_large: {
    when: 'The body is larger than 16 KiB, whether its length was announced or not.',
    source: 'RFC 9110 §15.5.14',
  },
  body_incomplete: {
    when: 'The body takes longer than 10 seconds to arrive, or the client stops sending it.',
    source: 'RFC 9110 §15.5.9',
  },
  unsupported_media_type: {
    when: 'There is a body, and its content type is not JSON.',
    source: 'RFC 9110 §15.5.16',
  },
  body_missing: {
    when: 'The body is empty, and its route needs one.',
    source: 'RFC 8259',
  },
  invalid_json: {
    when: 'The body is not JSON, or not UTF-8.',
    source: 'RFC 8259',
  },
  body_not_object: {
    when: 'The body is a list, a string, a number, a boolean, or null.',
    source: 'RFC 8259',
  },
  invalid_input: {
    when: 'A field is missing, of the wrong type or length, or a password that is refused; `errors` lists all of them.',
    source: 'RFC 9110 §15.5.21',
  },
  not_found: {
    when: 'The path is unknown.',
    source: 'RFC 9110 §15.5.5',
  },
  method_not_allowed: {
    when: 'The path is known, with other methods.',
    source: 'RFC 9110 §15.5.6',
  },
  database_unavailable: {
    when: 'The database cannot be reached, or answers nonsense, within the time limit.',
    source: 'RFC 9110 §15.6.4',
  },
  schema_outdated: {
    when: '`GET /ready` on a database that was not migrated.',
    source: 'docs/explain/storage.md',
  },
  schema_too_new: {
    when: '`GET /ready` on a database that a much later version has migrated.',
    source: 'docs/explain/storage.md',
  },
  signing_key_revoked: {
    when: '`GET /ready` while the active key of `SIGNING_KEYS` is revoked, by `keys revoke` or `migrate --restored`.',
    source: 'docs/operate/key-compromise.md',
  },
  misconfigured: {
    when: 'Settings are missing or wrong: the service refuses to work, and its log names them.',
    source: 'docs/reference/settings.md',
  },
  internal: {
    when: 'A bug, or a claims hook that failed. The request id finds it in the log.',
    source: 'RFC 9110 §15.6.1',
  },
  role_missing: {
    when: 'The token is good, and its account lacks the role that `requireRole` asks for.',
    source: 'RFC 6750 §3.1',
  },
  login_not_fresh: {
    when: 'The token is good, but its user logged in or gave the password too long ago. A guard allows as long as `requireFreshLogin` says. Changing the email, deleting the account, and changing the password without the old one allow 300 s. They also refuse a refresh token that is used up. `max_age` in the challenge says how long is allowed, in seconds.',
    source: 'RFC 9470 §3',
  },
  revocations_unavailable: {
    when: 'A guard cannot know within its bound whether the token was revoked; its log says why, and what to do.',
    source: 'docs/explain/bound.md',
  },
} as const satisfies Record<Reason | GuardReason, Occasion>
