// An access token never outlives its session, or what the database remembers of it. A token that
// outlives an ended session can still be revoked.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import {
  type Answer,
  ask,
  bearing,
  claimsOf,
  createTestService,
  logout,
  post,
  postForm,
  postWith,
  pretend,
  refreshWith,
  registerAccount,
  sessionIdOf,
  type TestService,
  tokensOf,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const status = async ({ app }: TestService, token: string) =>
  (await ask(app, '/auth/status', bearing(token))).status

async function endsOf(sessionId: string) {
  const { rows } = await client.execute({
    sql: `SELECT expires_at, absolute_expires_at, tokens_expire_at, unixepoch() AS now
      FROM portcullis_sessions WHERE id = ?`,
    args: [sessionId],
  })
  const [row] = rows
  return {
    end: Math.min(Number(row?.expires_at), Number(row?.absolute_expires_at)),
    remembered: Number(row?.tokens_expire_at),
    now: Number(row?.now),
  }
}

const ways: Record<string, (service: TestService) => Promise<Answer>> = {
  registering: async ({ app }) => {
    const email = `${crypto.randomUUID()}@example.com`
    return post(app, '/auth/register', { email, password: 'a good password' })
  },
  'a login': async ({ app }) => post(app, '/auth/login', await registerAccount(app)),
  'a refresh': async ({ app }) => refreshWith(app, (await registerAccount(app)).refreshToken),
  'the same refresh again': async ({ app }) => {
    const { refreshToken } = await registerAccount(app)
    await refreshWith(app, refreshToken)
    await pretend('expires_at = expires_at - 9', refreshToken)
    return refreshWith(app, refreshToken)
  },
  'giving the password again': async ({ app }) => {
    const { token, password, refreshToken } = await registerAccount(app)
    await pretend('expires_at = expires_at - 9', refreshToken)
    return postWith(app, '/auth/reauthenticate', token, { password })
  },
  'a change of the password': async ({ app }) => {
    const { token, password, refreshToken } = await registerAccount(app)
    await pretend('expires_at = expires_at - 9', refreshToken)
    const body = { new_password: 'another good password', password, refresh_token: refreshToken }
    return postWith(app, '/auth/change-password', token, body)
  },
  'a change of the password after a fresh login': async ({ app }) => {
    const { token, refreshToken } = await registerAccount(app)
    const body = { new_password: 'another good password', refresh_token: refreshToken }
    return postWith(app, '/auth/change-password', token, body)
  },
  'logging out everywhere but here': async ({ app }) => {
    const { token, refreshToken } = await registerAccount(app)
    const body = { keep_current: true, refresh_token: refreshToken }
    return postWith(app, '/auth/logout-everywhere', token, body)
  },
}

describe.each([
  ['absent', {}],
  ['there', { claims: () => ({ plan: 'gold' }) }],
])('with a claims hook that is %s,', (_, parts) => {
  describe.each([
    ['its greatest age', { SESSION_LIFETIME_SECONDS: '3600' }, 600],
    ['idleness', { SESSION_IDLE_LIFETIME_SECONDS: '3600' }, 600],
    ['its greatest age, by a clock that is behind', { SESSION_LIFETIME_SECONDS: '3600' }, -600],
    ['nothing', {}, 0],
    ['nothing, by a clock that is ahead', { ACCESS_TOKEN_LIFETIME_SECONDS: '86400' }, 600],
  ])('where a session ends soonest by %s,', (_, settings, aheadSeconds) => {
    it.each(Object.keys(ways))('the token of %s ends with it and is remembered', async (way) => {
      const service = await createTestService(
        { ACCESS_TOKEN_LIFETIME_SECONDS: '3600', ...settings },
        parts,
      )
      service.clock.advance(aheadSeconds)
      const body = (await ways[way]?.(service))?.body ?? {}
      const { sid, exp } = claimsOf(String(body.auth_token))
      const { end, remembered, now } = await endsOf(sid)
      expect(exp).toBeLessThanOrEqual(end)
      expect(exp).toBeLessThanOrEqual(remembered)
      expect(exp).toBeLessThanOrEqual(now + 86_400)
      expect(body.expires_in).toBe(Math.max(0, exp - service.clock.now()))
    })
  })

  it('a refresh prolongs the token with the session', async () => {
    const service = await createTestService({ SESSION_IDLE_LIFETIME_SECONDS: '1200' }, parts)
    const { refreshToken } = await registerAccount(service.app)
    await pretend('expires_at = unixepoch() + 5', refreshToken)
    const { body } = await refreshWith(service.app, refreshToken)
    expect(body.expires_in).toBe(900)
  })
})

describe('a session that has ended while an access token of it is still valid', async () => {
  const service = await createTestService()
  const endings: Record<
    string,
    (tokens: { token: string; refreshToken: string }) => Promise<Answer>
  > = {
    'revoking its refresh token': ({ refreshToken }) =>
      postForm(service.app, '/oauth/revoke', { token: refreshToken }),
    'revoking the access token': ({ token }) => postForm(service.app, '/oauth/revoke', { token }),
    'logging out': ({ token }) => logout(service.app, token),
    'logging out everywhere': ({ token }) =>
      postWith(service.app, '/auth/logout-everywhere', token, {}),
  }

  it.each(Object.keys(endings))('%s ends the token', async (ending) => {
    const tokens = await registerAccount(service.app)
    await pretend('expires_at = unixepoch() - 1', tokens.refreshToken)
    expect(await status(service, tokens.token)).toBe(200)
    expect((await endings[ending]?.(tokens))?.status).toBe(200)
    expect(await status(service, tokens.token)).toBe(401)
    const { sid, jti, gen } = claimsOf(tokens.token)
    const { body } = await post(service.app, '/auth/feed/check', { ids: [sid, jti, gen] })
    expect(body.revoked).toHaveLength(1)
  })

  it('ends also from another session of the account', async () => {
    const { email, password, ...tokens } = await registerAccount(service.app)
    const other = tokensOf(await post(service.app, '/auth/login', { email, password }))
    await pretend('expires_at = unixepoch() - 1', tokens.refreshToken)
    const path = `/auth/sessions/${sessionIdOf(tokens.refreshToken)}`
    const init = { method: 'DELETE', ...bearing(other.token) }
    expect((await ask(service.app, path, init)).status).toBe(200)
    expect(await status(service, tokens.token)).toBe(401)
  })

  it('ends in a browser by its cookies', async () => {
    const cookies = await createTestService({ TOKEN_TRANSPORT: 'cookie' })
    const { token, refreshToken } = await registerAccount(service.app)
    await pretend('expires_at = unixepoch() - 1', refreshToken)
    cookies.clock.advance(901)
    const Cookie = `__Host-access_token=${token}; __Secure-refresh_token=${refreshToken}`
    const headers = { 'Content-Type': 'application/json', Cookie }
    const answer = await ask(cookies.app, '/auth/logout', { method: 'POST', headers })
    expect(answer.status).toBe(200)
    expect(await status(service, token)).toBe(401)
  })

  it('does not accept the password again', async () => {
    const { token, password, refreshToken } = await registerAccount(service.app)
    await pretend('expires_at = unixepoch() - 1', refreshToken)
    const answer = await postWith(service.app, '/auth/reauthenticate', token, { password })
    expect([answer.status, answer.body.code]).toEqual([401, 'token_revoked'])
  })
})
