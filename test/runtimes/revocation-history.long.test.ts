// A database that is put back to an earlier state, without revocations that guards know. And a feed
// that changes its history with every answer, like two databases behind one name.

import { execFileSync } from 'node:child_process'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Sqld, startSqld } from '../../scripts/sqld.ts'
import { withHead } from '../support/feed-faults.ts'
import { boundMs } from '../support/guarded.ts'
import { createKeySet } from '../support/issuing-service.ts'
import { loaded } from '../support/outage.ts'
import { drillRestore } from '../support/restore-drill.ts'
import { until } from '../support/server.ts'
import { type GuardedByProxy, revokedSession, type Stage, startStage } from '../support/stage.ts'
import { statusesOf, watch } from '../support/watch.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

let stage: Stage
let sqld: Sqld
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
  sqld = stage.service.database.sqld
})
afterAll(async () => {
  await sqld?.stop()
  await stage?.stop()
})

/** Stops the database, changes its files, and starts it again at the same address. */
async function whileStopped(work: (directory: string) => void): Promise<void> {
  const { directory, url } = stage.service.database
  await sqld.stop()
  work(directory)
  sqld = await startSqld({ directory, port: Number(new URL(url).port) })
}

/** Not the full procedure: the keys stay, because this tests the knowledge of guards. */
async function beginNewHistory(): Promise<void> {
  const file = join(stage.service.database.directory, 'other-keys.json')
  writeFileSync(file, await createKeySet())
  const { url } = stage.service.database
  const args = ['src/cli/main.ts', 'migrate', '--restored', '--file', file, '--url', url]
  execFileSync(process.execPath, args, { cwd: root, stdio: 'pipe' })
}

async function mintMany(guard: GuardedByProxy, count: number) {
  return Promise.all(Array.from({ length: count }, () => stage.mint(guard.issuer)))
}

describe('a guard of a service whose database is put back to an older state', () => {
  it('refuses that state, names the command, and forgets nothing after the command has run', async () => {
    const backup = `${stage.service.database.directory}-backup`
    const guard = await stage.startGuard()
    const [live = '', early = '', ...lost] = await mintMany(guard, 7)
    const after = lost.pop() ?? ''
    await stage.revoke(early)
    await whileStopped((directory) => cpSync(directory, backup, { recursive: true }))
    await loaded(guard, live)
    for (const token of lost) await stage.revoke(token)
    const statusesNow = () =>
      Promise.all([early, ...lost].map(async (token) => (await guard.ask(token)).status))
    // From memory: a loaded guard asks nothing about single tokens.
    await until(async () => (await statusesNow()).every((status) => status === 401))

    const watches = [live, early, ...lost].map((token) => watch(() => guard.ask(token), 100))
    const [liveWatch] = watches
    await whileStopped((directory) => {
      rmSync(directory, { recursive: true })
      cpSync(backup, directory, { recursive: true })
    })
    rmSync(backup, { recursive: true })
    const restoredAtMs = performance.now()
    await stage.revoke(after)
    await liveWatch?.answered(({ answer }) => answer.status === 503, restoredAtMs + boundMs)
    const command = /it ends at \d+, and ended at \d+ before.*run `portcullis migrate --restored`/
    await until(() => guard.server.log().some(({ problem }) => command.test(String(problem))))
    expect((await guard.ask(after)).status).toBe(503)

    const startedAtMs = performance.now()
    await beginNewHistory()
    const replacedAtMs = performance.now()
    await liveWatch?.answered(({ answer }) => answer.status === 200, replacedAtMs)
    await until(async () => (await guard.ask(after)).status === 401)
    await Promise.all(watches.map((one) => one.answered(() => true, performance.now())))
    const [liveSeen = [], ...refused] = await Promise.all(watches.map((one) => one.stop()))
    const broken = liveSeen.filter(({ answeredAtMs }) => answeredAtMs < startedAtMs)
    expect(statusesOf(broken, restoredAtMs + boundMs)).toEqual([503])
    for (const seen of refused) expect(statusesOf(seen, 0)).toEqual([401])
  })
})

describe('guards of a service whose backup is eight segments shorter', () => {
  it('name the command, and follow the new history within their bound', async () => {
    await drillRestore(inject('bundle'), { places: 8_000, isEpochLate: true })
  }, 120_000)
})

describe('a guard of a feed that changes its history with every answer', () => {
  it('answers in time, forgets nothing, and continues with a new history', async () => {
    const guard = await stage.startGuard()
    const live = await stage.mint(guard.issuer)
    const known = await stage.mint(guard.issuer, revokedSession)
    // More than one segment, so that a view takes several answers.
    await stage.service.database.query(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
      INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
      SELECT printf('%016d', i), unixepoch(), unixepoch() + 900 FROM n`,
    )
    await loaded(guard, live)
    let answers = 0
    const another = withHead((head) => ({ ...head, epoch: `history ${answers++}` }))
    guard.proxy.setFault(another, '/auth/feed/')
    const watches = [live, known].map((token) => watch(() => guard.ask(token), 100))
    const [liveWatch, knownWatch] = watches
    await liveWatch?.answered(({ answer }) => answer.status === 503)
    guard.proxy.setFault('none')
    // The guard has left the history that the database still has.
    const left = /back at an earlier epoch.*run `portcullis migrate --restored`/
    await until(() => guard.server.log().some(({ problem }) => left.test(String(problem))))
    await stage.service.database.query("UPDATE portcullis_feed_state SET epoch = 'at last'")
    const mendedAtMs = performance.now()
    await liveWatch?.answered(({ answer }) => answer.status === 200, mendedAtMs)
    await knownWatch?.answered(() => true, performance.now())
    const [liveSeen = [], knownSeen = []] = await Promise.all(watches.map((one) => one.stop()))
    expect(statusesOf(knownSeen, 0)).toEqual([401])
    const slowest = Math.max(...liveSeen.map((one) => one.answeredAtMs - one.sentAtMs))
    expect(slowest).toBeLessThan(boundMs)
  })
})
