import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { findRevokedIds } from '../../../src/service/store/revocation-feed.ts'
import {
  ask,
  bearing,
  createCountingDatabase,
  createTestService,
  database,
  passTime,
  post,
  pretend,
  refreshWith,
  registerAccount,
  sessionIdOf,
  tokensOf,
} from '../../support/service.ts'

const counting = createCountingDatabase()
const { app } = await createTestService(
  { MAX_SESSIONS_PER_USER: '3', LIMITS: 'raised' },
  { database: counting },
)
type Account = { readonly email: string; readonly password: string }
const login = async ({ email, password }: Account) =>
  tokensOf(await post(app, '/auth/login', { email, password }))
const status = async (token: string) => (await ask(app, '/auth/status', bearing(token))).status
const codeOf = async (refreshToken: string) => (await refreshWith(app, refreshToken)).body.code
const isPublished = async (refreshToken: string) =>
  (await findRevokedIds(database, [sessionIdOf(refreshToken)])).revoked.length === 1
const client = createClient({ url: inject('databaseUrl') })
const livingOf = async (token: string) => {
  const { body } = await ask(app, '/auth/sessions', bearing(token))
  return (body.data as { sessions: unknown[] }).sessions.length
}
/** Copies a session this number of times. */
const copySession = (refreshToken: string, count: number) =>
  client.execute({
    sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
      INSERT INTO portcullis_sessions (id, user_id, created_at, authenticated_at, rotated_at,
        expires_at, absolute_expires_at, tokens_issued, tokens_expire_at)
      SELECT lower(hex(randomblob(8))), user_id, created_at, authenticated_at, rotated_at - 60,
        expires_at, absolute_expires_at, 1, tokens_expire_at FROM portcullis_sessions, n
      WHERE id = ?`,
    args: [count, sessionIdOf(refreshToken)],
  })

describe('a login over the limit', () => {
  it('ends the least recently used session, and publishes it, in two round trips', async () => {
    const first = await registerAccount(app)
    const second = await login(first)
    await login(first)
    await passTime(120, first.refreshToken)
    await passTime(180, second.refreshToken)
    counting.roundTrips = 0
    const last = await login(first)
    expect(counting.roundTrips).toBe(2)
    expect([await status(second.token), await codeOf(second.refreshToken)]).toEqual([
      401,
      'session_revoked',
    ])
    expect(await isPublished(second.refreshToken)).toBe(true)
    expect([await status(first.token), await status(last.token)]).toEqual([200, 200])
    expect(await isPublished(first.refreshToken)).toBe(false)
    expect(await livingOf(last.token)).toBe(3)
  })

  it('keeps a session that was refreshed since', async () => {
    const first = await registerAccount(app)
    const second = await login(first)
    await login(first)
    for (const { refreshToken } of [first, second]) await passTime(120, refreshToken)
    const refreshed = tokensOf(await refreshWith(app, first.refreshToken))
    await login(first)
    expect([await status(refreshed.token), await status(second.token)]).toEqual([200, 401])
  })

  it('publishes nothing where the access tokens of the ended session have expired', async () => {
    const first = await registerAccount(app)
    await passTime(1_300, first.refreshToken)
    for (let logins = 0; logins < 3; logins += 1) await login(first)
    expect(await isPublished(first.refreshToken)).toBe(false)
    expect(await codeOf(first.refreshToken)).toBe('session_revoked')
  })

  it('ignores sessions that have ended, and those of other accounts', async () => {
    const other = await registerAccount(app)
    const first = await registerAccount(app)
    const second = await login(first)
    const third = await login(first)
    await pretend('expires_at = unixepoch()', second.refreshToken)
    await pretend('revoked_at = unixepoch(), expires_at = unixepoch()', third.refreshToken)
    await login(first)
    const last = await login(first)
    expect([await status(first.token), await livingOf(last.token)]).toEqual([200, 3])
    expect(await status(other.token)).toBe(200)
  })

  it('ends nothing where it begins no session', async () => {
    const first = await registerAccount(app)
    await copySession(first.refreshToken, 5)
    await post(app, '/auth/login', { email: first.email, password: 'a wrong password' })
    expect(await livingOf(first.token)).toBe(6)
  })

  it('ends at most 1,000: the next login ends the rest', async () => {
    const first = await registerAccount(app)
    await copySession(first.refreshToken, 1_500)
    const living = async () => {
      const { rows } = await client.execute({
        sql: `SELECT count(*) AS n FROM portcullis_sessions WHERE revoked_at IS NULL
          AND user_id = (SELECT user_id FROM portcullis_sessions WHERE id = ?)`,
        args: [sessionIdOf(first.refreshToken)],
      })
      return Number(rows[0]?.n)
    }
    await login(first)
    expect(await living()).toBe(502)
    await login(first)
    expect(await living()).toBe(3)
  })
})

describe('50 simultaneous logins', () => {
  it('leave the allowed number of sessions, and publish each ended one', async () => {
    const first = await registerAccount(app)
    const logins = await Promise.all(Array.from({ length: 50 }, () => login(first)))
    // The first session too: begun in the same second as the last ones, it may be one of the three.
    const all = [first, ...logins]
    const statuses = await Promise.all(all.map(({ token }) => status(token)))
    expect(statuses.filter((one) => one === 200)).toHaveLength(3)
    const published = await Promise.all(all.map(({ refreshToken }) => isPublished(refreshToken)))
    expect(published.filter(Boolean)).toHaveLength(48)
  })
})
