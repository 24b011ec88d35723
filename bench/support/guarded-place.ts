// A service whose feed has a number of live revocations, and the guarded Worker that asks it.

import { createRandomId } from '../../src/crypto/random-id.ts'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { bearing } from '../../test/support/client.ts'
import { startDatabase, type TestDatabase } from '../../test/support/database.ts'
import { until } from '../../test/support/server.ts'
import { testSettings } from '../../test/support/settings.ts'
import { serveOnWorkerd } from '../../test/support/workerd.ts'
import { bundleWorker } from './bundle.ts'
import { type Counter, startCounter } from './counter.ts'
import { activeKey, issuer, signToken } from './tokens.ts'

export interface GuardedPlace {
  /** The URL of the guarded Worker (workers/guard.ts). */
  readonly url: string
  readonly liveRevocations: number
  /** Milliseconds from the first request until the guard had loaded everything. */
  readonly loadedAfterMs: number
  /** Counts what the guards ask the service. */
  readonly questions: Counter
  stop(): Promise<void>
}

const idsPerInsert = 50_000

export function bundleGuardedPlace(directory: string) {
  return {
    service: bundleWorker(directory, 'src/worker.ts'),
    guards: bundleWorker(directory, 'bench/workers/guard.ts'),
  }
}

/** Starts both, and waits until the guard knows every revocation. */
export async function startGuardedPlace(
  bundles: ReturnType<typeof bundleGuardedPlace>,
  signingKeys: string,
  liveRevocations: number,
): Promise<GuardedPlace> {
  const database = await startDatabase()
  const revoked = await insertRevocations(database, liveRevocations)
  const service = await serveOnWorkerd(bundles.service, {
    ...testSettings,
    ISSUER: issuer,
    SIGNING_KEYS: signingKeys,
    TURSO_DATABASE_URL: database.url,
  })
  const questions = await startCounter(service.baseUrl)
  const guards = await serveOnWorkerd(
    bundles.guards,
    { ISSUER: issuer, SECRET_KEY: testSettings.SECRET_KEY },
    { services: { AUTH: questions.url } },
  )
  const url = `${guards.baseUrl}/guarded-es256`
  const key = await activeKey(signingKeys)
  const loadedAfterMs = await untilLoaded(url, await signToken(key), questions)
  for (const sessionId of revoked) {
    await expectRefused(url, await signToken(key, { sessionId }), questions)
  }
  return {
    url: guards.baseUrl,
    liveRevocations,
    loadedAfterMs,
    questions,
    async stop() {
      await Promise.all([guards.stop(), service.stop(), database.stop(), questions.stop()])
    },
  }
}

/** Inserts revocations, as after as many logouts. Gives the first and the last id. */
async function insertRevocations(database: TestDatabase, count: number): Promise<string[]> {
  const ends: string[] = []
  for (let inserted = 0; inserted < count; inserted += idsPerInsert) {
    const length = Math.min(idsPerInsert, count - inserted)
    // Random in all of their bits, like the ids of sessions: the view relies on it.
    const ids = Array.from({ length }, () => createRandomId(systemRuntime))
    await database.query(
      `INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
       SELECT value, unixepoch(), unixepoch() + 86400 FROM json_each(?)`,
      JSON.stringify(ids),
    )
    if (inserted === 0) ends.push(ids[0] ?? '')
    if (inserted + length === count) ends.push(ids.at(-1) ?? '')
  }
  return ends
}

/** A guard that has not loaded everything yet asks about each token. */
async function untilLoaded(url: string, token: string, questions: Counter): Promise<number> {
  const startedAt = performance.now()
  await until(async () => {
    questions.take()
    const { status } = await fetch(url, bearing(token))
    const { check, snapshot } = questions.take()
    return status === 200 && check + snapshot === 0
  })
  return performance.now() - startedAt
}

/** Checks that the guard knows this revocation without a question. */
async function expectRefused(url: string, token: string, questions: Counter): Promise<void> {
  questions.take()
  const { status } = await fetch(url, bearing(token))
  const { check } = questions.take()
  if (status === 401 && check === 0) return
  throw new Error(`A revoked token is answered ${status} after ${check} checks`)
}
