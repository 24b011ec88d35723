import { createClient } from '@libsql/client/http'
import { beforeEach, describe, expect, inject, it } from 'vitest'
import { createRandomId } from '../../../src/crypto/random-id.ts'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import { insertTokenRevocation } from '../../../src/service/store/token-revocation.ts'
import type { CallerToken } from '../../../src/service/store/users.ts'
import { database, insertAccount, passTime, testEntry } from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const freshId = () => createRandomId(systemRuntime)
const expiresAt = systemRuntime.now() + 600
let userId: number
let sessionId: string

beforeEach(async () => {
  userId = await insertAccount()
  const { rows } = await client.execute({
    sql: 'SELECT id FROM portcullis_sessions WHERE user_id = ?',
    args: [userId],
  })
  sessionId = String(rows[0]?.id)
})

/** A token of the session, or of another one. */
function tokenOf(session: string, changes: Partial<CallerToken> = {}) {
  const id = freshId()
  const tokenGeneration = freshId()
  const revocationIds = [id, session, tokenGeneration]
  const ids = { userId, sessionId: session, tokenGeneration, revocationIds }
  const token = { ...ids, expiresAt, remainingSeconds: 0 }
  return { id, token: { ...token, ...changes } }
}

const revoke = ({ id, token } = tokenOf(sessionId)) =>
  insertTokenRevocation(database, token, id, testEntry)

const isEnded = async () => {
  const { rows } = await client.execute({
    sql: 'SELECT revoked_at FROM portcullis_sessions WHERE id = ?',
    args: [sessionId],
  })
  return rows[0]?.revoked_at !== null
}

describe('a single token', () => {
  it('is revoked once, until its expiry', async () => {
    const one = tokenOf(sessionId)
    expect(await revoke(one)).toEqual({ id: one.id, expiresAt, place: expect.any(Number) })
    expect(await revoke(one)).toBeUndefined()
    expect(await isEnded()).toBe(false)
  })

  it('is revoked, whatever the state of its session', async () => {
    const one = tokenOf(freshId())
    expect(await revoke(one)).toEqual({ id: one.id, expiresAt, place: expect.any(Number) })
    expect(await revoke(one)).toBeUndefined()
  })

  it('is answered, and remembered for a day at most, whatever a stolen key has signed', async () => {
    const forged = tokenOf(freshId(), { expiresAt: Number.MAX_SAFE_INTEGER })
    const revocation = await revoke(forged)
    const left = Number(revocation?.expiresAt) - systemRuntime.now()
    expect(Math.abs(left - 86_400)).toBeLessThan(5)
  })
})

describe('many tokens of one session', () => {
  it('end the session with the fourth, and leave four rows, however many come at once', async () => {
    const revocations = await Promise.all(Array.from({ length: 50 }, () => revoke()))
    const made = revocations.filter((one) => one !== undefined)
    expect(made).toHaveLength(4)
    // Remembered also for the session's other tokens, which expire later.
    const ofSession = made.filter(({ id }) => id === sessionId)
    expect(ofSession.map((one) => one.expiresAt > expiresAt + 200)).toEqual([true])
    expect(await isEnded()).toBe(true)
  })

  it('revoke a session that was ended in the database', async () => {
    await client.execute({
      sql: 'UPDATE portcullis_sessions SET revoked_at = 7 WHERE id = ?',
      args: [sessionId],
    })
    expect((await revoke())?.id).toBe(sessionId)
    expect(await revoke()).toBeUndefined()
    const { rows } = await client.execute({
      sql: 'SELECT revoked_at FROM portcullis_sessions WHERE id = ?',
      args: [sessionId],
    })
    expect(rows[0]?.revoked_at).toBe(7)
  })

  it('end it only before the first of them expires', async () => {
    // The state of a version that does not store when its tokens expire.
    await client.execute({
      sql: 'UPDATE portcullis_sessions SET tokens_expire_at = unixepoch() + 86460 WHERE id = ?',
      args: [sessionId],
    })
    for (let times = 1; times <= 3; times += 1) await revoke()
    await passTime(601, sessionId)
    expect((await revoke())?.id).not.toBe(sessionId)
    expect(await isEnded()).toBe(false)
  })
})
