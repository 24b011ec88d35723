import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import {
  type Answer,
  ask,
  bearing,
  changeAccount,
  claimsOf,
  createTestService,
  endSession,
  freshEmail,
  logout,
  passTime,
  post,
  postWith,
  pretend,
  refreshWith,
  registerAccount,
  sessionIdOf,
  tokensOf,
} from '../../support/service.ts'

const { app, clock, log } = await createTestService()
const status = async (token: string) => (await ask(app, '/auth/status', bearing(token))).status
const list = async (token: string) => {
  const { body } = await ask(app, '/auth/sessions', bearing(token))
  return (body.data as { sessions: Record<string, unknown>[] }).sessions
}
const everywhere = (token: string, body: unknown = {}) =>
  postWith(app, '/auth/logout-everywhere', token, body)
const login = async ({ email, password }: { email: string; password: string }) =>
  tokensOf(await post(app, '/auth/login', { email, password }))
/** Copies a session this number of times, each last used a minute before the other. */
const insertOlderSessions = (count: number, id: string) =>
  createClient({ url: inject('databaseUrl') }).execute({
    sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
      INSERT INTO portcullis_sessions
        (id, user_id, created_at, authenticated_at, rotated_at, expires_at, absolute_expires_at)
      SELECT lower(hex(randomblob(8))), user_id, created_at, authenticated_at, rotated_at - 60 * i,
        expires_at, absolute_expires_at FROM portcullis_sessions, n WHERE id = ?`,
    args: [count, id],
  })
const tokensExpireAt = async (refreshToken: string) => {
  const { rows } = await createClient({ url: inject('databaseUrl') }).execute({
    sql: 'SELECT tokens_expire_at FROM portcullis_sessions WHERE id = ?',
    args: [sessionIdOf(refreshToken)],
  })
  return Number(rows[0]?.tokens_expire_at)
}
const said = ({ status, body }: Answer) => [status, body.code]

describe('a login', () => {
  it('gives both tokens, and says how long the access token is valid', async () => {
    const { email, password } = await registerAccount(app)
    const { body } = await post(app, '/auth/login', { email, password })
    expect(body).toEqual({
      status: 'success',
      message: 'Successfully logged in.',
      auth_token: expect.any(String),
      refresh_token: expect.stringMatching(/^[\w-]{16}\.1\.[\w-]{43}$/),
      device_token: expect.stringMatching(/^[\w-]{16}\.\d+\.1\.\d{10}\.[\w-]{43}$/),
      token_type: 'Bearer',
      expires_in: 900,
    })
    expect(claimsOf(String(body.auth_token))).toMatchObject({ roles: [] })
  })
})

describe('refreshing', () => {
  it('replaces both tokens, in the same session', async () => {
    const first = await registerAccount(app)
    const answer = await refreshWith(app, first.refreshToken)
    const second = tokensOf(answer)
    expect([answer.status, answer.body.expires_in]).toEqual([200, 900])
    expect(second.refreshToken).toMatch(/\.2\./)
    expect(claimsOf(second.token).sid).toBe(claimsOf(first.token).sid)
    expect(claimsOf(second.token).jti).not.toBe(claimsOf(first.token).jti)
    expect(claimsOf(second.token).auth_time).toBe(claimsOf(first.token).auth_time)
    expect([await status(first.token), await status(second.token)]).toEqual([200, 200])
  })

  it('accepts the current token whenever it comes', async () => {
    const first = await registerAccount(app)
    await passTime(86_400, first.refreshToken)
    const second = tokensOf(await refreshWith(app, first.refreshToken))
    const again = tokensOf(await refreshWith(app, first.refreshToken))
    expect(again.refreshToken).toBe(second.refreshToken)
    await passTime(86_400, first.refreshToken)
    expect((await refreshWith(app, second.refreshToken)).status).toBe(200)
  })

  it('refuses the token of an account that was disabled in the database', async () => {
    const { email, refreshToken } = await registerAccount(app)
    await changeAccount(email, 'disabled_at = 1')
    expect(said(await refreshWith(app, refreshToken))).toEqual([401, 'session_revoked'])
  })

  it('refuses the token of a session that was revoked in the database', async () => {
    const { refreshToken } = await registerAccount(app)
    await pretend('revoked_at = unixepoch()', refreshToken)
    expect(said(await refreshWith(app, refreshToken))).toEqual([401, 'session_revoked'])
  })

  it('refuses a token that is newer than the restored database', async () => {
    const first = await registerAccount(app)
    const second = tokensOf(await refreshWith(app, first.refreshToken))
    await pretend('version = 1', first.refreshToken)
    expect(said(await refreshWith(app, second.refreshToken))).toEqual([
      401,
      'refresh_token_invalid',
    ])
    expect((await refreshWith(app, first.refreshToken)).status).toBe(200)
  })

  it('gives the same valid successor within the grace window', async () => {
    const first = await registerAccount(app)
    const one = tokensOf(await refreshWith(app, first.refreshToken))
    await passTime(28, first.refreshToken)
    const other = tokensOf(await refreshWith(app, first.refreshToken))
    expect(other.refreshToken).toBe(one.refreshToken)
    expect((await refreshWith(app, other.refreshToken)).status).toBe(200)
  })

  it('answers superseded to an older token within the window, and revokes nothing', async () => {
    const first = await registerAccount(app)
    const second = tokensOf(await refreshWith(app, first.refreshToken))
    const third = tokensOf(await refreshWith(app, second.refreshToken))
    expect(said(await refreshWith(app, first.refreshToken))).toEqual([401, 'refresh_superseded'])
    expect(await status(third.token)).toBe(200)
    expect((await refreshWith(app, third.refreshToken)).status).toBe(200)
  })

  it('treats a used token after the window as stolen: the session ends, with all of its tokens', async () => {
    const first = await registerAccount(app)
    const second = tokensOf(await refreshWith(app, first.refreshToken))
    await passTime(30, first.refreshToken)
    expect(said(await refreshWith(app, first.refreshToken))).toEqual([401, 'refresh_token_reused'])
    expect(await status(second.token)).toBe(401)
    expect(said(await refreshWith(app, second.refreshToken))).toEqual([401, 'session_revoked'])
    expect(said(await refreshWith(app, first.refreshToken))).toEqual([401, 'session_revoked'])
    const events = log.map((line) => JSON.parse(line)).filter((line) => 'sessionId' in line)
    const event = { event: 'refresh_token_reused', sessionId: sessionIdOf(first.refreshToken) }
    expect(events).toEqual([{ ...event, userId: expect.any(Number) }])
  })

  it('revokes nothing for a forged token', async () => {
    const { refreshToken, token } = await registerAccount(app)
    await refreshWith(app, refreshToken)
    await pretend('rotated_at = 0', refreshToken)
    const forged = `${sessionIdOf(refreshToken)}.1.${'A'.repeat(43)}`
    expect(said(await refreshWith(app, forged))).toEqual([401, 'refresh_token_invalid'])
    expect(await status(token)).toBe(200)
  })

  it('prolongs the session, but never beyond its greatest age', async () => {
    const { token, refreshToken } = await registerAccount(app)
    const days = (count: number) => count * 86_400_000
    const expiry = async () => Date.parse(String((await list(token))[0]?.expires_at)) - Date.now()
    await pretend('expires_at = unixepoch() + 5', refreshToken)
    const next = tokensOf(await refreshWith(app, refreshToken))
    expect(await expiry()).toBeGreaterThan(days(29))
    await pretend('absolute_expires_at = unixepoch() + 60', refreshToken)
    await refreshWith(app, next.refreshToken)
    expect(await expiry()).toBeLessThan(61_000)
  })
})

describe('the sessions of an account', () => {
  it('are listed with the current one marked, and without those of other accounts', async () => {
    const account = await registerAccount(app)
    await registerAccount(app)
    const headers = { 'Content-Type': 'application/json', 'User-Agent': firefoxOnWindows }
    const { email, password } = account
    const body = JSON.stringify({ email, password })
    const second = tokensOf(await ask(app, '/auth/login', { method: 'POST', headers, body }))
    const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    const times = { created_at: instant, refreshed_at: instant, expires_at: instant, address: null }
    const sessions = await list(second.token)
    expect(sessions).toHaveLength(2)
    expect(sessions).toContainEqual({
      ...times,
      id: sessionIdOf(second.refreshToken),
      current: true,
      device: 'Firefox on Windows',
    })
    expect(sessions).toContainEqual({
      ...times,
      id: sessionIdOf(account.refreshToken),
      current: false,
      device: null,
    })
  })

  it('end with their greatest age from the start, where that is shorter', async () => {
    const service = await createTestService({ SESSION_LIFETIME_SECONDS: '60' })
    const { token } = await registerAccount(service.app)
    const [session] = await list(token)
    expect(Date.parse(String(session?.expires_at)) - Date.now()).toBeLessThan(61_000)
  })

  it('are at most 100 in the list, the most recently used ones', async () => {
    const { token, refreshToken } = await registerAccount(app)
    await insertOlderSessions(150, sessionIdOf(refreshToken))
    const listed = await list(token)
    const used = listed.map(({ refreshed_at }) => String(refreshed_at))
    expect([listed.length, listed[0]?.current]).toEqual([100, true])
    expect(used).toEqual(used.toSorted().reverse())
  })

  it('keep the client’s address only where a setting says so, as the platform gives it', async () => {
    const clientAddress = () => '192.0.2.7'
    for (const [keep, address] of [
      ['keep', '192.0.2.7'],
      ['omit', null],
    ] as const) {
      const service = await createTestService({ SESSION_ADDRESSES: keep }, { clientAddress })
      const { token } = await registerAccount(service.app)
      expect((await list(token))[0]?.address).toBe(address)
    }
  })

  it('are ended one by one: access and refresh token end, and the session leaves the list', async () => {
    const account = await registerAccount(app)
    const other = await login(account)
    expect((await endSession(app, account.token, sessionIdOf(other.refreshToken))).status).toBe(200)
    expect([await status(other.token), await status(account.token)]).toEqual([401, 200])
    expect(said(await refreshWith(app, other.refreshToken))).toEqual([401, 'session_revoked'])
    expect(await list(account.token)).toHaveLength(1)
    const again = await endSession(app, account.token, sessionIdOf(other.refreshToken))
    expect(said(again)).toEqual([404, 'session_unknown'])
  })

  it('cannot be ended by another account', async () => {
    const [mine, theirs] = [await registerAccount(app), await registerAccount(app)]
    const answer = await endSession(app, mine.token, sessionIdOf(theirs.refreshToken))
    expect(said(answer)).toEqual([404, 'session_unknown'])
    expect(await status(theirs.token)).toBe(200)
  })
})

describe('a token of an earlier generation', () => {
  it('is refused, even without a stored revocation', async () => {
    const { email, token, password } = await registerAccount(app)
    await changeAccount(email, `token_generation = 'another-generati'`)
    const id = 'x'.repeat(16)
    const asked = [
      () => ask(app, '/auth/status', bearing(token)),
      () => ask(app, '/auth/sessions', bearing(token)),
      () => endSession(app, token, id),
      () => logout(app, token),
      () => everywhere(token),
      () => postWith(app, '/auth/reauthenticate', token, { password }),
    ]
    for (const request of asked) expect(said(await request())).toEqual([401, 'token_revoked'])
  })
})

describe('logging out', () => {
  it('ends the session’s refresh token as well', async () => {
    const { token, refreshToken } = await registerAccount(app)
    expect((await logout(app, token)).status).toBe(200)
    expect(said(await refreshWith(app, refreshToken))).toEqual([401, 'session_revoked'])
  })

  it('everywhere ends all sessions of the account, and no others', async () => {
    const [account, stranger] = [await registerAccount(app), await registerAccount(app)]
    const other = await login(account)
    expect((await everywhere(account.token)).body).toEqual({
      status: 'success',
      message: 'Successfully logged out everywhere.',
      session_ended: true,
    })
    for (const { token, refreshToken } of [account, other]) {
      expect(await status(token)).toBe(401)
      expect(said(await refreshWith(app, refreshToken))).toEqual([401, 'session_revoked'])
    }
    expect(await status(stranger.token)).toBe(200)
    expect((await refreshWith(app, stranger.refreshToken)).status).toBe(200)
    expect(await status((await login(account)).token)).toBe(200)
  })

  it('everywhere treats a missing body as no, and refuses a value that is no boolean', async () => {
    const { token } = await registerAccount(app)
    const answer = await everywhere(token, { keep_current: 'yes' })
    expect(said(answer)).toEqual([422, 'invalid_input'])
    const init = { method: 'POST', ...bearing(token) }
    expect((await ask(app, '/auth/logout-everywhere', init)).status).toBe(200)
  })
})

describe('a session that was ended in the database', () => {
  it('is published by a logout with its token', async () => {
    const { token, refreshToken } = await registerAccount(app)
    await pretend('revoked_at = unixepoch()', refreshToken)
    expect((await logout(app, token)).status).toBe(200)
    expect([await status(token), said(await logout(app, token))]).toEqual([
      401,
      [401, 'token_revoked'],
    ])
  })
})

describe('a token of a session that has ended without a row in the feed', () => {
  it('is refused everywhere, on every route', async () => {
    const account = await registerAccount(app)
    const other = await login(account)
    await pretend('revoked_at = unixepoch()', account.refreshToken)
    const { token, password } = account
    const asked = [
      () => ask(app, '/auth/status', bearing(token)),
      () => ask(app, '/auth/sessions', bearing(token)),
      () => endSession(app, token, sessionIdOf(other.refreshToken)),
      () => everywhere(token),
      () => postWith(app, '/auth/reauthenticate', token, { password }),
    ]
    for (const request of asked) expect(said(await request())).toEqual([401, 'token_revoked'])
    expect(await status(other.token)).toBe(200)
  })
})

describe('giving the password again', () => {
  const again = (token: string, password: string) =>
    postWith(app, '/auth/reauthenticate', token, { password })

  it('gives a fresh access token with the time, in the same session', async () => {
    const { token, refreshToken, password } = await registerAccount(app)
    await pretend('authenticated_at = 7', refreshToken)
    await pretend('tokens_expire_at = 7', refreshToken)
    const { status: answered, body } = await again(token, password)
    expect([answered, Object.keys(body).sort()]).toEqual([
      200,
      ['auth_token', 'expires_in', 'message', 'status', 'token_type'],
    ])
    const claims = claimsOf(String(body.auth_token))
    expect(claims.sid).toBe(claimsOf(token).sid)
    expect(claims.auth_time).toBeGreaterThan(clock.now() - 60)
    expect(await tokensExpireAt(refreshToken)).toBe(claims.exp)
    const next = tokensOf(await refreshWith(app, refreshToken))
    expect(claimsOf(next.token).auth_time).toBe(claims.auth_time)
  })

  it('accepts the password in any Unicode composition', async () => {
    const account = { email: freshEmail(), password: 'pa\u0308sswort' }
    const { token } = tokensOf(await post(app, '/auth/register', account))
    for (const form of ['NFC', 'NFD']) {
      expect((await again(token, account.password.normalize(form))).status).toBe(200)
    }
  })

  it('refuses a wrong password, and changes nothing', async () => {
    const { token, refreshToken } = await registerAccount(app)
    await pretend('authenticated_at = 7', refreshToken)
    expect(said(await again(token, 'another password'))).toEqual([403, 'password_wrong'])
    const next = tokensOf(await refreshWith(app, refreshToken))
    expect(claimsOf(next.token).auth_time).toBe(7)
  })
})

describe('claims of an application’s own', () => {
  it('are computed with each login and each refresh, and are in the token', async () => {
    const service = await createTestService(
      {},
      { claims: ({ email, roles }) => ({ plan: 'gold', mail: email, all: roles }) },
    )
    const first = await registerAccount(service.app)
    await changeAccount(first.email, `other_roles = 'editor'`)
    const second = tokensOf(await refreshWith(service.app, first.refreshToken))
    const claims = { plan: 'gold', mail: first.email }
    expect(claimsOf(first.token)).toMatchObject({ ...claims, all: [] })
    expect(claimsOf(second.token)).toMatchObject({ ...claims, all: ['editor'] })
  })

  it('that have the name of a standard claim are a bug, and no token is issued', async () => {
    const service = await createTestService({}, { claims: () => ({ roles: ['admin'] }) })
    const answer = await post(service.app, '/auth/register', {
      email: 'a@b.c',
      password: 'a good password',
    })
    expect(said(answer)).toEqual([500, 'internal'])
    expect(service.log.join()).toContain('The claim roles belongs to Portcullis')
  })
})

const firefoxOnWindows =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0'
