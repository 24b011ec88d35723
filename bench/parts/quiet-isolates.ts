// Measures an isolate with few requests, without and with a followed feed: how often a request
// waits, how often the isolate asks the service, and how old its knowledge is. The guard's own code
// runs over a feed in memory, in virtual time.

import { setImmediate as settle } from 'node:timers/promises'
import { renderTable } from '../../scripts/docs/markdown.ts'
import { loaderOf } from '../../src/guard/revocation/isolate-views.ts'
import { createSecretKeySet, createVerifier, type Runtime, type Verifier } from '../../src/index.ts'
import { testSettings } from '../../test/support/settings.ts'
import { createQuietFeed, roundTripMs, sharedForMs } from '../support/quiet-feed.ts'
import { quantile, renderCount } from '../support/table.ts'
import { issuer, secretKey, signToken } from '../support/tokens.ts'
import { createChance, gapOf, VirtualTime } from '../support/virtual-time.ts'

const ratesPerSecond = [0.01, 0.1, 1, 10, 100]
const boundsSeconds = [10, 60]
/** Virtual seconds of each combination, unless that would be too many requests. */
const seconds = Number(process.env.BENCH_QUIET_SECONDS ?? 1_000_000)
const maxRequests = Number(process.env.BENCH_QUIET_REQUESTS ?? 1_000_000)
const seed = 1

const dollarsPerRequest = 0.3 / 1_000_000
const hoursPerMonth = 730

/** One isolate. */
interface Isolate {
  readonly ratePerSecond: number
  readonly maxStalenessSeconds: number
  readonly follow: boolean
}

interface Counts {
  /** Pulls, exact checks, and streams. */
  questions: number
  requests: number
  waited: number
  /** For each request: how old the known revocations were when it was let in. */
  readonly agesMs: number[]
}

interface Figures extends Counts {
  readonly hours: number
}

/** What a request meets. */
interface Guard {
  readonly verifier: Verifier
  readonly runtime: Runtime
  readonly token: string
  readonly counts: Counts
}

const heads = [
  'requests/s per isolate',
  'waited',
  'questions an hour',
  '$ a month',
  'age, median (s)',
  'age, largest (s)',
]

export async function simulateQuietIsolates(): Promise<string> {
  const tables: string[] = []
  for (const bound of boundsSeconds) {
    const rows: string[][] = []
    for (const rate of ratesPerSecond) rows.push(await compare(rate, bound))
    tables.push(`With a bound of ${bound} s:`, renderTable(heads, rows))
  }
  return [
    `One isolate, requests at random (Poisson, seed ${seed}), no revocations; the guard's own code in virtual time, ${renderTime()}. A round trip to the service takes ${roundTripMs} ms, and its answer is up to ${sharedForMs / 1_000} s old. Each figure is given without and with a followed feed (without → with). Questions are pulls, exact checks and streams. The age is that of the known revocations when a request is let in.`,
    ...tables,
    `The price is $0.30 for a million requests to the service over HTTP, ${hoursPerMonth} hours a month. It is what goes beyond the plan, without CPU time. Requests over a service binding cost nothing. These are Cloudflare's prices of 2026; look at the current list.`,
  ].join('\n\n')
}

function renderTime(): string {
  return `${renderCount(seconds)} s or ${renderCount(maxRequests)} requests for each figure`
}

/** One row. */
async function compare(ratePerSecond: number, maxStalenessSeconds: number): Promise<string[]> {
  const simulateOne = (follow: boolean) => simulate({ ratePerSecond, maxStalenessSeconds, follow })
  const without = renderFigures(await simulateOne(false))
  const followed = renderFigures(await simulateOne(true))
  const cells = without.map((cell, column) => `${cell} → ${followed[column]}`)
  return [String(ratePerSecond), ...cells]
}

function renderFigures({ hours, questions, requests, waited, agesMs }: Figures): string[] {
  const dollars = (questions / hours) * hoursPerMonth * dollarsPerRequest
  return [
    waited > 0 ? `${Number(((waited / requests) * 100).toPrecision(3))} %` : 'none',
    (questions / hours).toFixed(0),
    `$${dollars.toFixed(3)}`,
    (quantile(agesMs, 0.5) / 1_000).toFixed(1),
    (quantile(agesMs, 1) / 1_000).toFixed(1),
  ]
}

async function simulate({ ratePerSecond, maxStalenessSeconds, follow }: Isolate): Promise<Figures> {
  const time = new VirtualTime()
  const { runtime } = time
  const chance = createChance(seed)
  const counts: Counts = { questions: 0, requests: 0, waited: 0, agesMs: [] }
  // What the feed answers must not change when the requests come.
  const chanceOfFeed = createChance(seed + 1)
  const verifier = createVerifier({
    issuer,
    audience: issuer,
    keys: () => createSecretKeySet(testSettings.SECRET_KEY),
    revocation: { maxStalenessSeconds, follow },
    revocationSource: () => createQuietFeed(time, chanceOfFeed, counts),
    runtime,
  })
  const guard = { verifier, runtime, token: await signLastingToken(runtime), counts }
  await warmUp(guard, time)
  const beganAtMs = runtime.elapsedMs()
  const endsAtMs = beganAtMs + Math.min(seconds, maxRequests / ratePerSecond) * 1_000
  while (runtime.elapsedMs() < endsAtMs) {
    await time.pass(gapOf(ratePerSecond / 1_000, chance))
    void request(guard)
    await settle()
  }
  return { ...counts, hours: (runtime.elapsedMs() - beganAtMs) / 3_600_000 }
}

/** The first request reaches an isolate without any data, and is not counted. */
async function warmUp({ verifier, token, counts }: Guard, time: VirtualTime): Promise<void> {
  const first = verifier.verify(token)
  // The signature is verified in real time.
  while (counts.questions === 0) await settle()
  await time.pass(roundTripMs)
  const { ok } = await first
  if (!ok) throw new Error('The first request was refused')
  counts.questions = 0
}

/** A request that waits for the service gets its answer later, and only this clock moves on. */
async function request({ verifier, runtime, token, counts }: Guard): Promise<void> {
  const beganAtMs = runtime.elapsedMs()
  const { ok } = await verifier.verify(token)
  if (!ok) throw new Error('A good token was refused')
  counts.requests += 1
  counts.agesMs.push(loaderOf(issuer, runtime).view.ageMs())
  if (runtime.elapsedMs() > beganAtMs) counts.waited += 1
}

async function signLastingToken(runtime: Runtime): Promise<string> {
  const lifetimeSeconds = seconds * 2
  return signToken(await secretKey(), { runtime, lifetimeSeconds })
}
