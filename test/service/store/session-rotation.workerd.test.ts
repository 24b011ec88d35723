// Which refresh token counts as reused, over random histories. The database's own clock runs on,
// and rows are moved back in time.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createRandomId } from '../../../src/crypto/random-id.ts'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import { rotateSession } from '../../../src/service/store/session-rotation.ts'
import {
  createFakeClock,
  database,
  insertAccount,
  passTime,
  testEntry,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const graceSeconds = 30
/** How far the database's clock may have advanced meanwhile. */
const slackSeconds = 5

async function beginSession(): Promise<string> {
  const userId = await insertAccount()
  const { rows } = await client.execute({
    sql: 'SELECT id FROM portcullis_sessions WHERE user_id = ?',
    args: [userId],
  })
  return String(rows[0]?.id)
}

const rotate = (
  sessionId: string,
  version: number,
  tokenExpiresAt = systemRuntime.now() + 900,
  idleSeconds = 3_600,
) =>
  rotateSession(
    database,
    { ...{ sessionId, version, graceSeconds, idleSeconds, tokenExpiresAt }, signed: 2_000 },
    testEntry,
  )

/** The outcome as one word: `rotated`, or the reason against it. */
const outcomeOf = (rotated: Awaited<ReturnType<typeof rotate>>) =>
  rotated.ok ? 'rotated' : rotated.error.reason

/** Rotates twelve times. Gives how long ago each refresh token was replaced. */
async function rotateAtPace(id: string, pace: number, run: number): Promise<number[]> {
  const ages: number[] = []
  for (let version = 1; version <= 12; version += 1) {
    expect(outcomeOf(await rotate(id, version))).toBe('rotated')
    ages.push(0)
    const passed = Math.round(pace * (0.5 + ((run * 7 + version * 5) % 11) / 10))
    await passTime(passed, id)
    for (const [at, age] of ages.entries()) ages[at] = age + passed
  }
  return ages
}

const rowOf = async (sessionId: string) => {
  const { rows } = await client.execute({
    sql: 'SELECT *, tokens_expire_at - unixepoch() AS left FROM portcullis_sessions WHERE id = ?',
    args: [sessionId],
  })
  return rows[0]
}
const revocationOf = async (id: string) => {
  const { rows } = await client.execute({
    sql: 'SELECT expires_at - unixepoch() AS left FROM portcullis_revoked_tokens WHERE id = ?',
    args: [id],
  })
  return rows[0] && Number(rows[0].left)
}
const putRevoked = (id: string) =>
  client.execute({
    sql: 'INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at) VALUES (?, unixepoch(), unixepoch() + 900)',
    args: [id],
  })

describe('reuse of a refresh token', () => {
  it('is detected however often a thief rotates', async () => {
    const id = await beginSession()
    await rotate(id, 1)
    for (let version = 2; version <= 20; version += 1) {
      await passTime(5, id)
      expect(outcomeOf(await rotate(id, version))).toBe('rotated')
    }
    expect(outcomeOf(await rotate(id, 1))).toBe('refresh_token_reused')
    expect((await rowOf(id))?.revoked_at).not.toBeNull()
  })

  it('is detected three windows after the replacement, between two rotations', async () => {
    const id = await beginSession()
    await rotate(id, 1)
    await passTime(1, id)
    await rotate(id, 2)
    for (const version of [3, 4, 5]) {
      await passTime(version === 3 ? 28 : 29, id)
      expect(outcomeOf(await rotate(id, version))).toBe('rotated')
    }
    await passTime(4, id)
    expect(outcomeOf(await rotate(id, 2))).toBe('refresh_token_reused')
  })

  it.each([1, 3, 10, 29, 31, 60])(
    'is never assumed within the window of the replacement, and always after three windows (a rotation every %i s)',
    async (pace) => {
      for (let run = 0; run < 5; run += 1) {
        const id = await beginSession()
        const ages = await rotateAtPace(id, pace, run)
        const presented = 1 + ((run * 3) % ages.length)
        const age = ages[presented - 1] ?? 0
        const outcome = outcomeOf(await rotate(id, presented))
        if (age + slackSeconds < graceSeconds)
          expect(outcome, `${age} s`).not.toBe('refresh_token_reused')
        if (age >= 3 * graceSeconds) expect(outcome, `${age} s`).toBe('refresh_token_reused')
      }
    },
  )

  it('is detected from the first rotation on, after a version that kept no marks', async () => {
    const id = await beginSession()
    for (let version = 1; version <= 5; version += 1) {
      await client.execute({
        sql: 'UPDATE portcullis_sessions SET version = version + 1, rotated_at = unixepoch() WHERE id = ?',
        args: [id],
      })
      await passTime(20, id)
    }
    expect(outcomeOf(await rotate(id, 6))).toBe('rotated')
    for (let version = 7; version <= 12; version += 1) {
      await passTime(20, id)
      expect(outcomeOf(await rotate(id, version))).toBe('rotated')
    }
    expect(outcomeOf(await rotate(id, 6))).toBe('refresh_token_reused')
  })
})

describe('a session', () => {
  it('has one successor for any number of simultaneous refreshes', async () => {
    const id = await beginSession()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => rotate(id, 1)))
    expect(new Set(outcomes.map(outcomeOf))).toEqual(new Set(['rotated']))
    expect((await rowOf(id))?.version).toBe(2)
  })

  it.each(['sid', 'generation'])(
    'is over when another client has revoked its %s',
    async (which) => {
      const id = await beginSession()
      const { rows } = await client.execute({
        sql: 'SELECT token_generation FROM portcullis_users WHERE id = (SELECT user_id FROM portcullis_sessions WHERE id = ?)',
        args: [id],
      })
      await putRevoked(which === 'sid' ? id : String(rows[0]?.token_generation))
      expect(outcomeOf(await rotate(id, 1))).toBe('session_revoked')
      expect((await rowOf(id))?.version).toBe(1)
    },
  )

  it('is refreshed 60 times in a minute, and again in the next', async () => {
    const id = await beginSession()
    for (let version = 1; version <= 60; version += 1) {
      expect(outcomeOf(await rotate(id, version))).toBe('rotated')
    }
    expect(outcomeOf(await rotate(id, 61))).toBe('refresh_too_frequent')
    expect(outcomeOf(await rotate(id, 60))).toBe('refresh_too_frequent')
    expect((await rowOf(id))?.version).toBe(61)
    await passTime(60, id)
    expect(outcomeOf(await rotate(id, 61))).toBe('rotated')
  })
})

describe('the time for which the revocation of a session is remembered', () => {
  it('follows from the last issued token, not from a setting', async () => {
    const id = await beginSession()
    const now = systemRuntime.now()
    await rotate(id, 1, now + 3_600)
    await rotate(id, 2, now + 60)
    expect(Math.abs(Number((await rowOf(id))?.left) - 3_600)).toBeLessThan(slackSeconds)
    await passTime(3 * graceSeconds, id)
    expect(outcomeOf(await rotate(id, 1))).toBe('refresh_token_reused')
    const left = Number(await revocationOf(id))
    expect(Math.abs(left - (3_600 - 3 * graceSeconds))).toBeLessThan(slackSeconds)
  })

  it('includes a token that is issued again for the previous refresh token', async () => {
    const id = await beginSession()
    const now = systemRuntime.now()
    await rotate(id, 1, now + 900)
    const again = await rotate(id, 1, now + 930)
    expect(again).toMatchObject({ ok: true, value: { tokenExpiresAt: now + 930 } })
    expect(Number((await rowOf(id))?.tokens_expire_at)).toBe(now + 930)
  })

  it('never exceeds a day from now or the end of the session, like the signed tokens', async () => {
    const clock = createFakeClock()
    clock.advance(86_400 * 365)
    const id = await beginSession()
    const dayAtMost = await rotate(id, 1, clock.now())
    const { value } = dayAtMost as { value: { tokenExpiresAt: number } }
    expect(value.tokenExpiresAt - systemRuntime.now()).toBeLessThanOrEqual(7_200)
    await client.execute({
      sql: 'UPDATE portcullis_sessions SET absolute_expires_at = unixepoch() + 9000000 WHERE id = ?',
      args: [id],
    })
    const later = await rotate(id, 2, clock.now(), 9_000_000)
    const expiresAt = (later as { value: { tokenExpiresAt: number } }).value.tokenExpiresAt
    expect(Math.abs(expiresAt - systemRuntime.now() - 86_400)).toBeLessThan(slackSeconds)
    expect(Number((await rowOf(id))?.tokens_expire_at)).toBe(expiresAt)
  })

  it('is over, without a row, where every token has expired by the slowest clock', async () => {
    const id = await beginSession()
    await rotate(id, 1)
    await passTime(900 + 301, id)
    const reused = await rotate(id, 1)
    expect(reused).toMatchObject({
      error: { reason: 'refresh_token_reused', revocation: undefined },
    })
    expect(await revocationOf(id)).toBeUndefined()
    expect(outcomeOf(await rotate(id, 2))).toBe('session_revoked')
  })

  it('is a day for a version that does not store when its tokens expire', async () => {
    const id = createRandomId(systemRuntime)
    await client.execute({
      sql: `INSERT INTO portcullis_sessions (id, user_id, created_at, authenticated_at, rotated_at, expires_at, absolute_expires_at)
        VALUES (?, ?, unixepoch(), unixepoch(), unixepoch(), unixepoch() + 9000, unixepoch() + 9000)`,
      args: [id, await insertAccount()],
    })
    const day = expect.closeTo(86_460, -1)
    expect((await rowOf(id))?.left).toEqual(day)
    for (const change of ['version = version + 1', 'authenticated_at = unixepoch()']) {
      await client.execute({
        sql: 'UPDATE portcullis_sessions SET tokens_expire_at = 1 WHERE id = ?',
        args: [id],
      })
      await client.execute({
        sql: `UPDATE portcullis_sessions SET ${change} WHERE id = ?`,
        args: [id],
      })
      expect((await rowOf(id))?.left).toEqual(day)
    }
  })
})
