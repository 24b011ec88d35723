// Measures what streams cost one isolate of the service, how soon all of their clients are told of
// a logout, and what happens when thousands of clients vanish.

import { setTimeout as delay } from 'node:timers/promises'
import { renderTable } from '../../scripts/docs/markdown.ts'
import { findFreePort } from '../../scripts/ports.ts'
import { until } from '../../test/support/server.ts'
import { bundleWorker } from '../support/bundle.ts'
import { type Beginning, Follower, findBeginning } from '../support/follower-client.ts'
import { type Gate, renderGates } from '../support/gates.ts'
import { cpuMsPerSecond, heapKiB, residentKiB } from '../support/process-figures.ts'
import { registerMany } from '../support/register-many.ts'
import { logOut } from '../support/revoke-all.ts'
import { startServices } from '../support/staleness-place.ts'
import { renderStreamCosts } from '../support/stream-costs.ts'
import { renderCount } from '../support/table.ts'
import { createChance } from '../support/virtual-time.ts'

const counts = (process.env.BENCH_FOLLOWERS ?? '10,100,1000').split(',').map(Number)
/** Clients begin spread over the time of a stream, so that they do not begin again all at once. */
const seconds = Number(process.env.BENCH_FOLLOWERS_SECONDS ?? 20)
const idleSeconds = 5
const logoutsEach = 5
const vanishing = 3_000
const mostStreams = 1_000
const retryMs = 250
/** CPU of an isolate that nobody follows, in addition to what it used before. */
const idleMsPerSecond = 10

const chance = createChance(1)
const tellWithinMs = 200
/** The service reads the end of the feed so often. */
const readEveryMs = 1_000
const recoverWithinSeconds = 10

type Services = Awaited<ReturnType<typeof startServices>>

interface Costs {
  readonly streams: number
  readonly cpuUs: number
  readonly residentKiB: number
  readonly heapKiB: number
  readonly tailReadsPerSecond: number
  /** From the answer to a logout until the last client was told: the longest. */
  readonly toldElsewhereMs: number
  readonly toldHereMs: number
}

interface Recovery {
  readonly streams: number
  readonly turnedAway: number
  /** Until as many newcomers had streams. */
  readonly newcomersAfterSeconds: number
  readonly idleAfterSeconds: number
}

/** @param directory for the bundle */
export async function measureFollowers(directory: string): Promise<string> {
  const bundle = bundleWorker(directory, 'src/worker.ts')
  const costs: Costs[] = []
  for (const count of counts) costs.push(await measureCosts(bundle, count))
  const recovery = await measureVanishing(bundle)
  return [
    renderCosts(costs),
    `CPU and memory are those of the service's process (workerd), over ${seconds} s in which each client begins again once. "Told" is the longest time from the answer to a logout until the last client had it, of ${logoutsEach} logouts.`,
    `${renderCount(vanishing)} clients at once: ${renderCount(recovery.streams)} got streams, ${renderCount(recovery.turnedAway)} an ordinary page. All vanished. ${recovery.newcomersAfterSeconds.toFixed(1)} s later ${renderCount(recovery.streams)} newcomers had streams. They vanished, too, and ${recovery.idleAfterSeconds} s later the process was idle.`,
    renderStreamCosts(costs.at(-1)?.cpuUs ?? Number.NaN),
    renderGates(gatesOf(costs, recovery)),
  ].join('\n\n')
}

async function measureCosts(bundle: string, streams: number): Promise<Costs> {
  const inspectorPort = await findFreePort()
  const services = await startServices(bundle, {
    distanceMs: 0,
    isSameIsolate: false,
    inspectorPort,
  })
  const followers: Follower[] = []
  try {
    const { beginning, tokens } = await prepare(services, 2 * logoutsEach)
    const pid = services.followedPid
    const readHeap = () => heapKiB(inspectorPort, `${services.followed}/health`)
    const idleMs = await cpuMsPerSecond(pid, idleSeconds)
    const before = { heap: await readHeap(), resident: residentKiB(pid) }
    for (const follower of createFollowers(beginning, streams)) {
      followers.push(follower)
      follower.begin()
      await delay((seconds / streams) * 1_000)
    }
    await until(() => followers.every(({ isFollowing }) => isFollowing))
    services.takeTailReads()
    const busyMs = await cpuMsPerSecond(pid, seconds)
    const tailReads = services.takeTailReads()
    const heap = await readHeap()
    const resident = residentKiB(pid)
    const here = tokens.splice(0, logoutsEach)
    return {
      streams,
      cpuUs: ((busyMs - idleMs) * 1_000) / streams,
      residentKiB: (resident - before.resident) / streams,
      heapKiB: (heap - before.heap) / streams,
      tailReadsPerSecond: tailReads / seconds,
      toldElsewhereMs: await measureTold(services.other, tokens, followers),
      toldHereMs: await measureTold(services.followed, here, followers),
    }
  } finally {
    for (const follower of followers) follower.vanish()
    await services.stop()
  }
}

/** A feed with one revocation, and tokens for more. */
async function prepare({ followed, other }: Services, tokens: number) {
  const [first = '', ...others] = await registerMany(other, tokens + 1)
  await logOut(other, first, 0)
  await delay(readEveryMs)
  return { beginning: await findBeginning(followed), tokens: others }
}

function createFollowers(beginning: Beginning, count: number): Follower[] {
  return Array.from({ length: count }, () => new Follower(beginning))
}

/** Milliseconds from the answer to a logout until all were told: the longest. */
async function measureTold(
  service: string,
  tokens: readonly string[],
  followers: readonly Follower[],
): Promise<number> {
  let longest = 0
  for (const token of tokens) {
    // Not in step with the reads of the service.
    await delay(readEveryMs * (1 + chance()))
    const before = Math.max(...followers.map(({ place }) => place))
    const { answeredAtMs } = await logOut(service, token, 0)
    await until(() => followers.every(({ place }) => place > before))
    const told = Math.max(...followers.map(({ toldAtMs }) => toldAtMs))
    longest = Math.max(longest, told - answeredAtMs)
  }
  return longest
}

async function measureVanishing(bundle: string): Promise<Recovery> {
  const services = await startServices(bundle, { distanceMs: 0, isSameIsolate: false })
  try {
    const { beginning } = await prepare(services, 0)
    const pid = services.followedPid
    const idleMs = await cpuMsPerSecond(pid, idleSeconds)
    const crowd = createFollowers(beginning, vanishing)
    for (const follower of crowd) follower.begin()
    await until(() => crowd.every(({ isFollowing, isTurnedAway }) => isFollowing || isTurnedAway))
    const streams = crowd.filter(({ isFollowing }) => isFollowing).length
    for (const follower of crowd) follower.vanish()
    const newcomersAfterSeconds = await admitNewcomers(beginning, streams)
    const idleAfterSeconds = await untilIdle(pid, idleMs)
    const turnedAway = vanishing - streams
    return { streams, turnedAway, newcomersAfterSeconds, idleAfterSeconds }
  } finally {
    await services.stop()
  }
}

/** Newcomers ask until all have a stream, and vanish. Gives the seconds that it took. */
async function admitNewcomers(beginning: Beginning, count: number): Promise<number> {
  const beganAtMs = performance.now()
  const newcomers = createFollowers(beginning, count)
  for (const newcomer of newcomers) newcomer.begin()
  while (!newcomers.every(({ isFollowing }) => isFollowing)) {
    await delay(retryMs)
    for (const newcomer of newcomers) if (newcomer.isTurnedAway) newcomer.begin()
    if (performance.now() - beganAtMs > 60_000) throw new Error('Newcomers get no streams')
  }
  const tookMs = performance.now() - beganAtMs
  for (const newcomer of newcomers) newcomer.vanish()
  return tookMs / 1_000
}

/** The first second in which the process used hardly any CPU. */
async function untilIdle(pid: number, idleMs: number): Promise<number> {
  for (let second = 1; second <= 60; second += 1) {
    if ((await cpuMsPerSecond(pid, 1)) <= idleMs + idleMsPerSecond) return second
  }
  throw new Error('The service is busy with clients that have left')
}

function renderCosts(costs: readonly Costs[]): string {
  const heads = [
    'streams',
    'CPU, µs a second and stream',
    'RSS, KiB a stream',
    'V8 heap, KiB a stream',
    'tail reads a second',
    'told, logout at another isolate (ms)',
    'told, logout at the same isolate (ms)',
  ]
  const rows = costs.map((cost) => [
    renderCount(cost.streams),
    renderCount(cost.cpuUs),
    cost.residentKiB.toFixed(1),
    cost.heapKiB.toFixed(1),
    cost.tailReadsPerSecond.toFixed(2),
    renderCount(cost.toldElsewhereMs),
    renderCount(cost.toldHereMs),
  ])
  return renderTable(heads, rows)
}

function gatesOf(costs: readonly Costs[], recovery: Recovery): Gate[] {
  const elsewhereMs = Math.max(...costs.map(({ toldElsewhereMs }) => toldElsewhereMs))
  const hereMs = Math.max(...costs.map(({ toldHereMs }) => toldHereMs))
  const { newcomersAfterSeconds, idleAfterSeconds, streams } = recovery
  return [
    {
      demand: `all told within ${readEveryMs + tellWithinMs} ms of a logout at another isolate`,
      figure: `${renderCount(elsewhereMs)} ms`,
      isMet: elsewhereMs <= readEveryMs + tellWithinMs,
    },
    {
      demand: `all told within ${tellWithinMs} ms of a logout at the same isolate`,
      figure: `${renderCount(hereMs)} ms`,
      isMet: hereMs <= tellWithinMs,
    },
    {
      demand: `at most ${renderCount(mostStreams)} streams`,
      figure: renderCount(streams),
      isMet: streams <= mostStreams,
    },
    {
      demand: `newcomers have the streams of those who vanished within ${recoverWithinSeconds} s`,
      figure: `${newcomersAfterSeconds.toFixed(1)} s`,
      isMet: newcomersAfterSeconds <= recoverWithinSeconds,
    },
    {
      demand: `the process is idle within ${recoverWithinSeconds} s after all have vanished`,
      figure: `${idleAfterSeconds} s`,
      isMet: idleAfterSeconds <= recoverWithinSeconds,
    },
  ]
}
