// Measures an isolate with few requests: how often a request waits for the feed, and how often the
// isolate asks the feed. The guard's own code runs over a feed in memory, in virtual time.

import { setImmediate as settle } from 'node:timers/promises'
import { renderTable } from '../../scripts/docs/markdown.ts'
import { succeed } from '../../src/errors/reasons.ts'
import {
  createSecretKeySet,
  createVerifier,
  type RevocationSource,
  type Runtime,
  type Verifier,
} from '../../src/index.ts'
import { testSettings } from '../../test/support/settings.ts'
import { issuer, secretKey, signToken } from '../support/tokens.ts'
import { createChance, gapOf, VirtualTime } from '../support/virtual-time.ts'

const ratesPerSecond = [0.01, 0.1, 1, 10, 100]
const boundsSeconds = [10, 60]
/** Virtual seconds of each combination, unless that would be too many requests. */
const seconds = Number(process.env.BENCH_QUIET_SECONDS ?? 1_000_000)
const maxRequests = Number(process.env.BENCH_QUIET_REQUESTS ?? 1_000_000)
/** The round trip to the service. */
const roundTripMs = 30
/** The service reads the database once for all questions within this time. */
const sharedForMs = 1_000
const seed = 1

const dollarsPerRequest = 0.3 / 1_000_000
const hoursPerMonth = 730

interface Cell {
  readonly waitedShare: number
  readonly pullsPerHour: number
}

interface Counts {
  /** Pulls and exact checks. */
  questions: number
  requests: number
  waited: number
}

export async function simulateQuietIsolates(): Promise<string> {
  const rows: string[][] = []
  for (const rate of ratesPerSecond) {
    const row = [String(rate)]
    for (const bound of boundsSeconds) row.push(...renderCell(await simulate(rate, bound)))
    rows.push(row)
  }
  const heads = boundsSeconds.flatMap((bound) => [
    `waited, bound ${bound} s`,
    'pulls per hour',
    '$ per month',
  ])
  return [
    `One isolate, requests at random (Poisson, seed ${seed}), no revocations; the guard's own code in virtual time, ${renderTime()}. A round trip to the service takes ${roundTripMs} ms, and its answer is up to ${sharedForMs / 1_000} s old.`,
    renderTable(['requests/s per isolate', ...heads], rows),
    `The price is $0.30 for a million requests to the service over HTTP, ${hoursPerMonth} hours a month. It is what goes beyond the plan, without CPU time. Requests over a service binding cost nothing. These are Cloudflare's prices of 2026; look at the current list.`,
  ].join('\n\n')
}

function renderTime(): string {
  return `${seconds.toLocaleString('en-US')} s or ${maxRequests.toLocaleString('en-US')} requests for each figure`
}

function renderCell({ waitedShare, pullsPerHour }: Cell): string[] {
  const dollars = pullsPerHour * hoursPerMonth * dollarsPerRequest
  return [
    waitedShare > 0 ? `${(waitedShare * 100).toPrecision(3)} %` : 'none',
    pullsPerHour.toFixed(0),
    `$${dollars.toFixed(3)}`,
  ]
}

async function simulate(ratePerSecond: number, maxStalenessSeconds: number): Promise<Cell> {
  const time = new VirtualTime()
  const chance = createChance(seed)
  const counts: Counts = { questions: 0, requests: 0, waited: 0 }
  const verifier = createVerifier({
    issuer,
    audience: issuer,
    keys: () => createSecretKeySet(testSettings.SECRET_KEY),
    revocation: { maxStalenessSeconds },
    revocationSource: () => createQuietFeed(time, chance, counts),
    runtime: time.runtime,
  })
  const token = await signLastingToken(time.runtime)
  await warmUp(verifier, token, time, counts)
  const beganAtMs = time.runtime.elapsedMs()
  const endsAtMs = beganAtMs + Math.min(seconds, maxRequests / ratePerSecond) * 1_000
  while (time.runtime.elapsedMs() < endsAtMs) {
    await time.pass(gapOf(ratePerSecond / 1_000, chance))
    void request(verifier, token, time, counts)
    await settle()
  }
  const hours = (time.runtime.elapsedMs() - beganAtMs) / 3_600_000
  const { questions, requests, waited } = counts
  return { waitedShare: waited / requests, pullsPerHour: questions / hours }
}

/** The first request reaches an isolate without any data, and is not counted. */
async function warmUp(
  verifier: Verifier,
  token: string,
  time: VirtualTime,
  counts: Counts,
): Promise<void> {
  const first = verifier.verify(token)
  // The signature is verified in real time.
  while (counts.questions === 0) await settle()
  await time.pass(roundTripMs)
  const { ok } = await first
  if (!ok) throw new Error('The first request was refused')
  counts.questions = 0
}

/** A request that waits for the service gets its answer later, and only this clock moves on. */
async function request(
  verifier: Verifier,
  token: string,
  { runtime }: VirtualTime,
  counts: Counts,
): Promise<void> {
  const beganAtMs = runtime.elapsedMs()
  const { ok } = await verifier.verify(token)
  if (!ok) throw new Error('A good token was refused')
  counts.requests += 1
  if (runtime.elapsedMs() > beganAtMs) counts.waited += 1
}

/** A feed without any revocations, which counts the questions. */
function createQuietFeed(
  { runtime }: VirtualTime,
  chance: () => number,
  counts: Counts,
): RevocationSource {
  const ask = async () => {
    counts.questions += 1
    const ageMs = chance() * sharedForMs
    await runtime.delay(roundTripMs)
    return { nowMs: runtime.nowMs(), ageMs }
  }
  const places = { epoch: 'quiet', first: 1, head: 0, from: 0, through: 0, rows: [] }
  return {
    pull: async () => succeed({ ...places, ...(await ask()) }),
    check: async () => succeed({ isRevoked: false, ...(await ask()) }),
  }
}

async function signLastingToken(runtime: Runtime): Promise<string> {
  const lifetimeSeconds = seconds * 2
  return signToken(await secretKey(), { runtime, lifetimeSeconds })
}
