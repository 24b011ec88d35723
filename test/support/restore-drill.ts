// Restores a backup under running guards, as in docs/operate/backup-and-restore.md: the history
// becomes shorter, and gets a new epoch.

import { cpSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { type Sqld, startSqld } from '../../scripts/sqld.ts'
import { boundMs } from './guarded.ts'
import { loaded } from './outage.ts'
import { until } from './server.ts'
import { type GuardedByProxy, revokedSession, type Stage, startStage, type Way } from './stage.ts'
import { statusesOf, type Watch, watch } from './watch.ts'

/** How a guard may learn of revocations. */
const ways: readonly Way[] = ['over HTTP', 'over a service binding', 'on Deno', 'over the database']

/** Revoked after the backup was made. */
const lostSession = 'a-session-lost00'
/** Revoked after it was restored. */
const laterSession = 'a-session-later0'

interface Tokens {
  readonly live: string
  readonly known: string
  readonly lost: string
  readonly later: string
}

interface Drilled {
  readonly guard: GuardedByProxy
  readonly tokens: Tokens
}

interface BusyGuard extends Drilled {
  readonly watches: Readonly<Record<keyof Tokens, Watch>>
}

export interface RestoreDrill {
  /** The number of places that the restored history lacks. */
  readonly places: number
  /** Whether the service runs on the backup for a while before its history has a new epoch. */
  readonly isEpochLate?: boolean
}

/** Restores a backup under two guards of every kind: one under constant requests, one without. */
export async function drillRestore(bundle: string, { places, isEpochLate }: RestoreDrill) {
  const stage = await startStage(bundle)
  const database = new RestorableDatabase(stage)
  try {
    await database.backUp()
    await fillPlaces(stage, places)
    await stage.revoke(await stage.mint(stage.service.issuer, lostSession))
    const guards = await Promise.all([...ways, ...ways].map((way) => startLoaded(stage, way)))
    const quiet = guards.slice(ways.length)
    const busy = guards.slice(0, ways.length).map(keepAsking)
    await database.restore()
    if (isEpochLate) await Promise.all(busy.map(expectCommandInLog))
    await database.replaceEpoch()
    const replacedAtMs = performance.now()
    await stage.revoke(await stage.mint(stage.service.issuer, laterSession))
    const revokedAtMs = performance.now()
    await delay(2 * boundMs)
    for (const one of busy) await expectGoneOver(one, { replacedAtMs, revokedAtMs })
    for (const one of quiet) await expectAnswers(one)
  } finally {
    await database.remove()
    await stage.stop()
  }
}

/** The database of a stage. Its files can be put back to an earlier state. */
export class RestorableDatabase {
  readonly #stage: Stage
  readonly #backup: string
  #sqld: Sqld

  constructor(stage: Stage) {
    this.#stage = stage
    this.#backup = `${stage.service.database.directory}-backup`
    this.#sqld = stage.service.database.sqld
  }

  backUp(): Promise<void> {
    return this.#whileStopped((directory) => cpSync(directory, this.#backup, { recursive: true }))
  }

  restore(): Promise<void> {
    return this.#whileStopped((directory) => {
      rmSync(directory, { recursive: true })
      cpSync(this.#backup, directory, { recursive: true })
    })
  }

  replaceEpoch() {
    return this.#stage.service.database.query(
      'UPDATE portcullis_feed_state SET epoch = lower(hex(randomblob(12)))',
    )
  }

  async remove(): Promise<void> {
    await this.#sqld.stop()
    rmSync(this.#backup, { recursive: true, force: true })
  }

  /** Stops it, changes its files, and starts it again at the same address. */
  async #whileStopped(work: (directory: string) => void): Promise<void> {
    const { directory, url } = this.#stage.service.database
    await this.#sqld.stop()
    work(directory)
    this.#sqld = await startSqld({ directory, port: Number(new URL(url).port) })
  }
}

/** Inserts revocations of unused ids, by SQL. */
function fillPlaces({ service }: Stage, count: number) {
  return service.database.query(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
    SELECT substr(lower(hex(randomblob(8))), 1, 16), unixepoch(), unixepoch() + 900 FROM n`,
    count,
  )
}

async function startLoaded(stage: Stage, way: Way): Promise<Drilled> {
  const guard = await stage.startGuard(way)
  const { issuer } = guard
  const tokens = {
    live: await stage.mint(issuer),
    known: await stage.mint(issuer, revokedSession),
    lost: await stage.mint(issuer, lostSession),
    later: await stage.mint(issuer, laterSession),
  }
  await loaded(guard, tokens.live)
  // The guards over the database send no requests that can be counted.
  await delay(1_000)
  const answers = [tokens.known, tokens.lost].map(async (token) => (await guard.ask(token)).status)
  expect(await Promise.all(answers)).toEqual([401, 401])
  return { guard, tokens }
}

function keepAsking({ guard, tokens }: Drilled): BusyGuard {
  const ask = (token: string) => watch(() => guard.ask(token), 100)
  const { live, known, lost, later } = tokens
  const watches = { live: ask(live), known: ask(known), lost: ask(lost), later: ask(later) }
  return { guard, tokens, watches }
}

function expectCommandInLog({ guard }: BusyGuard): Promise<void> {
  const command = /it ends at \d+, and ended at \d+ before.*run `portcullis migrate --restored`/
  return until(() => guard.server.log().some(({ problem }) => command.test(String(problem))))
}

interface Moments {
  readonly replacedAtMs: number
  readonly revokedAtMs: number
}

async function expectGoneOver(
  { guard, tokens, watches }: BusyGuard,
  { replacedAtMs, revokedAtMs }: Moments,
) {
  const { live, known, lost, later } = watches
  // Each of them ends, whatever the others have seen.
  const seen = {
    live: await live.stop(),
    known: await known.stop(),
    lost: await lost.stop(),
    later: await later.stop(),
  }
  expect(statusesOf(seen.live, replacedAtMs + boundMs)).toEqual([200])
  expect(statusesOf(seen.live, 0)).not.toContain(401)
  expect(statusesOf(seen.known, 0)).toEqual([401])
  expect(statusesOf(seen.lost, 0)).toEqual([401])
  expect(statusesOf(seen.later, revokedAtMs + boundMs)).toEqual([401])
  await expectAnswers({ guard, tokens })
}

/**
 * Asks one after the other: a guard whose last load failed while the database was away lets only the
 * request wait that loads again.
 */
async function expectAnswers({ guard, tokens }: Drilled): Promise<void> {
  const answers: number[] = []
  for (const token of [tokens.live, tokens.known, tokens.lost, tokens.later]) {
    answers.push((await guard.ask(token)).status)
  }
  const problems = guard.server.log().map(({ problem }) => String(problem))
  expect(answers, problems.slice(-4).join('\n')).toEqual([200, 401, 401, 401])
}
