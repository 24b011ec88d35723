// Measures how long a token is still accepted after the logout of its session, end to end. There
// are four set-ups: without and with a followed feed, with the database far away, and with the
// logout in the same isolate. The isolates of the service, a busy guard, guards whose questions are
// counted, and idle isolates are separate processes over one sqld.
//
// Every token is shown to the busy guard each 25 ms, from before the logout until it is refused.
// Some set-ups also show each token to an idle isolate that gets no other requests. It is shown
// there rarely, so that the isolate stays idle. The commit is the moment when the logout was
// answered.

import { setTimeout as delay } from 'node:timers/promises'
import { createClientOf } from '../../test/support/client.ts'
import { measureFollowCost } from '../support/follow-cost.ts'
import { keepAsking } from '../support/keep-asking.ts'
import { registerMany } from '../support/register-many.ts'
import { type Measured, renderStaleness } from '../support/render-staleness.ts'
import { revokeAll, untilMoment } from '../support/revoke-all.ts'
import {
  type Bundles,
  bundleAll,
  type Place,
  startPlace,
  type Variant,
} from '../support/staleness-place.ts'
import { ask } from '../support/watch.ts'

const logouts = Number(process.env.BENCH_STALENESS_LOGOUTS ?? 1_000)
/** The time over which the logouts of one set-up are spread. */
const seconds = Number(process.env.BENCH_STALENESS_SECONDS ?? 110)
/** In this part of the time, there are as many logouts a second as the aims say. */
const steadyShare = 1 / 3
const steadyPerSecond = 5
/** A stream lasts so long. Counted guards begin spread over it, so that averages are exact. */
const streamSeconds = 20
/** The time without logouts. Idle isolates are shown tokens up to 12 s before a logout. */
const quietSeconds = 20
/** Enough that each is idle for half a minute, longer than a stream, before it is used again. */
const idleIsolates = Math.min(logouts, 384)
const busyRequestsPerSecond = 300
const countedRequestsPerSecond = 5
const serviceRequestsPerSecond = 20

const base = { isFollowed: true, distanceMs: 0, isSameIsolate: false, idleIsolates: 0 }
const variants: readonly Variant[] = [
  { ...base, name: 'without a stream', isFollowed: false, idleIsolates },
  { ...base, name: 'with a stream', idleIsolates },
  { ...base, name: 'with a stream, database 30 ms away', distanceMs: 30 },
  { ...base, name: 'with a stream, logout in the same isolate', isSameIsolate: true },
]

/** @param directory for the bundles */
export async function measureStaleness(directory: string): Promise<string> {
  const bundles = bundleAll(directory)
  const measured: Measured[] = []
  for (const variant of variants) measured.push(await measure(bundles, variant))
  return renderStaleness(measured, await measureFollowCost(bundles))
}

async function measure(bundles: Bundles, variant: Variant): Promise<Measured> {
  const place = await startPlace(bundles, variant)
  const ended = new AbortController()
  try {
    const [goodToken = ''] = await registerMany(place.service, 1)
    await wake([place.busy, ...place.counted], goodToken)
    const background = keepBusy(place, goodToken, ended.signal)
    // A failure is reported below; nothing awaits this promise until then.
    background.catch(() => {})
    const [tokens] = await Promise.all([
      registerMany(place.service, logouts),
      wake(place.idle, goodToken),
      delay((streamSeconds + 1) * 1_000),
    ])
    place.take()
    const timetable = {
      firstAtMs: performance.now() + quietSeconds * 1_000,
      steadySeconds: seconds * steadyShare,
      steadyPerSecond,
      seconds,
    }
    const revoking = revokeAll(place, tokens, timetable)
    const counting = countTraffic(place, timetable.firstAtMs, timetable.steadySeconds)
    const [revoked, traffic] = await Promise.all([revoking, counting])
    ended.abort()
    await background
    return { variant, revoked, ...traffic }
  } finally {
    ended.abort()
    await place.stop()
  }
}

/** The questions in the time without logouts, and in the time with as many as the aims say. */
async function countTraffic(
  place: Place,
  firstAtMs: number,
  steadySeconds: number,
): Promise<Pick<Measured, 'quiet' | 'steady'>> {
  const guards = place.counted.length
  const count = async (untilMs: number) => {
    const beganAtMs = performance.now()
    await untilMoment(untilMs)
    const { questions, tailReads } = place.take()
    const hours = (performance.now() - beganAtMs) / 3_600_000
    return { questionsPerHour: questions / guards / hours, tailReadsPerHour: tailReads / hours }
  }
  const quiet = await count(firstAtMs)
  return { quiet, steady: await count(firstAtMs + steadySeconds * 1_000) }
}

/** Lets each guard load the feed, so that load does not meet it cold. */
async function wake(urls: readonly string[], goodToken: string): Promise<void> {
  for (const url of urls) await ask(url, goodToken)
}

/** Requests with a good token to the guards, which must all be accepted, and to the service. */
async function keepBusy(place: Place, goodToken: string, signal: AbortSignal): Promise<void> {
  const askGuard = (url: string) => async () => {
    const { status } = await ask(url, goodToken)
    if (status !== 200) throw new Error(`A busy guard answers a good token with ${status}`)
  }
  const askCounted = async (url: string, number: number) => {
    await delay((number / place.counted.length) * streamSeconds * 1_000)
    await keepAsking(countedRequestsPerSecond, signal, askGuard(url))
  }
  await Promise.all([
    keepAsking(busyRequestsPerSecond, signal, askGuard(place.busy)),
    keepAsking(serviceRequestsPerSecond, signal, askService(place.service, goodToken)),
    ...place.counted.map(askCounted),
  ])
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
