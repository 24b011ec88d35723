// Logging out everywhere but here: the caller's session continues, and no token gains rights.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import {
  type Answer,
  ask,
  bearing,
  claimsOf,
  createTestService,
  logout,
  passTime,
  post,
  postForm,
  postWith,
  pretend,
  refreshWith,
  registerAccount,
  sessionIdOf,
  type Tokens,
  tokensOf,
} from '../../support/service.ts'

const { app } = await createTestService()
const message = 'Successfully logged out everywhere.'
const status = async (token: string) => (await ask(app, '/auth/status', bearing(token))).status
const said = ({ status, body }: Answer) => [status, body.code]
const login = async ({ email, password }: { email: string; password: string }) =>
  tokensOf(await post(app, '/auth/login', { email, password }))
const sessionRow = async (refreshToken: string) => {
  const { rows } = await createClient({ url: inject('databaseUrl') }).execute({
    sql: 'SELECT * FROM portcullis_sessions WHERE id = ?',
    args: [sessionIdOf(refreshToken)],
  })
  return rows[0]
}
const keepCurrent = (token: string, refreshToken?: string) =>
  postWith(app, '/auth/logout-everywhere', token, {
    keep_current: true,
    refresh_token: refreshToken,
  })

describe('logging out everywhere but here', () => {
  it('gives no new token to an access token: the session continues with its refresh token', async () => {
    const account = await registerAccount(app)
    const other = await login(account)
    const answer = await keepCurrent(account.token)
    expect([answer.status, answer.body]).toEqual([
      200,
      { status: 'success', message, session_ended: false },
    ])
    expect([await status(account.token), await status(other.token)]).toEqual([401, 401])
    expect(said(await refreshWith(app, other.refreshToken))).toEqual([401, 'session_revoked'])
    const next = await refreshWith(app, account.refreshToken)
    const { token } = tokensOf(next)
    expect([next.status, await status(token)]).toEqual([200, 200])
    expect(claimsOf(token).sid).toBe(claimsOf(account.token).sid)
    expect(claimsOf(token).gen).not.toBe(claimsOf(account.token).gen)
  })

  it('gives both tokens at once where the refresh token is presented as well', async () => {
    const account = await registerAccount(app)
    const other = await login(account)
    await pretend('authenticated_at = 7', account.refreshToken)
    const answer = await keepCurrent(account.token, account.refreshToken)
    const kept = tokensOf(answer)
    expect([answer.status, answer.body.message, answer.body.expires_in]).toEqual([
      200,
      message,
      900,
    ])
    expect([await status(other.token), await status(kept.token)]).toEqual([401, 200])
    expect(sessionIdOf(kept.refreshToken)).toBe(sessionIdOf(account.refreshToken))
    expect(claimsOf(kept.token).auth_time).toBe(7)
    expect((await refreshWith(app, kept.refreshToken)).status).toBe(200)
  })

  it('does not lengthen the session beyond its greatest age', async () => {
    const account = await registerAccount(app)
    await pretend('absolute_expires_at = unixepoch() + 60', account.refreshToken)
    const answer = await keepCurrent(account.token, account.refreshToken)
    expect(answer.body.expires_in).toBeLessThan(65)
    const { token } = tokensOf(answer)
    const { body } = await ask(app, '/auth/sessions', bearing(token))
    const [session] = (body.data as { sessions: { expires_at: string }[] }).sessions
    expect(Date.parse(String(session?.expires_at)) - Date.now()).toBeLessThan(65_000)
  })

  it.each([
    ['of another session', async () => (await registerAccount(app)).refreshToken],
    ['that is forged', async () => `${'A'.repeat(16)}.1.${'A'.repeat(43)}`],
    ['that is an access token', async () => (await registerAccount(app)).token],
  ])('refuses a refresh token %s, and changes nothing', async (_, other) => {
    const account = await registerAccount(app)
    const answer = await keepCurrent(account.token, await other())
    expect(said(answer)).toEqual([401, 'refresh_token_invalid'])
    expect(await status(account.token)).toBe(200)
  })

  it.each([
    ['one', 1],
    ['two', 2],
  ])(
    'ends the session, too, when the refresh token is %s behind, and was used up long ago',
    async (_, behind) => {
      const account = await registerAccount(app)
      let newest: Tokens = account
      for (let times = 1; times <= behind; times += 1) {
        newest = tokensOf(await refreshWith(app, newest.refreshToken))
      }
      await passTime(45, account.refreshToken)
      const answer = await keepCurrent(newest.token, account.refreshToken)
      expect([answer.status, answer.body]).toEqual([
        200,
        { status: 'success', message, session_ended: true },
      ])
      expect(said(await refreshWith(app, newest.refreshToken))).toEqual([401, 'session_revoked'])
    },
  )

  it('ends the session for such a refresh token with a claims hook, too', async () => {
    const account = await registerAccount(app)
    const newest = tokensOf(await refreshWith(app, account.refreshToken))
    await passTime(31, account.refreshToken)
    const { app: hooked } = await createTestService({}, { claims: () => ({ plan: 'gold' }) })
    const body = { keep_current: true, refresh_token: account.refreshToken }
    const answer = await postWith(hooked, '/auth/logout-everywhere', newest.token, body)
    expect(answer.body).toEqual({ status: 'success', message, session_ended: true })
    expect(said(await refreshWith(app, newest.refreshToken))).toEqual([401, 'session_revoked'])
  })

  it("ignores the refresh token where the caller's session ends as well", async () => {
    const { token } = await registerAccount(app)
    const body = { keep_current: false, refresh_token: 'of nobody' }
    const answer = await postWith(app, '/auth/logout-everywhere', token, body)
    expect([answer.status, answer.body.session_ended]).toEqual([200, true])
  })

  it('succeeds without tokens when the refresh token is two behind, a moment ago', async () => {
    const account = await registerAccount(app)
    const second = tokensOf(await refreshWith(app, account.refreshToken))
    const third = tokensOf(await refreshWith(app, second.refreshToken))
    const answer = await keepCurrent(third.token, account.refreshToken)
    expect([answer.status, answer.body]).toEqual([
      200,
      { status: 'success', message, session_ended: false },
    ])
    expect((await refreshWith(app, third.refreshToken)).status).toBe(200)
  })

  it('rotates nothing for a token that is revoked by then', async () => {
    const account = await registerAccount(app)
    await logout(app, account.token)
    const answer = await keepCurrent(account.token, account.refreshToken)
    expect(said(answer)).toEqual([401, 'token_revoked'])
  })

  it('leaves the session unchanged for a token that was itself revoked', async () => {
    const account = await registerAccount(app)
    const next = tokensOf(await refreshWith(app, account.refreshToken))
    await postForm(app, '/oauth/revoke', { token: next.token })
    for (const refreshToken of [next.refreshToken, account.refreshToken]) {
      const before = await sessionRow(refreshToken)
      expect(said(await keepCurrent(next.token, refreshToken))).toEqual([401, 'token_revoked'])
      expect(await sessionRow(refreshToken)).toEqual(before)
    }
    await passTime(30, account.refreshToken)
    const answer = await keepCurrent(next.token, account.refreshToken)
    expect(said(answer)).toEqual([401, 'token_revoked'])
    expect((await refreshWith(app, next.refreshToken)).status).toBe(200)
  })

  it('ends this session as well the third time within a minute', async () => {
    const account = await registerAccount(app)
    let { token, refreshToken } = account
    for (let times = 1; times <= 2; times += 1) {
      const answer = await keepCurrent(token, refreshToken)
      expect(answer.status).toBe(200)
      ;({ token, refreshToken } = tokensOf(answer))
    }
    const third = await keepCurrent(token, refreshToken)
    expect([third.status, third.body]).toEqual([
      200,
      { status: 'success', message, session_ended: true },
    ])
    expect(said(await refreshWith(app, refreshToken))).toEqual([401, 'session_revoked'])
    expect(await status((await login(account)).token)).toBe(200)
  })
})

describe('an access token alone', () => {
  it('gets no token from any endpoint', async () => {
    const { token, password } = await registerAccount(app)
    const asked = [
      () => ask(app, '/auth/status', bearing(token)),
      () => ask(app, '/auth/sessions', bearing(token)),
      () => postWith(app, '/auth/reauthenticate', token, { password: `not ${password}` }),
      () => postWith(app, '/auth/refresh', token, { refresh_token: token }),
      () => keepCurrent(token),
      async () => {
        const body = { new_password: 'another password' }
        return postWith(app, '/auth/change-password', (await registerAccount(app)).token, body)
      },
    ]
    for (const request of asked) {
      const { body } = await request()
      expect(JSON.stringify(body)).not.toMatch(/auth_token|"refresh_token"/)
    }
  })
})
