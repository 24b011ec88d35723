// Measures how long a token is still accepted after the logout of its session, end to end. The
// service, a busy guarded Worker and idle isolates of that Worker are three processes over one
// sqld.
//
// Every token is shown to the busy guard each 25 ms, from before the logout until it is refused.
// Each token is also shown to one idle isolate that gets no other requests. Half of the tokens are
// shown there each 25 ms as well, so that an idle isolate becomes busy. The others are shown
// rarely, so that the isolate stays idle and its data gets as old as the bound allows. The commit
// is the moment when the logout was answered.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createClientOf } from '../../test/support/client.ts'
import { startDatabase } from '../../test/support/database.ts'
import { createKeySet } from '../../test/support/issuing-service.ts'
import { testSettings } from '../../test/support/settings.ts'
import { serveOnWorkerd } from '../../test/support/workerd.ts'
import { bundleWorker } from '../support/bundle.ts'
import { serveInIsolates } from '../support/isolates.ts'
import { type Revoked, renderStaleness, type Watcher } from '../support/render-staleness.ts'
import { issuer } from '../support/tokens.ts'
import { createChance, gapOf } from '../support/virtual-time.ts'
import { type Asked, ask, type Watched, watch } from '../support/watch.ts'

const logouts = Number(process.env.BENCH_STALENESS_LOGOUTS ?? 1_000)
/** The time over which the logouts are spread. */
const seconds = Number(process.env.BENCH_STALENESS_SECONDS ?? 110)
const isolates = 128
const pollEveryMs = 25
const sparseGapMs = 4_000
const longestGapMs = 12_000
/** How long a token is shown before its logout. */
const leadsMs = { busy: [300, 800], idle: [300, 800], sparse: [2_000, 12_000] } as const
const busyRequestsPerSecond = 300
const serviceRequestsPerSecond = 20
const burstEveryMs = 50
const chance = createChance(1)

interface Place {
  readonly service: string
  readonly busy: string
  readonly isolates: string
  stop(): Promise<void>
}

/** @param directory for the bundles */
export async function measureStaleness(directory: string): Promise<string> {
  const place = await startPlace(directory)
  const ended = new AbortController()
  try {
    const [goodToken = '', ...tokens] = await registerMany(place.service, logouts + 1)
    const beganAtMs = performance.now()
    const background = Promise.all([
      keepAsking(busyRequestsPerSecond, ended.signal, async () => {
        const { status } = await ask(place.busy, goodToken)
        if (status !== 200) throw new Error(`The busy guard answers a good token with ${status}`)
      }),
      keepAsking(serviceRequestsPerSecond, ended.signal, askService(place.service, goodToken)),
    ])
    // A failure is reported below; nothing awaits this promise until then.
    background.catch(() => {})
    const revoked = await revokeAll(place, tokens)
    ended.abort()
    const [busyRequests, serviceRequests] = await background
    const tookSeconds = (performance.now() - beganAtMs) / 1_000
    return await renderStaleness(revoked, { busyRequests, serviceRequests, seconds: tookSeconds })
  } finally {
    ended.abort()
    await place.stop()
  }
}

async function startPlace(directory: string): Promise<Place> {
  const bundle = bundleWorker(directory, 'bench/workers/portcullis.ts')
  const database = await startDatabase()
  const service = await serveOnWorkerd(bundleWorker(directory, 'src/worker.ts'), {
    ...testSettings,
    ISSUER: issuer,
    SIGNING_KEYS: await createKeySet(),
    TURSO_DATABASE_URL: database.url,
  })
  const busy = await serveOnWorkerd(bundle, {}, { services: { AUTH: service.baseUrl } })
  const folder = join(directory, 'isolates')
  mkdirSync(folder)
  const idle = await serveInIsolates(folder, bundle, service.baseUrl, isolates)
  return {
    service: service.baseUrl,
    busy: `${busy.baseUrl}/`,
    isolates: idle.baseUrl,
    async stop() {
      await Promise.all([busy.stop(), idle.stop(), service.stop(), database.stop()])
    },
  }
}

/** Registers accounts, and gives a token of each. */
async function registerMany(service: string, count: number): Promise<string[]> {
  const client = createClientOf(service)
  const tokens: string[] = []
  while (tokens.length < count) {
    tokens.push(...(await Promise.all(Array.from({ length: 8 }, () => client.token()))))
  }
  return tokens.slice(0, count)
}

/** Logs out all sessions, each at a random moment, and watches their tokens. */
async function revokeAll(place: Place, tokens: readonly string[]): Promise<Revoked[]> {
  const firstAtMs = performance.now() + leadsMs.sparse[1]
  // First in, first out: the next isolate is the one that has been idle for longest.
  const free = Array.from({ length: isolates }, (_, number) => number)
  const inIsolate = async (use: (url: string) => Promise<Watched>) => {
    const number = free.shift()
    if (number === undefined) throw new Error(`All ${isolates} isolates are in use`)
    const watched = await use(`${place.isolates}/${number}/`)
    free.push(number)
    return watched
  }
  const revokeOne = async (token: string, index: number): Promise<Revoked[]> => {
    const logoutAtMs = firstAtMs + chance() * seconds * 1_000
    const idle = index % 2 === 0 ? 'idle' : 'sparse'
    const [logout, before, beforeIdle] = await Promise.all([
      logOut(place.service, token, logoutAtMs),
      watchFrom('busy', logoutAtMs, (gap) => watch(place.busy, token, gap)),
      watchFrom(idle, logoutAtMs, (gap) => inIsolate((url) => watch(url, token, gap))),
    ])
    return [
      { ...before, watcher: 'busy', logout },
      { ...beforeIdle, watcher: idle, logout },
    ]
  }
  return (await Promise.all(tokens.map(revokeOne))).flat()
}

async function watchFrom(
  watcher: Watcher,
  logoutAtMs: number,
  begin: (nextGapMs: () => number) => Promise<Watched>,
): Promise<Watched> {
  const [least, most] = leadsMs[watcher]
  await untilMoment(logoutAtMs - least - chance() * (most - least))
  if (watcher !== 'sparse') return begin(() => pollEveryMs)
  return begin(() => Math.min(longestGapMs, gapOf(1 / sparseGapMs, chance)))
}

async function logOut(service: string, token: string, atMs: number): Promise<Asked> {
  await untilMoment(atMs)
  const logout = await ask(`${service}/auth/logout`, token, 'POST')
  if (logout.status === 200) return logout
  throw new Error(`The service answers a logout with ${logout.status}`)
}

function untilMoment(atMs: number): Promise<void> {
  return delay(Math.max(0, atMs - performance.now()))
}

/** The other load of the service: three questions for each registration. */
function askService(service: string, token: string): () => Promise<void> {
  const client = createClientOf(service)
  let asked = 0
  return async () => {
    asked += 1
    const { status } = asked % 4 === 0 ? await client.register() : await client.status(token)
    if (status >= 300) throw new Error(`The service answers with ${status}`)
  }
}

/**
 * Asks at a constant rate, however long the answers take.
 *
 * @returns how often it asked
 */
async function keepAsking(
  perSecond: number,
  signal: AbortSignal,
  askOnce: () => Promise<void>,
): Promise<number> {
  const beganAtMs = performance.now()
  const asked: Promise<void>[] = []
  const failures: unknown[] = []
  while (!signal.aborted && failures.length === 0) {
    const due = ((performance.now() - beganAtMs) / 1_000) * perSecond
    while (asked.length < due) {
      asked.push(askOnce().catch((error: unknown) => void failures.push(error)))
    }
    await delay(burstEveryMs)
  }
  await Promise.all(asked)
  if (failures.length > 0) throw failures[0]
  return asked.length
}
