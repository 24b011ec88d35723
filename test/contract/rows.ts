// The rows of the contract as data.

import { bearing, createClientOf, freshEmail, postChunks, send } from '../support/client.ts'
import { codeRows } from './code-rows.ts'
import { emailRows } from './email-rows.ts'
import { eventRows } from './event-rows.ts'
import { invitationRows } from './invitation-rows.ts'
import {
  type Expected,
  invalidInput,
  invalidJson,
  json,
  password,
  post,
  type Row,
  tooLarge,
  unsupported,
} from './row.ts'
import { allTokens, sessionRows } from './session-rows.ts'
import { missing, tokenRows } from './token-rows.ts'

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
    classic: { status: 201, message: 'Successfully registered.', has: allTokens },
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
    classic: { status: 200, message: 'Successfully logged in.', has: allTokens },
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
    ['GET', '/auth/refresh', 'POST'],
    ['POST', '/auth/sessions', 'GET, HEAD'],
    ['GET', '/auth/sessions/A', 'DELETE'],
    ['DELETE', '/auth/logout-everywhere', 'POST'],
    ['GET', '/auth/reauthenticate', 'POST'],
    ['GET', '/auth/change-password', 'POST'],
    ['GET', '/auth/forgot-password', 'POST'],
    ['HEAD', '/auth/reset-password', 'POST'],
    ['PUT', '/auth/email-code', 'POST'],
    ['DELETE', '/auth/login-by-code', 'POST'],
  ].map(
    ([method = '', path = '', allow = '']): Row => ({
      request: `${method} ${path}`,
      situation: 'known path with another method',
      send: (target) => send(`${target.baseUrl}${path}`, { method }),
      classic: { status: 405, code: 'method_not_allowed', allow },
    }),
  ),
]

/** All rows. */
export const rows: readonly Row[] = [
  ...accountRows,
  ...tokenRows('GET', '/auth/status'),
  ...tokenRows('GET', '/auth/user'),
  ...tokenRows('POST', '/auth/logout', {
    withoutHeader: {
      classic: { status: 403, message: missing.message ?? '', code: 'token_missing' },
      standard: missing,
    },
  }),
  ...sessionRows,
  ...eventRows,
  ...codeRows,
  ...emailRows,
  ...invitationRows,
  ...badInputRows,
]
