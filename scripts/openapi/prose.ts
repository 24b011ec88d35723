// The texts about each route, and examples of requests and answers. The rest of the OpenAPI
// document follows from the routes.

import { emailRule } from '../../src/service/domain/identity/email.ts'
import { passwordRule } from '../../src/service/domain/identity/identity.ts'
import type { routeFamilies } from '../../src/service/routes/routes.ts'
import {
  accessToken,
  accountAnswer,
  accountData,
  codeHandle,
  codeOnItsWay,
  credentials,
  feedAnswer,
  issued,
  loggedIn,
  refreshToken,
  sessionId,
  success,
} from './example-answers.ts'

/** The names of all routes. */
export type RouteName = (typeof routeFamilies)[number]['routes'][number]['name']

/** The words for one route. */
export interface RouteProse {
  readonly tag: 'Accounts' | 'Sessions' | 'OAuth' | 'Revocation feed' | 'Public documents'
  /** What the route does, for tables. */
  readonly summary: string
  readonly description?: string
  /** Parameter of the path or the query → its meaning. */
  readonly parameters?: Readonly<Record<string, string>>
  /** An example of the body, or of the form. */
  readonly request?: object
  /** Member of the body → what JSON Schema cannot say about it. */
  readonly members?: Readonly<Record<string, string>>
  /** An example of the success. */
  readonly answer: unknown
  /** An example of a success that is done by mail: 202. */
  readonly accepted?: object
}

const feedParameters = {
  nonce:
    'An opaque id of 16 characters of base64url. The answer repeats it, and no cache keeps that answer.',
}

const codeMembers = {
  token: 'The `token` of the link in the mail, in place of handle and code.',
  handle: 'The handle that the request for the code was answered with.',
  code: 'The code of the mail. Case, spaces and hyphens do not count.',
}

const samePersonMembers = {
  password: 'The password of the account.',
  device_token:
    'The device_token of the last login on this device. With cookies, the browser sends it.',
}

/** Route → its words. */
export const prose: Readonly<Record<RouteName, RouteProse>> = {
  register: {
    tag: 'Accounts',
    summary: 'Makes an account, and begins its first session.',
    description:
      'With `REGISTRATION=neutral`, and with `REQUIRE_VERIFIED_EMAIL=login`, no session begins. The answer is 202 with a `handle`, and the code for `POST /auth/verify-email` goes by mail. With `REGISTRATION=neutral` the answer is the same for an email that has an account. Then a mail tells its owner.',
    request: credentials,
    members: {
      email: emailRule,
      password: `${passwordRule} It must have at least as many characters as PASSWORD_POLICY says: 8 by default. Refused are the commonest passwords, what repeats itself or is an order of characters, and what is made of the email or the service's name. So is what was in a data breach, if the service asks.`,
    },
    answer: success({ message: 'Successfully registered.', ...loggedIn }),
    accepted: success({ message: 'Check your email.', handle: codeHandle }),
  },
  login: {
    tag: 'Accounts',
    summary: 'Begins a session of an account.',
    description:
      'An unknown email and a wrong password get the same answer, after the same work. Accounts whose hash has moved in from another system, or has a higher cost, may take another time. What cannot be an email or a password is not an account. After too many wrong passwords, no password is checked for some time. Send the `device_token` of the last login along: then strangers who guess passwords cannot keep this device out. With `REQUIRE_VERIFIED_EMAIL=login`, an email that nobody has proved is refused after the password was right. A code goes by mail, and the refusal has its `handle`. With `email_undeliverable`, the provider of the email refuses its mail: the user should check it. With `deletion_cancelled`, the account was to be deleted, and is not any more.',
    request: credentials,
    members: {
      device_token:
        'The device_token of the last login on this device. With cookies, the browser sends it.',
    },
    answer: success({ message: 'Successfully logged in.', ...loggedIn }),
  },
  status: {
    tag: 'Accounts',
    summary: 'Tells whose the access token is.',
    answer: accountAnswer,
  },
  user: {
    tag: 'Accounts',
    summary: 'The same as the status, under the second path of flask-jwt-auth.',
    answer: accountAnswer,
  },
  forgotPassword: {
    tag: 'Accounts',
    summary: 'Mails a code and a link for a new password.',
    description:
      'The answer is the same for every email, and takes the same time. If the email has an account, a mail is sent to it: at most five mails with codes in an hour. Keep the `handle`: it belongs to the code. Whoever asks again within half of the life of a code gets the same code by mail, and a handle of its own.',
    request: { email: credentials.email },
    members: { email: 'The email of the account, as it was registered or in another case.' },
    answer: codeOnItsWay,
  },
  resetPassword: {
    tag: 'Accounts',
    summary: 'Changes the password by a code from a mail, and ends all sessions.',
    description:
      'Send `handle` and `code`, or the `token` of the link. The code is good for 10 minutes, and the link for an hour. Each handle has five tries. The code is used once. All sessions, access tokens and device tokens of the account end, and a mail tells its owner. The new `device_token` is for the login that follows.',
    request: { handle: codeHandle, code: '7K2M-9XQD', new_password: 'staple battery horse' },
    members: {
      new_password: `${passwordRule} It must have at least as many characters as PASSWORD_MIN_LENGTH says: 8 by default.`,
      ...codeMembers,
    },
    answer: success({
      message: 'Password changed. Please log in.',
      device_token: loggedIn.device_token,
    }),
  },
  emailCode: {
    tag: 'Accounts',
    summary: 'Mails a code to log in with.',
    description:
      'As for a forgotten password. The code is for `POST /auth/login-by-code`. Neither needs a password hash.',
    request: { email: credentials.email },
    members: { email: 'The email of the account, as it was registered or in another case.' },
    answer: codeOnItsWay,
  },
  loginByCode: {
    tag: 'Accounts',
    summary: 'Begins a session by a code from a mail.',
    description:
      'Send `handle` and `code`, or the `token` of the link. Both are good for 10 minutes. The code proves the email. If nobody had proved it before, a stranger may have registered it. So the password, the sessions and the tokens from before end then, and `password_removed` is true. They stay if the client sends a `device_token` of the account.',
    request: { handle: codeHandle, code: '7K2M-9XQD' },
    members: {
      ...codeMembers,
      device_token:
        'The device_token of the last login on this device. With cookies, the browser sends it.',
    },
    answer: success({
      message: 'Successfully logged in.',
      ...loggedIn,
      password_removed: false,
    }),
  },
  requestVerification: {
    tag: 'Accounts',
    summary: 'Mails a code that proves the email of the account.',
    description:
      'The `handle` shows later that a session of the account has asked. If the email is proved already, no mail is sent, and the answer has no `handle`.',
    answer: success({ message: 'Check your email.', handle: codeHandle }),
  },
  verifyEmail: {
    tag: 'Accounts',
    summary: 'Proves the email of the account by a code.',
    description:
      'Send `handle` and `code`, or the `token` of the link. Whoever reads the mails of an email need not be the one who has registered it. So the password stays only if something shows that it is the same person. That is the handle of `POST /auth/email-verification`, of a registration or of a refused login. It may also be a `device_token` of the account, or its `password`. Otherwise the answer is `password_needed`. With `remove_password` the email is proved in any case. The password, the sessions and the tokens from before end. Then `password_removed` is true.',
    request: { handle: codeHandle, code: '7K2M-9XQD' },
    members: {
      ...codeMembers,
      ...samePersonMembers,
      remove_password:
        'Whether the password of the account may end, if nothing shows whose it is. Default: false.',
    },
    answer: success({ message: 'Email is verified.', password_removed: false }),
  },
  changeEmail: {
    tag: 'Accounts',
    summary: 'Mails a code to a new email for the account.',
    description:
      'The session must have begun, or have given its password again, at most 300 seconds ago. Its refresh token must not be used up. The answer is the same if the email belongs to another account: then its owner gets a mail without a code. An account can ask five times an hour, and an email gets five mails an hour. Nothing changes before `POST /auth/confirm-email`.',
    request: { new_email: 'ada@example.net', refresh_token: refreshToken },
    members: {
      new_email: emailRule,
      refresh_token: 'The refresh token of this session. With cookies, the browser sends it.',
    },
    answer: success({ message: 'Check the new email.', handle: codeHandle }),
  },
  confirmEmail: {
    tag: 'Accounts',
    summary: 'Changes the email of the account by a code from a mail.',
    description:
      'Send `handle` and `code`, or the `token` of the link. Both are good for 10 minutes. A link alone is not enough: send the `password` of the account, or a `device_token`. The new email is proved. Sessions and tokens go on. Device tokens are for the old email, so there is a new one. The old email gets a mail with a link that takes the change back within 72 hours.',
    request: { handle: codeHandle, code: '7K2M-9XQD' },
    members: { ...codeMembers, ...samePersonMembers },
    answer: success({ message: 'Email changed.', device_token: loggedIn.device_token }),
  },
  undoEmailChange: {
    tag: 'Accounts',
    summary: 'Gives the account its old email back, and ends all sessions.',
    description:
      'The `token` is in the mail that the old email got. It holds for 72 hours, whatever else was changed meanwhile. The password, all sessions, access tokens and device tokens end. A code for a new password is mailed to the old email: send it with the `handle` to `POST /auth/reset-password`. The links that undo later changes are void.',
    request: { token: 'Hb6tLw0Rk9Zx2QcV.4pXvN0yHq1kTz8sWbR3mJc6dLf9aUe2iGo5nYtVxKwE' },
    members: { token: 'The `token` of the link in the mail.' },
    answer: success({
      message: 'The old email is back. Check it for a code, and set a new password.',
      handle: codeHandle,
    }),
  },
  acceptInvitation: {
    tag: 'Accounts',
    summary: 'Sets the password of an invited account, and begins a session.',
    description:
      'An administrator invites people with `portcullis users invite`, which mails a link. Send its `token` and a password. The link is good for an hour, and is used once. It proves the email, so a session begins at once. A refused password leaves the link as it is.',
    request: { token: `${codeHandle}.${'A'.repeat(43)}`, password: credentials.password },
    members: {
      token: 'The token of the link in the mail.',
      password: `${passwordRule} It must have at least as many characters as PASSWORD_MIN_LENGTH says: 8 by default.`,
    },
    answer: success({ message: 'Invitation accepted.', ...loggedIn }),
  },
  changePassword: {
    tag: 'Accounts',
    summary: 'Changes the password of the account, and ends its other sessions.',
    description:
      'Give the old password. Or give the refresh token of the session, if its login was at most 300 seconds ago. All access tokens and device tokens end in any case. The session of the caller goes on. With the old password, the answer has a new access token. With the refresh token, it has both tokens. A refresh token that is used up is no proof, and gives no tokens, as soon as its grace window is over. With the old password, one that was replaced long ago also ends its session, as at a refresh.',
    request: {
      new_password: 'staple battery horse',
      password: credentials.password,
      refresh_token: refreshToken,
    },
    members: {
      new_password: `${passwordRule} It must have at least as many characters as PASSWORD_MIN_LENGTH says: 8 by default. It must not be the old one.`,
      password: 'The old password. Without it, the login must be fresh.',
      refresh_token: 'The refresh token of this session. With cookies, the browser sends it.',
      keep_sessions:
        'Whether the other sessions go on. They need a new access token all the same. Default: false.',
    },
    answer: success({ message: 'Password changed.', ...loggedIn }),
  },
  exportAccount: {
    tag: 'Accounts',
    summary: 'Gives everything personal that is stored of the account.',
    description:
      'A file for its owner (GDPR articles 15 and 20). The `events` are the newest 1,000. If there are more, ask for them by `GET /auth/events?before=` with the value of `next_events`. Mails and codes are those that are still kept. Secrets are left out.',
    answer: success({
      data: {
        account: {
          ...accountData,
          password_set: true,
          deletes_on: null,
        },
        sessions: [],
        events: [],
        next_events: null,
        mails: [
          {
            kind: 'password_changed',
            address: credentials.email,
            device: 'Firefox on Windows',
            queued_on: '2026-11-01T09:30:00.000Z',
            sent_on: '2026-11-01T09:30:01.000Z',
          },
        ],
        codes: [],
      },
    }),
  },
  deleteAccount: {
    tag: 'Accounts',
    summary: 'Deletes the account some days later, and ends its sessions at once.',
    description:
      'Needs the refresh token of a session whose login was at most 300 seconds ago. `deletes_on` says when the account is deleted. ACCOUNT_DELETION_DAYS says how many days that is: 14 by default. A login before that keeps the account, and so does a new password by a code. The answer to it has `deletion_cancelled`. With 0 days the account is deleted at once, and there is no `deletes_on`.',
    request: { refresh_token: refreshToken },
    members: {
      refresh_token: 'The refresh token of this session. With cookies, the browser sends it.',
    },
    answer: success({
      message: 'Your account will be deleted.',
      deletes_on: '2026-11-15T09:30:00.000Z',
    }),
  },
  setLanguage: {
    tag: 'Accounts',
    summary: 'Sets the language of the mails to the account.',
    description:
      'With null, each mail is in the language of the request that causes it (`Accept-Language`).',
    request: { language: 'de' },
    members: { language: 'A language of the mails, or null.' },
    answer: success({ data: { ...accountData, language: 'de' } }),
  },
  refresh: {
    tag: 'Sessions',
    summary: 'Exchanges the refresh token for new tokens.',
    description:
      'The refresh token is used up. Within the grace window it gives the same new one again. After that it may count as stolen, and from three windows on it always does: its session ends.',
    request: { refresh_token: refreshToken },
    answer: success({ message: 'Successfully refreshed.', ...issued }),
  },
  listSessions: {
    tag: 'Sessions',
    summary: 'Lists the living sessions of the account: the 100 that were used last.',
    answer: success({
      data: {
        sessions: [
          {
            id: sessionId,
            current: true,
            device: 'Firefox on Windows',
            address: null,
            created_at: '2026-11-01T09:30:00.000Z',
            refreshed_at: '2026-11-02T08:00:00.000Z',
            expires_at: '2026-12-02T08:00:00.000Z',
          },
        ],
      },
    }),
  },
  endSession: {
    tag: 'Sessions',
    summary: 'Ends one session of the account, with all of its tokens.',
    parameters: { id: 'The id of the session, as the list of sessions has it.' },
    answer: success({ message: 'Session ended.' }),
  },
  listEvents: {
    tag: 'Accounts',
    summary: 'Lists what happened to the account, newest first.',
    description:
      'An `event` has the name of an operation of this document, or of an administrator’s command. Its `outcome` is `success`, `failed`, or the reason of a refusal. The outcome `failed` is a password that led to nothing: mostly a wrong one. The members `device` and `address` are null where they are not kept any more. Ask for the next page with `?before=` and the value of `next`, until that is null. `?limit=` is from 1 to 100, and 50 by default.',
    parameters: {
      before: 'Only events older than the one with this id.',
      limit: 'How many events at most: 50 by default.',
    },
    answer: success({
      data: {
        events: [
          {
            id: 1_207,
            event: 'login',
            outcome: 'success',
            at: '2026-11-02T08:00:00.000Z',
            session_id: sessionId,
            current: true,
            device: 'Firefox on Windows',
            address: null,
          },
        ],
        next: 1_207,
      },
    }),
  },
  logout: {
    tag: 'Sessions',
    summary: 'Ends the session of the token, with all of its tokens.',
    description:
      'Where tokens travel in cookies, an access token that has expired will do, and so will the refresh cookie. The request must then say `Content-Type: application/json`.',
    answer: success({ message: 'Successfully logged out.' }),
  },
  logoutEverywhere: {
    tag: 'Sessions',
    summary: 'Ends all sessions of the account.',
    description:
      'With `keep_current` the session of the caller goes on. All access tokens end in any case. Send the refresh token of the session as well, and the answer has new tokens. The third such request in a minute ends the session of the caller, too. So does a refresh token that was replaced long ago. An answer without tokens says in `session_ended` whether it has ended.',
    request: { keep_current: true, refresh_token: refreshToken },
    answer: success({ message: 'Successfully logged out everywhere.', ...issued }),
  },
  reauthenticate: {
    tag: 'Sessions',
    summary: 'Checks the password again: the new access token says when that was.',
    request: { password: credentials.password },
    answer: success({
      message: 'Successfully reauthenticated.',
      auth_token: accessToken,
      token_type: 'Bearer',
      expires_in: 900,
    }),
  },
  revokeToken: {
    tag: 'OAuth',
    summary: 'Revokes an access token or a refresh token (RFC 7009).',
    description:
      'A token that is unknown or already dead is answered with 200 as well. A refresh token ends its session.',
    request: { token: refreshToken },
    answer: undefined,
  },
  introspectToken: {
    tag: 'OAuth',
    summary: 'Tells whether an access token is active, and what it says (RFC 7662).',
    request: { token: accessToken },
    answer: {
      active: true,
      token_type: 'Bearer',
      iss: 'https://auth.example.com',
      aud: 'https://api.example.com',
      sub: '1',
      sid: sessionId,
      jti: 'T3mVb9Qy1LcWx7Ze',
      gen: 'Gk4Ns0Rf8HjPd2Ua',
      roles: [],
      auth_time: 1_793_000_000,
      iat: 1_793_000_000,
      exp: 1_793_000_900,
    },
  },
  feedSegment: {
    tag: 'Revocation feed',
    summary: 'One segment of the revocations: 1,000 places in their order.',
    description: 'With `follow` the answer goes on, with a frame for all that is new.',
    parameters: {
      segment: 'The number of the segment, from 0 on.',
      ...feedParameters,
      follow:
        'For how many seconds to go on: a stream of frames, each of them a page. Needs a nonce.',
      beat_ms: 'The longest pause between two frames, in milliseconds. Default 3000.',
      after: 'The place up to which everything is known. Default: the end of the segment before.',
      epoch: 'The history that is known. Default: the current one.',
    },
    answer: feedAnswer,
  },
  feedSnapshot: {
    tag: 'Revocation feed',
    summary: 'One page of all revocations: 400,000 places in their order.',
    parameters: { page: 'The number of the page, from 0 on.', ...feedParameters },
    answer: feedAnswer,
  },
  checkRevocations: {
    tag: 'Revocation feed',
    summary: 'Tells which of the ids are revoked at this moment.',
    request: { ids: [sessionId], nonce: 'T3mVb9Qy1LcWx7Ze' },
    answer: {
      version: 1,
      now_ms: 1_793_000_000_000,
      revoked: [sessionId],
      nonce: 'T3mVb9Qy1LcWx7Ze',
    },
  },
  health: {
    tag: 'Public documents',
    summary: 'Answers while the process lives. Asks nobody.',
    answer: success({ message: 'Alive.', version: '0.6.0' }),
  },
  ready: {
    tag: 'Public documents',
    summary:
      'Tells whether the database answers, its schema fits, and the signing key is not revoked.',
    answer: success({ message: 'Ready.', version: '0.6.0' }),
  },
  keySet: {
    tag: 'Public documents',
    summary: 'The public keys that access tokens are signed with (RFC 7517).',
    answer: {
      keys: [
        {
          kid: 'k1',
          alg: 'EdDSA',
          kty: 'OKP',
          crv: 'Ed25519',
          x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
          use: 'sig',
        },
      ],
    },
  },
  metadata: {
    tag: 'Public documents',
    summary: 'The metadata of the service (RFC 8414).',
    description:
      'For an issuer with a path, it stands at the root of the host, and the path of the issuer follows: `/.well-known/oauth-authorization-server/tenant`.',
    answer: {
      issuer: 'https://auth.example.com',
      jwks_uri: 'https://auth.example.com/.well-known/jwks.json',
      response_types_supported: [],
      grant_types_supported: [],
      revocation_endpoint: 'https://auth.example.com/oauth/revoke',
      revocation_endpoint_auth_methods_supported: [
        'none',
        'client_secret_basic',
        'client_secret_post',
      ],
      introspection_endpoint: 'https://auth.example.com/oauth/introspect',
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    },
  },
  openapi: {
    tag: 'Public documents',
    summary: 'The OpenAPI document of the service.',
    answer: { openapi: '3.1.1', info: { title: 'Portcullis', version: '0.6.0' }, paths: {} },
  },
}
