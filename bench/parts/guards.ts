// Measures what a guard costs: the same handler with and without it. The guard knows the token and
// 10,000 live revocations. The part also checks that the guard then asks only for the news of the
// feed, every 5 s.

import { renderTable } from '../../scripts/docs/markdown.ts'
import { createKeySet } from '../../test/support/issuing-service.ts'
import type { Questions } from '../support/counter.ts'
import {
  bundleGuardedPlace,
  type GuardedPlace,
  startGuardedPlace,
} from '../support/guarded-place.ts'
import { connections } from '../support/load.ts'
import {
  type Figures,
  measureVariants,
  requestsPerRound,
  runOverHttp,
  type Variant,
} from '../support/rounds.ts'
import { renderCount } from '../support/table.ts'
import { activeKey, secretKey, signToken } from '../support/tokens.ts'

const rounds = Number(process.env.BENCH_GUARD_ROUNDS ?? 15)
const seconds = Number(process.env.BENCH_GUARD_SECONDS ?? 2)
/** Seconds of requests without a pause, in which the guard's questions are counted. */
const busySeconds = Number(process.env.BENCH_GUARD_BUSY_SECONDS ?? 30)
const liveRevocations = 10_000
/** Half of the default bound, minus the second that an answer may be old. */
const leastSecondsBetweenPulls = 4

/** @param directory for the bundles */
export async function measureGuards(directory: string): Promise<string> {
  const signingKeys = await createKeySet()
  const place = await startGuardedPlace(bundleGuardedPlace(directory), signingKeys, liveRevocations)
  try {
    const es256 = await signToken(await activeKey(signingKeys))
    const hs256 = await signToken(await secretKey())
    const figures = await measureVariants(listVariants(place, es256, hs256), { rounds, seconds })
    for (const { questions, requests } of figures.values()) expectNoneWaited(questions, requests)
    return [
      `${renderCount(liveRevocations)} live revocations; in turn, ${rounds} rounds, medians: in-process ${renderCount(requestsPerRound)} requests a round, over HTTP ${connections} connections for ${seconds} s.`,
      renderGuards(figures),
      await countQuestions(place, es256),
    ].join('\n\n')
  } finally {
    await place.stop()
  }
}

function listVariants({ url, questions }: GuardedPlace, es256: string, hs256: string): Variant[] {
  const variant = (name: string, path: string, token: string) => ({
    name,
    url: `${url}/${path}`,
    tokens: [token],
    questions,
  })
  return [
    variant('unguarded', 'unguarded', es256),
    variant('requireAccessToken, ES256', 'guarded-es256', es256),
    variant('requireAccessToken, HS256', 'guarded-hs256', hs256),
    variant("requireAccessToken, ES256, revocation 'none'", 'guarded-none', es256),
    variant('hono/jwt, string secret', 'hono-jwt-string', hs256),
    variant('hono/jwt, CryptoKey', 'hono-jwt-cryptokey', hs256),
  ]
}

/** Counts the questions of one guard that is busy all the time. */
async function countQuestions({ url, questions }: GuardedPlace, token: string): Promise<string> {
  questions.take()
  const busy = { url: `${url}/guarded-es256`, tokens: [token] }
  const { requests } = await runOverHttp(busy, busySeconds)
  const asked = questions.take()
  expectNoneWaited(asked, requests)
  const most = busySeconds / leastSecondsBetweenPulls + 1
  if (asked.since > most) throw new Error(`${asked.since} pulls in ${busySeconds} s`)
  return `Without a pause for ${busySeconds} s: ${renderCount(requests)} requests, and ${renderQuestions(asked)} to the service, in the background.`
}

/** Checks that the guard asks only in the background, for the feed's news and the keys. */
function expectNoneWaited({ check, snapshot }: Questions, requests: number): void {
  if (check + snapshot === 0) return
  throw new Error(`${check} checks and ${snapshot} pages of the snapshot in ${requests} requests`)
}

function renderQuestions({ since, keys }: Questions): string {
  return `${since} round trips for the feed and ${keys} for the keys`
}

/** One row for each variant. The first row is the base of the ratios. */
function renderGuards(figures: ReadonlyMap<string, Figures>): string {
  const [first] = figures.values()
  const baseUs = first?.inProcessUs ?? Number.NaN
  const baseRate = first?.requestsPerSecond ?? Number.NaN
  const rows = Array.from(figures, ([name, row]) => {
    const { inProcessUs: us, requestsPerSecond: rate, requests, questions } = row
    return [
      name,
      us.toFixed(1),
      `+${(us - baseUs).toFixed(1)}`,
      (baseUs / us).toFixed(2),
      renderCount(rate),
      (rate / baseRate).toFixed(2),
      `${questions.since + questions.keys} in ${renderCount(requests)}`,
    ]
  })
  return renderTable(
    [
      'handler',
      'µs in-process',
      'added',
      'of unguarded',
      'requests/s over HTTP',
      'of unguarded',
      'round trips to the service, in the background',
    ],
    rows,
  )
}
