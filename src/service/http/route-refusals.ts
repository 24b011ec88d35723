// Why a route refuses, in addition to its own reasons: for what it takes, and for what it needs.
// The types are for the handlers, and the values for documents and tests.

import type { Reason } from '../../errors/reasons.ts'
import type { Credential } from './credentials.ts'

/** Why an access token can be refused, if one is presented. */
const accessTokenRefusals = [
  'bearer_malformed',
  'token_too_long',
  'token_not_canonical',
  'token_header_unacceptable',
  'token_key_unknown',
  'key_set_unavailable',
  'token_signature_wrong',
  'token_claims_unacceptable',
  'token_issuer_wrong',
  'token_audience_wrong',
  'token_from_the_future',
  'token_expired',
  'token_revoked',
  'account_gone',
] as const satisfies readonly Reason[]

/** Credential → why it is refused. */
export const credentialRefusals = {
  none: [],
  access_token: ['token_missing', ...accessTokenRefusals],
  session_tokens: ['logout_token_missing', ...accessTokenRefusals],
  refresh_token: [
    'refresh_token_missing',
    'refresh_token_unmatched',
    'refresh_token_invalid',
    'refresh_superseded',
    'refresh_token_reused',
    'session_revoked',
    'session_expired',
  ],
  oauth_client: ['oauth_request_invalid', 'client_unknown', 'key_set_unavailable'],
  oauth_client_if_any: ['oauth_request_invalid', 'client_unknown', 'key_set_unavailable'],
} as const satisfies Record<Credential, readonly Reason[]>

/** What a route limits. See request-limits.ts, and for passwords the hash queue and attempts. */
export type LimitClass =
  | 'none'
  | 'register'
  | 'login'
  | 'password'
  | 'refresh'
  | 'mail'
  | 'code'
  | 'check'
  | 'introspect'

/** Limits → why they refuse. */
export const limitRefusals = {
  none: [],
  register: ['login_queue_full', 'too_many_from_address'],
  login: ['login_queue_full', 'too_many_attempts', 'too_many_from_address'],
  password: ['login_queue_full', 'too_many_attempts', 'too_many_from_address'],
  refresh: ['refresh_too_frequent', 'too_many_from_address'],
  mail: ['too_many_from_address'],
  code: ['too_many_from_address'],
  check: ['too_many_at_once'],
  introspect: ['too_many_at_once'],
} as const satisfies Record<LimitClass, readonly Reason[]>

/** Why a handler refuses the credential of its route. */
export type CredentialReason<C extends Credential> = (typeof credentialRefusals)[C][number]
/** Why a handler refuses for a limit. */
export type LimitReason<L extends LimitClass> = (typeof limitRefusals)[L][number]
