// The schemas of the bodies of successes. Nothing is checked against them at run time. The OpenAPI
// document is composed from them, and the tests check real answers against that document.

import * as v from 'valibot'
import type { RouteName } from './prose.ts'

const success = { status: v.literal('success'), message: v.string() }
const integer = v.pipe(v.number(), v.integer())
const instant = v.pipe(v.string(), v.isoTimestamp())
const nullableString = v.nullable(v.string())

/** A success without data. */
const message = v.object(success)

/** A request for a code. */
const messageAndHandle = v.object({ ...success, handle: v.string() })

/** The same, or that no code is needed. */
const messageAndPerhapsHandle = v.object({ ...success, handle: v.optional(v.string()) })

/** Whether the password from before is gone. */
const emailProof = v.object({ ...success, password_removed: v.boolean() })

/** A success, with this version. */
const messageAndVersion = v.object({ ...success, version: v.string() })

/** Tokens (RFC 6749 §5.1); a device token after a login. With cookies, only `expires_in`. */
const tokens = v.object({
  ...success,
  auth_token: v.optional(v.string()),
  refresh_token: v.optional(v.string()),
  device_token: v.optional(v.string()),
  token_type: v.optional(v.literal('Bearer')),
  expires_in: integer,
})

/**
 * A success. Has tokens where a refresh token was presented as well. Otherwise says whether the
 * caller's own session has also ended.
 */
const messageOrTokens = v.object({
  ...tokens.entries,
  expires_in: v.optional(integer),
  session_ended: v.optional(v.boolean()),
})

/** A success, with as many of the tokens as the caller is entitled to. */
const messageAndTokens = v.object({ ...tokens.entries, expires_in: v.optional(integer) })

/** Only where the deletion of the account was planned. */
const kept = { deletion_cancelled: v.optional(v.literal(true)) }

/** As many of the tokens as the caller is entitled to, and whether the account is kept. */
const passwordReset = v.object({ ...messageAndTokens.entries, ...kept })

/** When the account will be deleted, unless it is. */
const deletion = v.object({ ...success, deletes_on: v.optional(instant) })

/** Tokens, and whether the email gets no mail. */
const login = v.object({
  ...tokens.entries,
  email_undeliverable: v.optional(v.literal(true)),
  ...kept,
})

/** Tokens, and whether the password from before is gone. */
const codeLogin = v.object({ ...tokens.entries, password_removed: v.boolean(), ...kept })

/** An account. */
const account = v.object({
  status: success.status,
  data: v.object({
    user_id: integer,
    email: v.string(),
    email_verified: v.boolean(),
    admin: v.boolean(),
    roles: v.array(v.string()),
    language: nullableString,
    registered_on: instant,
  }),
})

/** The live sessions of an account. */
const sessionList = v.object({
  status: success.status,
  data: v.object({
    sessions: v.array(
      v.object({
        id: v.string(),
        current: v.boolean(),
        device: nullableString,
        address: nullableString,
        created_at: instant,
        refreshed_at: instant,
        expires_at: instant,
      }),
    ),
  }),
})

/** A page of the events of an account. */
const eventList = v.object({
  status: success.status,
  data: v.object({
    events: v.array(
      v.object({
        id: integer,
        event: v.string(),
        outcome: v.string(),
        at: instant,
        session_id: nullableString,
        current: v.boolean(),
        device: nullableString,
        address: nullableString,
      }),
    ),
    next: v.nullable(integer),
  }),
})

/** What is stored of an account. */
const accountExport = v.object({
  status: success.status,
  data: v.object({
    account: v.object({
      ...account.entries.data.entries,
      password_set: v.boolean(),
      deletes_on: v.nullable(instant),
    }),
    sessions: sessionList.entries.data.entries.sessions,
    events: eventList.entries.data.entries.events,
    next_events: v.nullable(integer),
    mails: v.array(
      v.object({
        kind: v.string(),
        address: v.string(),
        device: nullableString,
        queued_on: instant,
        sent_on: v.nullable(instant),
      }),
    ),
    codes: v.array(
      v.object({
        purpose: v.string(),
        created_on: instant,
        expires_on: instant,
        used_on: v.nullable(instant),
      }),
    ),
  }),
})

/** Which of the ids are revoked, in the feed's own format. */
const checkedIds = v.object({
  version: integer,
  now_ms: integer,
  revoked: v.array(v.string()),
  nonce: v.optional(v.string()),
})

/**
 * The claims of a token and of the application, or that the token is not active (RFC 7662 §2.2).
 */
const introspection = v.looseObject({
  active: v.boolean(),
  token_type: v.optional(v.literal('Bearer')),
  iss: v.optional(v.string()),
  aud: v.optional(v.string()),
  sub: v.optional(v.string()),
  sid: v.optional(v.string()),
  jti: v.optional(v.string()),
  gen: v.optional(v.string()),
  roles: v.optional(v.array(v.string())),
  auth_time: v.optional(integer),
  iat: v.optional(integer),
  exp: v.optional(integer),
})

/** A JWK Set (RFC 7517 §5) with public keys. */
const keySet = v.object({
  keys: v.array(
    v.object({
      kid: v.string(),
      alg: v.string(),
      kty: v.string(),
      crv: v.string(),
      x: v.string(),
      y: v.optional(v.string()),
      use: v.literal('sig'),
    }),
  ),
})

/** The metadata of the service (RFC 8414 §2). */
const metadata = v.object({
  issuer: v.string(),
  jwks_uri: v.string(),
  response_types_supported: v.array(v.string()),
  grant_types_supported: v.array(v.string()),
  revocation_endpoint: v.string(),
  revocation_endpoint_auth_methods_supported: v.array(v.string()),
  introspection_endpoint: v.string(),
  introspection_endpoint_auth_methods_supported: v.array(v.string()),
})

/** An OpenAPI document. */
const openApi = v.looseObject({ openapi: v.string() })

/** The schema of a body. Its media type where the body is not JSON. */
export type Answer = v.GenericSchema | 'text/plain' | 'empty'

/** Route → the body of its success. */
export const answerOf: Readonly<Record<RouteName, Answer>> = {
  register: tokens,
  login,
  status: account,
  user: account,
  forgotPassword: messageAndHandle,
  resetPassword: passwordReset,
  emailCode: messageAndHandle,
  loginByCode: codeLogin,
  requestVerification: messageAndPerhapsHandle,
  verifyEmail: emailProof,
  changeEmail: messageAndHandle,
  confirmEmail: messageAndTokens,
  undoEmailChange: messageAndHandle,
  acceptInvitation: tokens,
  changePassword: messageAndTokens,
  refresh: tokens,
  listSessions: sessionList,
  endSession: message,
  listEvents: eventList,
  exportAccount: accountExport,
  deleteAccount: deletion,
  setLanguage: account,
  logout: message,
  logoutEverywhere: messageOrTokens,
  reauthenticate: tokens,
  revokeToken: 'empty',
  introspectToken: introspection,
  feedSegment: 'text/plain',
  feedSnapshot: 'text/plain',
  checkRevocations: checkedIds,
  health: messageAndVersion,
  ready: messageAndVersion,
  keySet,
  metadata,
  openapi: openApi,
}

/** The schemas by their names in the document. */
export const answerSchemas: Readonly<Record<string, v.GenericSchema>> = {
  Message: message,
  MessageAndHandle: messageAndHandle,
  MessageAndPerhapsHandle: messageAndPerhapsHandle,
  EmailProof: emailProof,
  MessageAndVersion: messageAndVersion,
  Tokens: tokens,
  MessageOrTokens: messageOrTokens,
  MessageAndTokens: messageAndTokens,
  PasswordReset: passwordReset,
  Deletion: deletion,
  Login: login,
  CodeLogin: codeLogin,
  Account: account,
  SessionList: sessionList,
  EventList: eventList,
  AccountExport: accountExport,
  CheckedIds: checkedIds,
  Introspection: introspection,
  KeySet: keySet,
  Metadata: metadata,
  OpenApi: openApi,
}

/** Whether a success may carry tokens. */
export function mayCarryTokens(answer: Answer): boolean {
  return [tokens, messageOrTokens, messageAndTokens, passwordReset, login, codeLogin].some(
    (one) => one === answer,
  )
}
