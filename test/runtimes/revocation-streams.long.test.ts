// Guards that follow the feed, in processes of their own, and what may be on the way of a stream.
// Pulls go on beside it, so the bound holds whatever happens to the stream.

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { serveOnDeno } from '../support/deno.ts'
import { boundMs } from '../support/guarded.ts'
import { loaded } from '../support/outage.ts'
import { type Server, until } from '../support/server.ts'
import { type GuardedByProxy, type Stage, startStage, type Way } from '../support/stage.ts'
import {
  pullPath,
  type StreamFault,
  type StreamProxy,
  startStreamProxy,
  streamPath,
} from '../support/stream-proxy.ts'
import { statusesOf, watch } from '../support/watch.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

let stage: Stage
/** Other processes of the service, over the same database. */
let onWorkerd: Server
let onDeno: Server
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
  onWorkerd = await serveOnWorkerd(inject('bundle'), stage.service.settings)
  onDeno = await serveOnDeno(stage.service.settings)
})
afterAll(async () => {
  await Promise.all([onWorkerd?.stop(), onDeno?.stop()])
  await stage?.stop()
})

/** A guard that reaches the service through something that concerns its streams. */
async function startBehind(fault: StreamFault, maxStalenessSeconds?: number) {
  let way: StreamProxy | undefined
  const putBefore = async (url: string) => {
    way = await startStreamProxy(url, fault)
    return way
  }
  const guard = await stage.startGuard('over HTTP', putBefore, { maxStalenessSeconds })
  if (!way) throw new Error('There is no proxy.')
  const token = await stage.mint(guard.issuer)
  await loaded(guard, token)
  const live = watch(() => guard.ask(token))
  return { guard, way, live }
}

/** Revokes a token that a guard has let in, and waits until the time for it is over. */
async function expectRefusedInTime(guard: GuardedByProxy, withinMs = boundMs): Promise<void> {
  const token = await stage.mint(guard.issuer)
  const dying = watch(() => guard.ask(token))
  await dying.answered(({ answer }) => answer.status === 200)
  await stage.revoke(token)
  const revokedAtMs = performance.now()
  await dying.answered(() => true, revokedAtMs + withinMs)
  expect(statusesOf(await dying.stop(), revokedAtMs + withinMs)).toEqual([401])
}

const sentencesOf = ({ server }: GuardedByProxy, event: string) =>
  server.log().filter((line) => line.event === event)

const cases: [Way, string, () => string][] = [
  ['over HTTP', 'workerd', () => stage.service.issuer],
  ['over a service binding', 'workerd', () => stage.service.issuer],
  ['on Node', 'workerd', () => stage.service.issuer],
  ['on Bun', 'workerd', () => stage.service.issuer],
  ['over HTTP', 'Deno', () => onDeno.baseUrl],
]

describe.concurrent('a guard that follows the feed', () => {
  it.each(cases)(
    '%s, of a service on %s, learns of a logout elsewhere by its stream',
    async (...one) => {
      const [way, , of] = one
      // No pull is due for 15 s.
      const guard = await stage.startGuard(way, undefined, { of: of(), maxStalenessSeconds: 30 })
      const [live, dying] = [await stage.mint(guard.issuer), await stage.mint(guard.issuer)]
      await loaded(guard, live)
      const liveWatch = watch(() => guard.ask(live))
      await until(() => guard.proxy.times(streamPath).length > 0)
      const pulls = guard.proxy.times(pullPath).length
      expect((await guard.ask(dying)).status).toBe(200)
      await stage.revoke(dying)
      await until(async () => (await guard.ask(dying)).status === 401)
      expect(guard.proxy.times(pullPath)).toHaveLength(pulls)
      // The second stream begins after the first.
      await until(() => guard.proxy.times(streamPath).length === 2, 30_000)
      const [first = 0, second = 0] = guard.proxy.times(streamPath)
      expect(second - first).toBeGreaterThan(19_000)
      expect(guard.proxy.times(pullPath)).toHaveLength(pulls)
      expect(statusesOf(await liveWatch.stop(), 0)).toEqual([200])
      expect(guard.server.log()).toEqual([])
    },
  )

  it('begins no stream where there is no waitUntil on Workers', async () => {
    const guard = await stage.startGuard()
    const token = await stage.mint(guard.issuer)
    const live = watch(() => guard.ask(token, '/without-wait-until'))
    await until(() => guard.proxy.times(pullPath).length > 2)
    expect(statusesOf(await live.stop(), 0)).toEqual([200])
    expect(guard.proxy.times(streamPath)).toEqual([])
  })
})

/** How far apart the moments are, in milliseconds. */
function gapsOf(moments: readonly number[]): number[] {
  return moments.slice(1).map((moment, index) => moment - (moments[index] ?? 0))
}

describe.concurrent('a guard whose stream', () => {
  it('is collected on the way says so once, and pulls at a fifth of the bound', async () => {
    const { guard, way, live } = await startBehind('is collected', 20)
    await until(() => sentencesOf(guard, 'revocation_stream_held_back').length > 0)
    way.reset()
    // At half of the bound there is no pull within this time.
    await expectRefusedInTime(guard, 7_000)
    // Until the whole answer has come, and longer.
    await delay(26_000)
    for (const gap of gapsOf(way.pulls())) expect(gap).toBeLessThan(7_000)
    expect(way.pulls().length).toBeLessThan(12)
    expect(way.streams()).toEqual([])
    expect(guard.server.log()).toHaveLength(1)
    expect(statusesOf(await live.stop(), 0)).toEqual([200])
  })

  it('is collected on the way does not pull all the time with the lowest bound', async () => {
    const { guard, way, live } = await startBehind('is collected')
    await until(() => sentencesOf(guard, 'revocation_stream_held_back').length > 0)
    way.reset()
    await expectRefusedInTime(guard)
    await delay(8_000)
    expect(way.pulls().length).toBeLessThan(25)
    expect(statusesOf(await live.stop(), 0)).toEqual([200])
  })

  it('is cut after a second begins another one at most every two seconds', async () => {
    const { guard, way, live } = await startBehind('is cut after 1 s')
    await until(() => way.streams().length > 1)
    await expectRefusedInTime(guard)
    // The pauses are at most 2, 4, 8 and 16 s.
    await until(() => way.streams().length > 4, 40_000)
    for (const gap of gapsOf(way.streams())) expect(gap).toBeGreaterThan(1_900)
    expect(statusesOf(await live.stop(), 0)).toEqual([200])
    expect(guard.server.log()).toEqual([])
  })

  it('is four seconds late lets nobody in beyond the bound', async () => {
    const { guard, way, live } = await startBehind('is 4 s late')
    await until(() => sentencesOf(guard, 'revocation_stream_held_back').length > 0)
    for (let times = 0; times < 3; times += 1) await expectRefusedInTime(guard)
    expect(way.streams()).toHaveLength(2)
    expect(statusesOf(await live.stop(), 0)).toEqual([200])
    expect(guard.server.log()).toHaveLength(1)
  })

  it('is late when the service goes away counts each frame from when it was made', async () => {
    // Two beats are longer than the frames are late, so the stream goes on.
    const { guard, way, live } = await startBehind('none', 12)
    await until(() => way.streams().length > 0)
    const dying = await stage.mint(guard.issuer)
    const dyingWatch = watch(() => guard.ask(dying))
    way.setFault('is 2 s late')
    const before = way.frames()
    await until(() => way.frames() > before + 1)
    guard.proxy.setFault('hangs', '/auth/feed/')
    await stage.revoke(dying)
    const revokedAtMs = performance.now()
    // The proxy still has a frame from just before.
    await dyingWatch.answered(() => true, revokedAtMs + 13_000)
    const seen = await dyingWatch.stop()
    expect(statusesOf(seen, revokedAtMs, revokedAtMs + 4_000)).toEqual([200])
    expect(statusesOf(seen, revokedAtMs + 12_000)).toEqual([503])
    await live.stop()
  })

  it('is an old answer of a cache does not trust it, and asks again after longer pauses', async () => {
    const { guard, way, live } = await startBehind('is an old one')
    await until(() => way.streams().length > 1)
    const startedAtMs = performance.now()
    for (let times = 0; times < 4; times += 1) await expectRefusedInTime(guard)
    const seconds = (performance.now() - startedAtMs) / 1_000
    const asked = way.streams().filter((atMs) => atMs > startedAtMs)
    expect(asked.length).toBeGreaterThan(1)
    expect(asked.length).toBeLessThan(9)
    // One is due every two seconds, and may take two questions.
    const pulls = way.pulls().filter((atMs) => atMs > startedAtMs)
    expect(pulls.length).toBeLessThan(seconds)
    expect(statusesOf(await live.stop(), 0)).toEqual([200])
    expect(guard.server.log()).toMatchObject([
      { event: 'revocation_stream_failed', problem: expect.stringMatching(/a cache on the way/) },
    ])
  })

  it('is an ordinary answer of an older service asks no more, and pulls as before', async () => {
    const { guard, way, live } = await startBehind('is an ordinary one')
    await until(() => way.streams().length > 0)
    way.reset()
    for (let times = 0; times < 4; times += 1) await expectRefusedInTime(guard)
    expect(way.streams()).toEqual([])
    expect(way.pulls().length).toBeGreaterThan(4)
    expect(way.pulls().length).toBeLessThan(20)
    expect(statusesOf(await live.stop(), 0)).toEqual([200])
    expect(guard.server.log()).toEqual([])
  })
})
