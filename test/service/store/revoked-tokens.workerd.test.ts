import { createClient } from '@libsql/client/http'
import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { createRandomId } from '../../../src/crypto/random-id.ts'
import { refuse, succeed } from '../../../src/errors/reasons.ts'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import { pruneRevocations } from '../../../src/service/domain/housekeeping.ts'
import { build, readBatch } from '../../../src/service/store/database.ts'
import {
  deleteExpiredRevocations,
  insertLastingRevocation,
  isTokenLive,
} from '../../../src/service/store/revoked-tokens.ts'
import { endOwnSession } from '../../../src/service/store/session-endings.ts'
import { type CallerToken, findAccountByToken } from '../../../src/service/store/users.ts'
import {
  createTestService,
  database,
  insertAccount,
  postForm,
  registerAccount,
  sessionIdOf,
  testEntry,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const freshId = () => createRandomId(systemRuntime)
const inSeconds = (seconds: number) => systemRuntime.now() + seconds
let userId: number
let tokenGeneration: string

beforeAll(async () => {
  userId = await insertAccount()
  tokenGeneration = await generationOf(userId)
})

async function generationOf(id: number): Promise<string> {
  const { rows } = await client.execute({
    sql: 'SELECT token_generation FROM portcullis_users WHERE id = ?',
    args: [id],
  })
  return String(rows[0]?.token_generation)
}

/** The caller of a session without a row, as in versions before 0.4. */
function revocationOf(sessionId: string, changes: Partial<CallerToken> = {}): CallerToken {
  const revocationIds = [freshId(), sessionId, freshId()]
  const expiresAt = inSeconds(900)
  const ids = { sessionId, userId, tokenGeneration, revocationIds }
  return { ...ids, expiresAt, remainingSeconds: 0, ...changes }
}

const revokeSession = (caller: CallerToken) => endOwnSession(database, caller, testEntry)

async function rowOf(id: string) {
  const { rows } = await client.execute({
    sql: 'SELECT *, unixepoch() AS now FROM portcullis_revoked_tokens WHERE id = ?',
    args: [id],
  })
  return rows[0]
}

describe('revoking a session', () => {
  it('is reported to one of many simultaneous requests, and leaves one row', async () => {
    const revocation = revocationOf(freshId())
    const ask = () => revokeSession(revocation)
    const outcomes = await Promise.all(Array.from({ length: 20 }, ask))
    const winners = outcomes.filter(({ ok }) => ok)
    const { expiresAt } = revocation
    const place = expect.any(Number)
    const stored = { id: revocation.sessionId, expiresAt, place }
    expect(winners).toEqual([succeed(stored)])
    const losers = outcomes.filter((outcome) => !outcome.ok && outcome.error === 'token_revoked')
    expect(losers).toHaveLength(19)
    const { rows } = await client.execute({
      sql: 'SELECT count(*) AS n FROM portcullis_revoked_tokens WHERE id = ?',
      args: [revocation.sessionId],
    })
    expect(rows[0]?.n).toBe(1)
  })

  it('is remembered for a day at most, whatever a stolen key has signed', async () => {
    const sessionId = freshId()
    await revokeSession(revocationOf(sessionId, { expiresAt: Number.MAX_SAFE_INTEGER }))
    const row = await rowOf(sessionId)
    expect(row?.expires_at).toBe(Number(row?.revoked_at) + 86_400)
  })

  it('is refused to a token of which any id is revoked', async () => {
    const revoked = revocationOf(freshId())
    await revokeSession(revoked)
    const other = revocationOf(freshId(), {
      revocationIds: [freshId(), freshId(), revoked.sessionId],
    })
    expect(await revokeSession(other)).toEqual(refuse('token_revoked'))
    expect(await rowOf(other.sessionId)).toBeUndefined()
  })

  it('is refused where the account is missing or disabled', async () => {
    const nobody = revocationOf(freshId(), { userId: 999_999_999 })
    expect(await revokeSession(nobody)).toEqual(refuse('account_gone'))
    const disabled = await insertAccount()
    await client.execute({
      sql: 'UPDATE portcullis_users SET disabled_at = 1 WHERE id = ?',
      args: [disabled],
    })
    const tokenGeneration = await generationOf(disabled)
    const theirs = revocationOf(freshId(), { userId: disabled, tokenGeneration })
    expect(await revokeSession(theirs)).toEqual(refuse('account_gone'))
    expect(await rowOf(theirs.sessionId)).toBeUndefined()
  })

  it('is seen by the very next check', async () => {
    const revocation = revocationOf(freshId())
    const before = await findAccountByToken(database, revocation)
    await revokeSession(revocation)
    const after = await findAccountByToken(database, revocation)
    expect([before.ok, after]).toEqual([true, refuse('token_revoked')])
  })
})

describe('a lasting revocation', () => {
  it('gets a new place in the order when it is revoked again, and outlives every token', async () => {
    const id = freshId()
    await revokeSession(revocationOf(id))
    const before = await rowOf(id)
    await revokeSession(revocationOf(freshId()))
    await insertLastingRevocation(database, id, testEntry, '')
    const after = await rowOf(id)
    expect(Number(after?.seq)).toBe(Number(before?.seq) + 2)
    expect(after?.expires_at).toBe(2 ** 32 - 1)
    await insertLastingRevocation(database, id, testEntry, '')
    expect(Number((await rowOf(id))?.seq)).toBeGreaterThan(Number(after?.seq))
  })
})

describe('a session that another client has revoked', () => {
  it('is over: its refresh token revokes nothing, and the stored revocation stays', async () => {
    const { app } = await createTestService()
    const { refreshToken } = await registerAccount(app)
    const sessionId = sessionIdOf(refreshToken)
    await insertLastingRevocation(database, sessionId, testEntry, '')
    const before = await rowOf(sessionId)
    await postForm(app, '/oauth/revoke', { token: refreshToken })
    const after = await rowOf(sessionId)
    expect(after).toEqual({ ...before, now: after?.now })
  })
})

describe('the condition for other statements', () => {
  it('holds until any of the ids is revoked', async () => {
    const revocationIds = [freshId(), freshId()]
    const ask = async () => {
      const statement = build.select({ live: sql<number>`${isTokenLive({ revocationIds })}` })
      const { found } = await readBatch(database, { found: statement.from(sql`(SELECT 1)`) })
      return found
    }
    expect(await ask()).toEqual([{ live: 1 }])
    await insertLastingRevocation(database, revocationIds[1] ?? '', testEntry, '')
    expect(await ask()).toEqual([{ live: 0 }])
  })
})

describe('pruning', () => {
  const insertExpired = (count: number, expiredSecondsAgo: number) =>
    client.execute({
      sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
        INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
        SELECT lower(hex(randomblob(8))), 0, unixepoch() - ? FROM n`,
      args: [count, expiredSecondsAgo],
    })

  it('deletes only what expired more than 300 s ago, in deletes of at most 1,000', async () => {
    const living = freshId()
    await revokeSession(revocationOf(living))
    await insertExpired(2_500, 400)
    await insertExpired(3, 200)
    expect(await deleteExpiredRevocations(database)).toBe(1_000)
    expect(await pruneRevocations({ database })).toBe(1_500)
    expect(await pruneRevocations({ database })).toBe(0)
    const { rows } = await client.execute(
      'SELECT count(*) AS n FROM portcullis_revoked_tokens WHERE expires_at < unixepoch()',
    )
    expect(rows[0]?.n).toBe(3)
    expect(await rowOf(living)).toBeDefined()
  })

  it('never lets a place in the order be used twice', async () => {
    const last = freshId()
    await revokeSession(revocationOf(last))
    const before = Number((await rowOf(last))?.seq)
    await client.execute({
      sql: 'DELETE FROM portcullis_revoked_tokens WHERE id = ?',
      args: [last],
    })
    const next = freshId()
    await revokeSession(revocationOf(next))
    expect(Number((await rowOf(next))?.seq)).toBeGreaterThan(before)
  })
})
