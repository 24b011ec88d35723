// Every refusal of the service, as a value. Domain and token functions return `Result<T, Reason>`.
// A throw means a bug or an outage. `catalogue.ts` defines what a client gets. A reason without an
// entry there does not compile.

/** A value, or the error that says why there is none. */
export type Result<T, E> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E }

/** The good outcome. */
export function succeed<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

/** The refusal. */
export function refuse<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error }
}

/** Why an Authorization header holds no bearer token (RFC 6750 §2.1). */
export type BearerReason = 'token_missing' | 'bearer_malformed'

/**
 * Why a token is not a valid access token, in the order of the checks. Clients can distinguish only
 * three cases: expired, revoked and invalid.
 */
export type TokenReason =
  | 'token_too_long'
  | 'token_not_canonical'
  | 'token_header_unacceptable'
  | 'token_signature_wrong'
  | 'token_claims_unacceptable'
  | 'token_issuer_wrong'
  | 'token_audience_wrong'
  | 'token_from_the_future'
  | 'token_expired'

/**
 * Why there is no key to verify a token. Either the set lacks the key that the token names, or the
 * set is not available. The second case says nothing about the token.
 */
export type KeyReason = 'token_key_unknown' | 'key_set_unavailable'

/**
 * Why a guard refuses a valid token. It was revoked, or the guard cannot know within its bound
 * whether it was.
 */
export type GateReason = 'token_revoked' | 'revocations_unavailable'

/** Why a valid token does not permit this: its user gave the password too long ago. */
type FreshnessReason = 'login_not_fresh'

/**
 * Why a guard does not permit this with a valid token. It lacks a role, or its user logged in too
 * long ago.
 */
type PermissionReason = 'role_missing' | FreshnessReason

/** Why a guard refuses a request. */
export type GuardReason =
  | BearerReason
  | TokenReason
  | KeyReason
  | GateReason
  | PermissionReason
  | 'cross_site_request'

/** Why the service refuses a valid access token. Only the database knows these reasons. */
export type RevocationReason = 'token_revoked' | 'account_gone'

/** Why the service refuses an access token. */
export type UserTokenReason = TokenReason | KeyReason | RevocationReason

/** Why a registration or a login is refused. */
type AccountReason =
  | 'email_taken'
  | 'registration_closed'
  | 'invalid_credentials'
  | 'email_unverified'

/** Why no password is hashed: too many passwords are waiting. */
export type QueueReason = 'login_queue_full'

/** Why no password is checked: too many wrong ones were given. */
type AttemptReason = 'too_many_attempts'

/** Why a request is refused before it is read: too many others came, from its address or at all. */
type RequestLimitReason = 'too_many_from_address' | 'too_many_at_once'

/** Why a token is not signed now: roles or generation changed again during signing. */
export type ChangeReason = 'account_changing'

/**
 * Why a page of the snapshot is not sent now: too many other pages are being sent, or were read.
 */
type SnapshotReason = 'snapshot_busy'

/**
 * Why a refresh token is not exchanged. After 'refresh_superseded', the client uses the newer
 * token. After 'refresh_too_frequent', the client tries the same token later. All other reasons
 * mean that the user must log in again.
 */
export type RefreshReason =
  | 'refresh_token_missing'
  | 'refresh_token_unmatched'
  | 'refresh_token_invalid'
  | 'refresh_superseded'
  | 'refresh_too_frequent'
  | 'refresh_token_reused'
  | 'session_revoked'
  | 'session_expired'

/** Why an action on a session is refused. */
type SessionReason = 'session_unknown' | 'password_wrong'

/** Why a code from a mail is refused, or why none is mailed. */
type CodeReason = 'code_wrong' | 'password_needed' | 'mail_off' | 'mail_refused'

/** Why an OAuth client is refused. */
export type ClientReason = 'client_unknown' | 'oauth_request_invalid'

/** Why a request is refused before it is processed. */
export type InputReason =
  | 'body_too_large'
  | 'body_incomplete'
  | 'unsupported_media_type'
  | 'body_missing'
  | 'invalid_json'
  | 'body_not_object'
  | 'invalid_input'
  | 'not_found'
  | 'method_not_allowed'
  | 'cross_site_request'

/** A field that does not fit, and a sentence for the person who filled it in. */
export interface FieldProblem {
  readonly field: string
  readonly message: string
}

/** Why well-formed input is refused all the same, field by field. */
export interface InvalidInput {
  readonly reason: 'invalid_input'
  readonly errors: readonly FieldProblem[]
}

/** Why the service cannot answer at all. */
type ServiceReason = 'database_unavailable' | ReadinessReason | 'misconfigured' | 'internal'

/** Why the service is not ready. */
export type ReadinessReason = 'schema_outdated' | 'schema_too_new' | 'signing_key_revoked'

/**
 * Every reason. `logout_token_missing` is `token_missing` at logout, where flask-jwt-auth answers
 * with another status.
 */
export type Reason =
  | BearerReason
  | 'logout_token_missing'
  | UserTokenReason
  | AccountReason
  | QueueReason
  | AttemptReason
  | RequestLimitReason
  | ChangeReason
  | SnapshotReason
  | RefreshReason
  | SessionReason
  | CodeReason
  | FreshnessReason
  | ClientReason
  | InputReason
  | ServiceReason
