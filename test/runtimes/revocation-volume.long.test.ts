// Many revocations: between two pulls more than the feed's segments hold, and more than a page of
// its snapshot holds. Meanwhile others are added and old ones are pruned.

import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { boundMs, type Guarded } from '../support/guarded.ts'
import { loaded } from '../support/outage.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { statusesOf, watch } from '../support/watch.ts'

const rowsAtOnce = 50_000
const sampleSize = 500

let stage: Stage
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
})
afterAll(() => stage?.stop())

/**
 * Revokes fresh ids whose tokens expire after this time. When it resolves, the revocations are
 * stored.
 */
async function revokeFresh(count: number, expiresInSeconds = 900): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomBytes(12).toString('base64url'))
  // In the order of the index, which is three times as fast.
  ids.sort()
  for (let from = 0; from < count; from += rowsAtOnce) {
    await stage.service.database.query(
      `INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
      SELECT value, unixepoch(), unixepoch() + ? FROM json_each(?)`,
      expiresInSeconds,
      JSON.stringify(ids.slice(from, from + rowsAtOnce)),
    )
  }
  return ids
}

/** Runs the regular housekeeping of the service, once. */
function pruneOnce() {
  return stage.service.database.query(
    `DELETE FROM portcullis_revoked_tokens WHERE seq IN
    (SELECT seq FROM portcullis_revoked_tokens WHERE expires_at < unixepoch() - 300 LIMIT 1000)`,
  )
}

/** Some of the ids, including the first and the last. */
function sampleOf(ids: readonly string[]): string[] {
  const step = Math.max(1, Math.floor(ids.length / (sampleSize / 2)))
  return [...ids.filter((_, place) => place % step === 0), ...ids.slice(-sampleSize / 2)]
}

/** The guard's answers to tokens of these sessions, each status once. */
async function statusesFor(guard: Guarded, sessions: readonly string[]): Promise<number[]> {
  const statuses = new Set<number>()
  for (let from = 0; from < sessions.length; from += 50) {
    const asked = sessions.slice(from, from + 50).map(async (session) => {
      statuses.add((await guard.ask(await stage.mint(guard.issuer, session))).status)
    })
    await Promise.all(asked)
  }
  return [...statuses]
}

describe('10,000 revocations between two pulls', () => {
  it('are all known within the bound', async () => {
    const guard = await stage.startGuard()
    const live = await stage.mint(guard.issuer)
    await loaded(guard, live)
    const liveWatch = watch(() => guard.ask(live))
    const ids = await revokeFresh(10_000)
    const revokedAtMs = performance.now()
    await liveWatch.answered(() => true, revokedAtMs + boundMs)
    expect(await statusesFor(guard, sampleOf(ids))).toEqual([401])
    expect(statusesOf(await liveWatch.stop(), 0)).toEqual([200])
    expect(guard.server.log()).toEqual([])
  })
})

describe('900,000 revocations', () => {
  it('are all known to a cold guard, while others are added and old ones pruned', async () => {
    await revokeFresh(50_000, -1_000)
    const ids = await revokeFresh(850_000)
    const added: string[] = []
    let isAdding = true
    const adding = (async () => {
      while (isAdding) {
        added.push(...(await revokeFresh(300)))
        await pruneOnce()
      }
    })()
    const guard = await stage.startGuard()
    const [live, early] = [await stage.mint(guard.issuer), await stage.mint(guard.issuer, ids[0])]
    const watches = [watch(() => guard.ask(live)), watch(() => guard.ask(early))]
    await loaded(guard, live)
    isAdding = false
    await adding
    await delay(boundMs)
    expect(await statusesFor(guard, [...sampleOf(ids), ...sampleOf(added)])).toEqual([401])
    expect(await statusesFor(guard, ['a-session-alive0', 'a-session-alive1'])).toEqual([200])
    const [liveSeen = [], earlySeen = []] = await Promise.all(watches.map((one) => one.stop()))
    // On a busy machine a page may take too long, once.
    expect(statusesOf(liveSeen, 0)).not.toContain(401)
    expect(statusesOf(earlySeen, 0)).not.toContain(200)
    for (const page of [0, 1, 2]) {
      expect(guard.proxy.count(`/auth/feed/snapshot/${page}`)).toBeGreaterThan(0)
    }
  })
})
