import { createClient } from '@libsql/client/http'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { pruneSessions } from '../../../src/service/domain/housekeeping.ts'
import { deleteEndedSessions } from '../../../src/service/store/session-endings.ts'
import {
  createCountingDatabase,
  createTestService,
  database,
  insertAccount,
  logout,
  registerAccount,
  sessionIdOf,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
let userId: number

beforeAll(async () => {
  userId = await insertAccount()
})

/**
 * Inserts sessions that ended this long ago. A negative time is in the future, for live sessions.
 */
function insertSessions(count: number, endedSecondsAgo: number) {
  return client.execute({
    sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
      INSERT INTO portcullis_sessions
        (id, user_id, created_at, authenticated_at, rotated_at, expires_at, absolute_expires_at)
      SELECT lower(hex(randomblob(8))), ?, 0, 0, 0, unixepoch() - ?, unixepoch() - ? FROM n`,
    args: [count, userId, endedSecondsAgo, endedSecondsAgo],
  })
}

async function countSessions(): Promise<number> {
  const { rows } = await client.execute({
    sql: 'SELECT count(*) AS n FROM portcullis_sessions WHERE user_id = ?',
    args: [userId],
  })
  return Number(rows[0]?.n)
}

describe('housekeeping', () => {
  it('deletes sessions that ended more than a day ago, at most 1,000 at once, and no others', async () => {
    const before = await countSessions()
    await insertSessions(2_500, 86_410)
    await insertSessions(3, 86_300)
    await insertSessions(2, -60)
    expect(await deleteEndedSessions(database)).toBe(1_000)
    expect(await pruneSessions({ database })).toBe(1_500)
    const counting = createCountingDatabase()
    expect(await pruneSessions({ database: counting })).toBe(0)
    expect(counting.roundTrips).toBe(1)
    expect(await countSessions()).toBe(before + 5)
  })

  it('counts the day from an early end of a session, where there was one', async () => {
    const { app } = await createTestService()
    const { token, refreshToken } = await registerAccount(app)
    await logout(app, token)
    const { rows } = await client.execute({
      sql: 'SELECT expires_at = revoked_at AS same FROM portcullis_sessions WHERE id = ?',
      args: [sessionIdOf(refreshToken)],
    })
    expect(rows[0]?.same).toBe(1)
  })

  it('leaves no session of a deleted account', async () => {
    await client.execute({ sql: 'DELETE FROM portcullis_users WHERE id = ?', args: [userId] })
    expect(await countSessions()).toBe(0)
  })
})
