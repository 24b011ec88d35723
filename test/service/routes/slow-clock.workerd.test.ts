// A service whose clock is an hour behind the database's: no revocation is lost.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { pruneRevocations } from '../../../src/service/domain/housekeeping.ts'
import {
  ask,
  bearing,
  claimsOf,
  createTestService,
  database,
  endSession,
  logout,
  post,
  postForm,
  postWith,
  registerAccount,
  sessionIdOf,
  tokensOf,
} from '../../support/service.ts'

const { app, clock } = await createTestService()
clock.advance(-3_600)
const status = async (token: string) => (await ask(app, '/auth/status', bearing(token))).status

describe('with a clock that is an hour behind', () => {
  it.each([
    ['logging out', (token: string) => logout(app, token)],
    ['revoking the token', (token: string) => postForm(app, '/oauth/revoke', { token })],
    [
      'logging out everywhere',
      (token: string) => postWith(app, '/auth/logout-everywhere', token, {}),
    ],
  ])('%s holds, also after the next housekeeping', async (_, end) => {
    const { token } = await registerAccount(app)
    expect((await end(token)).status).toBe(200)
    expect(await status(token)).toBe(401)
    await pruneRevocations({ database })
    expect(await status(token)).toBe(401)
  })

  it('ending a session from another one, and by its refresh token, holds', async () => {
    const account = await registerAccount(app)
    const [one, two] = [
      await post(app, '/auth/login', account),
      await post(app, '/auth/login', account),
    ]
    const [first, second] = [tokensOf(one), tokensOf(two)]
    await endSession(app, account.token, sessionIdOf(first.refreshToken))
    await postForm(app, '/oauth/revoke', { token: second.refreshToken })
    await pruneRevocations({ database })
    expect([await status(first.token), await status(second.token)]).toEqual([401, 401])
  })

  it('a revoked token is remembered as long as the service accepts it as valid', async () => {
    const { token } = await registerAccount(app)
    await postForm(app, '/oauth/revoke', { token })
    const { rows } = await createClient({ url: inject('databaseUrl') }).execute({
      sql: 'SELECT expires_at - unixepoch() AS left FROM portcullis_revoked_tokens WHERE id = ?',
      args: [claimsOf(token).jti],
    })
    expect(Math.abs(Number(rows[0]?.left) - 900)).toBeLessThan(5)
  })
})

describe('where sessions become idle before their tokens expire', () => {
  it('tokens end with the session', async () => {
    const service = await createTestService({ SESSION_IDLE_LIFETIME_SECONDS: '60' })
    const { token } = await registerAccount(service.app)
    const { iat, exp } = claimsOf(token)
    expect(Math.abs(exp - iat - 60)).toBeLessThan(5)
  })
})
