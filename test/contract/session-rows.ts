// The rows of sessions: refreshing, listing and ending them, and giving the password again.

import { bearing, createClientOf, freshEmail, type Tokens, tokensOf } from '../support/client.ts'
import {
  type Expected,
  invalidInput,
  invalidJson,
  json,
  password,
  post,
  type Row,
  unsupported,
} from './row.ts'
import type { Target } from './targets.ts'
import { tokenRows } from './token-rows.ts'

const refusedRefresh = (code: string): Expected => ({
  status: 401,
  code,
  challenge: 'invalid_token',
})
/** The members of a success that begins or continues a session. */
export const allTokens = ['auth_token', 'refresh_token', 'token_type', 'expires_in']
const refreshed: Expected = { status: 200, message: 'Successfully refreshed.', has: allTokens }
const unknownSession: Expected = { status: 404, code: 'session_unknown' }

/** A refresh with the result of `make`, which gets the tokens of a new session. */
const refreshRow = (
  situation: string,
  make: (tokens: Tokens, target: Target) => string | Promise<string>,
  classic: Expected,
): Row => ({
  request: 'POST /auth/refresh',
  situation,
  async send(target) {
    const client = createClientOf(target.baseUrl)
    return client.refresh(await make(await client.tokens(), target))
  },
  classic,
})

const refreshBody = (situation: string, init: RequestInit, classic: Expected): Row => ({
  request: 'POST /auth/refresh',
  situation,
  send: (target) => post(target, '/auth/refresh', init),
  classic,
})

const idOf = (refreshToken: string) => refreshToken.split('.')[0] ?? ''

async function rotate({ refreshToken }: Tokens, target: Target): Promise<Tokens> {
  return tokensOf(await createClientOf(target.baseUrl).refresh(refreshToken))
}

/** Changes the row of the token's session in the database, without the service. */
async function change(target: Target, { refreshToken }: Tokens, assignment: string): Promise<void> {
  const statement = `UPDATE portcullis_sessions SET ${assignment} WHERE id = ?`
  await target.database.query(statement, idOf(refreshToken))
}

const refreshRows: Row[] = [
  refreshRow('the newest token', ({ refreshToken }) => refreshToken, refreshed),
  refreshRow(
    'the one before it, at once',
    async (tokens, target) => {
      await rotate(tokens, target)
      return tokens.refreshToken
    },
    refreshed,
  ),
  refreshRow(
    'two behind, at once',
    async (tokens, target) => {
      await rotate(await rotate(tokens, target), target)
      return tokens.refreshToken
    },
    refusedRefresh('refresh_superseded'),
  ),
  refreshRow(
    'used up, after the grace window',
    async (tokens, target) => {
      await rotate(tokens, target)
      await change(target, tokens, 'rotated_at = rotated_at - 60')
      return tokens.refreshToken
    },
    refusedRefresh('refresh_token_reused'),
  ),
  refreshRow(
    'refreshed 60 times within the minute',
    async (tokens, target) => {
      await change(target, tokens, 'refreshes = 60, refreshes_since = unixepoch()')
      return tokens.refreshToken
    },
    { status: 429, code: 'too_many_requests' },
  ),
  refreshRow(
    'logged out',
    async ({ token, refreshToken }, target) => {
      await createClientOf(target.baseUrl).logout(token)
      return refreshToken
    },
    refusedRefresh('session_revoked'),
  ),
  refreshRow(
    'idle for too long',
    async (tokens, target) => {
      await change(target, tokens, 'expires_at = 1')
      return tokens.refreshToken
    },
    refusedRefresh('session_expired'),
  ),
  refreshRow(
    'at its greatest age',
    async (tokens, target) => {
      await change(target, tokens, 'absolute_expires_at = 1')
      return tokens.refreshToken
    },
    refusedRefresh('session_expired'),
  ),
  refreshRow(
    'a session that is gone',
    async ({ refreshToken }, { database }) => {
      await database.query('DELETE FROM portcullis_sessions WHERE id = ?', idOf(refreshToken))
      return refreshToken
    },
    refusedRefresh('refresh_token_invalid'),
  ),
  refreshRow(
    'forged',
    ({ refreshToken }) => `${refreshToken.slice(0, -9)}AAAAAAAAA`,
    refusedRefresh('refresh_token_invalid'),
  ),
  refreshRow(
    'with another spelling',
    ({ refreshToken }) => `${refreshToken}=`,
    refusedRefresh('refresh_token_invalid'),
  ),
  refreshRow('an access token', ({ token }) => token, refusedRefresh('refresh_token_invalid')),
  refreshRow('nothing', () => '', refusedRefresh('refresh_token_invalid')),
  refreshBody('no body', {}, invalidJson),
  refreshBody('a form', { body: new URLSearchParams({ refresh_token: 'a' }) }, unsupported),
  refreshBody('no token in the object', { headers: json, body: '{}' }, invalidInput),
  refreshBody('a number', { headers: json, body: '{"refresh_token":1}' }, invalidInput),
]

const endRow = (
  situation: string,
  pick: (own: Tokens, target: Target) => string | Promise<string>,
  classic: Expected,
): Row => ({
  request: 'DELETE /auth/sessions/{id}',
  situation,
  async send(target) {
    const client = createClientOf(target.baseUrl)
    const own = await client.tokens()
    return client.endSession(own.token, await pick(own, target))
  },
  classic,
})

const ended: Expected = { status: 200, message: 'Session ended.' }
const listAndEndRows: Row[] = [
  {
    request: 'GET /auth/sessions',
    situation: 'good token',
    async send({ baseUrl }) {
      const client = createClientOf(baseUrl)
      return client.sessions(await client.token())
    },
    classic: { status: 200, has: ['data'] },
  },
  {
    request: 'DELETE /auth/sessions/{id}',
    situation: 'another one of the account',
    async send({ baseUrl }) {
      const client = createClientOf(baseUrl)
      const account = { email: freshEmail(), password }
      const { refreshToken } = tokensOf(await client.register(account))
      const { token } = tokensOf(await client.login(account))
      return client.endSession(token, idOf(refreshToken))
    },
    classic: ended,
  },
  endRow('its own', ({ refreshToken }) => idOf(refreshToken), ended),
  endRow(
    'somebody else’s',
    async (_, { baseUrl }) => idOf((await createClientOf(baseUrl).tokens()).refreshToken),
    unknownSession,
  ),
  endRow('one that never was', () => 'A'.repeat(16), unknownSession),
  endRow('what is no id', () => '%F0%9F%94%90', unknownSession),
]

const everywhereRow = (situation: string, body: unknown, classic: Expected): Row => ({
  request: 'POST /auth/logout-everywhere',
  situation,
  async send({ baseUrl }) {
    const client = createClientOf(baseUrl)
    return client.logoutEverywhere(await client.token(), body)
  },
  classic,
})

const everywhere: Expected = { status: 200, message: 'Successfully logged out everywhere.' }
const everywhereRows: Row[] = [
  {
    request: 'POST /auth/logout-everywhere',
    situation: 'no body',
    async send(target) {
      const token = await createClientOf(target.baseUrl).token()
      return post(target, '/auth/logout-everywhere', bearing(token))
    },
    classic: everywhere,
  },
  everywhereRow('an empty object', {}, everywhere),
  everywhereRow('keeping this one', { keep_current: true }, everywhere),
  {
    request: 'POST /auth/logout-everywhere',
    situation: 'keeping this one, with its refresh token',
    async send({ baseUrl }) {
      const client = createClientOf(baseUrl)
      const { token, refreshToken } = await client.tokens()
      return client.logoutEverywhere(token, { keep_current: true, refresh_token: refreshToken })
    },
    classic: { ...everywhere, has: allTokens },
  },
  everywhereRow(
    'keeping this one, with a refresh token of nobody',
    { keep_current: true, refresh_token: 'a' },
    refusedRefresh('refresh_token_invalid'),
  ),
  everywhereRow('neither true nor false', { keep_current: 'yes' }, invalidInput),
  everywhereRow('a list', [], invalidJson),
]

const againRow = (situation: string, given: unknown, classic: Expected): Row => ({
  request: 'POST /auth/reauthenticate',
  situation,
  async send(target) {
    const token = await createClientOf(target.baseUrl).token()
    const headers = { ...json, ...bearing(token).headers }
    return post(target, '/auth/reauthenticate', { headers, body: JSON.stringify(given) })
  },
  classic,
})

const againRows: Row[] = [
  againRow(
    'right password',
    { password },
    {
      status: 200,
      message: 'Successfully reauthenticated.',
      has: ['auth_token', 'token_type', 'expires_in'],
    },
  ),
  againRow(
    'wrong password',
    { password: `${password}!` },
    { status: 403, code: 'password_wrong', message: 'The password is wrong.' },
  ),
  againRow('no password', {}, invalidInput),
]

const newPassword = 'another good password'
const changeRow = (situation: string, given: object, classic: Expected): Row => ({
  request: 'POST /auth/change-password',
  situation,
  async send(target) {
    const token = await createClientOf(target.baseUrl).token()
    const headers = { ...json, ...bearing(token).headers }
    return post(target, '/auth/change-password', { headers, body: JSON.stringify(given) })
  },
  classic,
})

const changeRows: Row[] = [
  changeRow(
    'right password',
    { new_password: newPassword, password },
    {
      status: 200,
      message: 'Password changed.',
      has: ['auth_token', 'token_type', 'expires_in', 'device_token'],
    },
  ),
  changeRow('no password and no refresh token', { new_password: newPassword }, invalidInput),
  changeRow(
    'wrong password',
    { new_password: newPassword, password: `${password}!` },
    { status: 403, code: 'password_wrong', message: 'The password is wrong.' },
  ),
  changeRow('no new password', { password }, invalidInput),
  changeRow('the old password as the new one', { new_password: password, password }, invalidInput),
]

export const sessionRows: readonly Row[] = [
  ...refreshRows,
  ...listAndEndRows,
  ...everywhereRows,
  ...againRows,
  ...changeRows,
  ...tokenRows('GET', '/auth/sessions'),
  ...tokenRows('DELETE', `/auth/sessions/${'A'.repeat(16)}`),
  ...tokenRows('POST', '/auth/logout-everywhere'),
  ...tokenRows('POST', '/auth/reauthenticate', { body: { password } }),
  ...tokenRows('POST', '/auth/change-password', { body: { new_password: newPassword, password } }),
]
