// The rows of the contract as data: what is sent, and what comes back in each vocabulary.

import { SignJWT } from 'jose'
import { bearing, createClientOf, freshEmail, postChunks, send } from '../support/client.ts'
import { testSettings } from '../support/settings.ts'
import type { Target } from './targets.ts'

/** What comes back. */
export interface Expected {
  readonly status: number
  readonly message?: string
  readonly code?: string
  /** The `error` of the challenge; 'bare' for one without. */
  readonly challenge?: 'bare' | 'invalid_request' | 'invalid_token'
  /** Members that the body has beside the envelope's. */
  readonly has?: readonly string[]
  readonly allow?: string
}

export interface Row {
  readonly request: string
  readonly situation: string
  /** Brings the situation about and sends the request. */
  send(target: Target): Promise<Awaited<ReturnType<typeof send>>>
  readonly classic: Expected
  /** Where it differs. */
  readonly standard?: Expected
}

const password = 'a good password'
const json = { 'Content-Type': 'application/json' }
const post = (target: Target, path: string, init: RequestInit) =>
  send(`${target.baseUrl}${path}`, { method: 'POST', ...init })

const invalid: Expected = {
  status: 401,
  message: 'Invalid token. Please log in again.',
  code: 'token_invalid',
  challenge: 'invalid_token',
}
const expired: Expected = {
  status: 401,
  message: 'Signature expired. Please log in again.',
  code: 'token_expired',
  challenge: 'invalid_token',
}
const revoked: Expected = {
  status: 401,
  message: 'Token blacklisted. Please log in again.',
  code: 'token_revoked',
  challenge: 'invalid_token',
}
const revokedStandard = { ...revoked, message: 'Token revoked. Please log in again.' }
const missing: Expected = {
  status: 401,
  message: 'Provide a valid auth token.',
  code: 'token_missing',
  challenge: 'bare',
}
const malformed: Expected = {
  status: 401,
  message: 'Bearer token malformed.',
  code: 'token_malformed',
  challenge: 'invalid_request',
}
const unknown: Expected = {
  status: 404,
  message: 'User does not exist.',
  code: 'invalid_credentials',
}
const unknownStandard: Expected = {
  status: 401,
  message: 'Email or password is wrong.',
  code: 'invalid_credentials',
  challenge: 'bare',
}
const invalidJson: Expected = { status: 400, code: 'invalid_json' }
const invalidInput: Expected = { status: 422, code: 'invalid_input', has: ['errors'] }
const unsupported: Expected = { status: 415, code: 'unsupported_media_type' }
const tooLarge: Expected = { status: 413, code: 'body_too_large' }

/** A token with good claims but for `changes`, signed with the service's key or another. */
async function crafted(changes: Record<string, unknown>, key: string = testSettings.SECRET_KEY) {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: testSettings.ISSUER,
    aud: testSettings.ISSUER,
    sub: '1',
    sid: 's'.repeat(16),
    jti: 'j'.repeat(16),
    gen: 'g'.repeat(16),
    iat: now,
    exp: now + 900,
    ...changes,
  }
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
  return token.sign(new TextEncoder().encode(key))
}

async function loggedOut(target: Target): Promise<string> {
  const client = createClientOf(target.baseUrl)
  const token = await client.token()
  await client.logout(token)
  return token
}

async function ofDeletedAccount(target: Target): Promise<string> {
  const email = freshEmail()
  const { body } = await createClientOf(target.baseUrl).register({ email, password })
  await target.database.query('DELETE FROM portcullis_users WHERE email = ?', email)
  return String(body.auth_token)
}

/** The rows that say the same of every endpoint that takes a token. */
function tokenRows(method: string, path: string, withoutHeader: Expected[]): Row[] {
  const request = `${method} ${path}`
  const [classic = missing, standard = classic] = withoutHeader
  const ask = (target: Target, init: RequestInit = {}) =>
    send(`${target.baseUrl}${path}`, { method, ...init })
  const header = (situation: string, value: string, expected: Expected): Row => ({
    request,
    situation,
    send: (target) => ask(target, { headers: { Authorization: value } }),
    classic: expected,
  })
  const token = (
    situation: string,
    make: (target: Target) => Promise<string>,
    expected: Expected,
    other = expected,
  ): Row => ({
    request,
    situation,
    send: async (target) => ask(target, bearing(await make(target))),
    classic: expected,
    standard: other,
  })
  return [
    {
      request,
      situation: 'no Authorization header',
      send: (target) => ask(target),
      classic,
      standard,
    },
    {
      request: `${request}?access_token=…`,
      situation: 'a token in the query string only',
      async send(target) {
        const query = `?access_token=${await createClientOf(target.baseUrl).token()}`
        return send(`${target.baseUrl}${path}${query}`, { method })
      },
      classic,
      standard,
    },
    header('header without a token', 'Bearer', malformed),
    header('header of another scheme', 'Basic dXNlcjpwYXNz', malformed),
    header('header with two tokens', 'Bearer a b', malformed),
    header('not a token at all', 'Bearer nonsense', invalid),
    token('expired', () => crafted({ exp: 1_000 }), expired),
    token('forged', () => crafted({}, 'x'.repeat(32)), invalid),
    token('forged and expired', () => crafted({ exp: 1_000 }, 'x'.repeat(32)), invalid),
    token('from another issuer', () => crafted({ iss: 'https://elsewhere.example.com' }), invalid),
    token('for another audience', () => crafted({ aud: 'https://elsewhere.example.com' }), invalid),
    token('for nobody', () => crafted({ sub: 'nobody' }), invalid),
    token('for an account that never was', () => crafted({ sub: '9007199254740991' }), invalid),
    token('for an account that is gone', ofDeletedAccount, invalid),
    token('revoked', loggedOut, revoked, revokedStandard),
    token(
      'revoked, with another spelling',
      async (target) => `${await loggedOut(target)}=`,
      invalid,
    ),
  ]
}

const registerRow = (situation: string, init: RequestInit, classic: Expected): Row => ({
  request: 'POST /auth/register',
  situation,
  send: (target) => post(target, '/auth/register', init),
  classic,
})
const registerBody = (situation: string, body: unknown, classic: Expected): Row =>
  registerRow(situation, { headers: json, body: JSON.stringify(body) }, classic)
const loginRow = (situation: string, body: unknown): Row => ({
  request: 'POST /auth/login',
  situation,
  send: (target) => post(target, '/auth/login', { headers: json, body: JSON.stringify(body) }),
  classic: unknown,
  standard: unknownStandard,
})

const accountRows: Row[] = [
  {
    request: 'POST /auth/register',
    situation: 'new account',
    send: (target) => createClientOf(target.baseUrl).register(),
    classic: { status: 201, message: 'Successfully registered.', has: ['auth_token'] },
  },
  {
    request: 'POST /auth/register',
    situation: 'the email has an account, in other letters',
    async send(target) {
      const client = createClientOf(target.baseUrl)
      const email = freshEmail()
      await client.register({ email, password })
      return client.register({ email: ` ${email.toUpperCase()} `, password: 'another password' })
    },
    classic: { status: 202, message: 'User already exists. Please Log in.', code: 'email_taken' },
    standard: { status: 409, message: 'User already exists. Please Log in.', code: 'email_taken' },
  },
  {
    request: 'POST /auth/login',
    situation: 'right password',
    async send(target) {
      const client = createClientOf(target.baseUrl)
      const email = freshEmail()
      await client.register({ email, password })
      return client.login({ email, password })
    },
    classic: { status: 200, message: 'Successfully logged in.', has: ['auth_token'] },
  },
  {
    request: 'POST /auth/login',
    situation: 'wrong password',
    async send(target) {
      const client = createClientOf(target.baseUrl)
      const email = freshEmail()
      await client.register({ email, password })
      return client.login({ email, password: `${password}!` })
    },
    classic: unknown,
    standard: unknownStandard,
  },
  loginRow('unknown email', { email: 'nobody@example.com', password }),
  loginRow('an email that is none', { email: 'nobody', password }),
  loginRow('a password that no account has', {
    email: 'nobody@example.com',
    password: 'x'.repeat(2_000),
  }),
  loginRow('half a character', { email: '\ud800@example.com', password: '\ud800' }),
  ...['/auth/status', '/auth/user'].map(
    (path): Row => ({
      request: `GET ${path}`,
      situation: 'good token',
      async send(target) {
        return send(
          `${target.baseUrl}${path}`,
          bearing(await createClientOf(target.baseUrl).token()),
        )
      },
      classic: { status: 200, has: ['data'] },
    }),
  ),
  {
    request: 'POST /auth/logout',
    situation: 'good token',
    async send(target) {
      const client = createClientOf(target.baseUrl)
      return client.logout(await client.token())
    },
    classic: { status: 200, message: 'Successfully logged out.' },
  },
]

const fits = (changes: object) => ({ email: freshEmail(), password, ...changes })
const badInputRows: Row[] = [
  registerRow('no body', {}, invalidJson),
  registerRow('a body that is not JSON', { headers: json, body: '{' }, invalidJson),
  registerRow('a list', { headers: json, body: '[]' }, invalidJson),
  registerRow('null', { headers: json, body: 'null' }, invalidJson),
  registerRow(
    'bytes that are not UTF-8',
    { headers: json, body: new Uint8Array([0x22, 0xff, 0x22]) },
    invalidJson,
  ),
  registerRow('a form', { body: new URLSearchParams({ email: 'a@b', password }) }, unsupported),
  registerRow('text', { headers: { 'Content-Type': 'text/plain' }, body: '{}' }, unsupported),
  registerRow('over 16 KiB', { headers: json, body: 'x'.repeat(16_385) }, tooLarge),
  {
    request: 'POST /auth/register',
    situation: 'over 16 KiB, in chunks whose sum nobody announced',
    send: (target) => postChunks(`${target.baseUrl}/auth/register`, ' '.repeat(1_024), 17),
    classic: tooLarge,
  },
  registerBody('nothing in the object', {}, invalidInput),
  registerBody('fields of other types', { email: 1, password: [] }, invalidInput),
  registerBody('an email without @', fits({ email: 'ada' }), invalidInput),
  registerBody('an email with two @', fits({ email: 'ada@b@c' }), invalidInput),
  registerBody('an email with nothing before @', fits({ email: '@example.com' }), invalidInput),
  registerBody('an email with a space', fits({ email: 'a da@example.com' }), invalidInput),
  registerBody(
    'an email with a control character',
    fits({ email: 'a\u0007@example.com' }),
    invalidInput,
  ),
  registerBody(
    'an email of 255 bytes',
    fits({ email: `${'é'.repeat(121)}@example.com1` }),
    invalidInput,
  ),
  registerBody(
    'an email with half a character',
    fits({ email: '\ud800@example.com' }),
    invalidInput,
  ),
  registerBody('a password that is too short', fits({ password: '1234567' }), invalidInput),
  registerBody('a password of 1,025 bytes', fits({ password: 'x'.repeat(1_025) }), invalidInput),
  registerBody(
    'a password with half a character',
    fits({ password: '\ud800 and more' }),
    invalidInput,
  ),
  {
    request: 'GET /nowhere',
    situation: 'unknown path',
    send: (target) => send(`${target.baseUrl}/nowhere`),
    classic: { status: 404, code: 'not_found' },
  },
  ...[
    ['GET', '/auth/register', 'POST'],
    ['HEAD', '/auth/login', 'POST'],
    ['POST', '/auth/status', 'GET, HEAD'],
    ['DELETE', '/auth/user', 'GET, HEAD'],
    ['PUT', '/auth/logout', 'POST'],
  ].map(
    ([method = '', path = '', allow = '']): Row => ({
      request: `${method} ${path}`,
      situation: 'known path with another method',
      send: (target) => send(`${target.baseUrl}${path}`, { method }),
      classic: { status: 405, code: 'method_not_allowed', allow },
    }),
  ),
]

/** All of them. */
export const rows: readonly Row[] = [
  ...accountRows,
  ...tokenRows('GET', '/auth/status', [missing]),
  ...tokenRows('GET', '/auth/user', [missing]),
  ...tokenRows('POST', '/auth/logout', [
    { status: 403, message: missing.message ?? '', code: 'token_missing' },
    missing,
  ]),
  ...badInputRows,
]
