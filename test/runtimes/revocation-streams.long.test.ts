// Guards that follow the feed, in processes of their own, and what may be on the way of a stream.
// Pulls go on beside it, so the bound holds whatever happens to the stream.

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { serveOnDeno } from '../support/deno.ts'
import { boundMs } from '../support/guarded.ts'
import { loaded } from '../support/outage.ts'
import { type Server, until } from '../support/server.ts'
import { type GuardedByProxy, type Stage, startStage, type Way } from '../support/stage.ts'
import { type StreamFault, type StreamProxy, startStreamProxy } from '../support/stream-proxy.ts'
import { statusesOf, watch } from '../support/watch.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

const streamPath = /[?&]follow=/
const pullPath = /^\/auth\/feed\/(since|snapshot)\/(?!.*follow=)/

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
async function startBehind(fault: StreamFault) {
  let way: StreamProxy | undefined
  const guard = await stage.startGuard('over HTTP', async (url) => {
    way = await startStreamProxy(url, fault)
    return way
  })
  if (!way) throw new Error('There is no proxy.')
  const token = await stage.mint(guard.issuer)
  await loaded(guard, token)
  const live = watch(() => guard.ask(token))
  return { guard, way, live }
}

/** Revokes a token that a guard has let in, and waits until the bound is over. */
async function expectRefusedInTime(guard: GuardedByProxy): Promise<void> {
  const token = await stage.mint(guard.issuer)
  const dying = watch(() => guard.ask(token))
  await dying.answered(({ answer }) => answer.status === 200)
  await stage.revoke(token)
  const revokedAtMs = performance.now()
  await dying.answered(() => true, revokedAtMs + boundMs)
  expect(statusesOf(await dying.stop(), revokedAtMs + boundMs)).toEqual([401])
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
    await until(() => guard.proxy.times(pullPath).length > 5)
    expect(statusesOf(await live.stop(), 0)).toEqual([200])
    expect(guard.proxy.times(streamPath)).toEqual([])
  })
})

describe.concurrent('a guard whose stream', () => {
  it('is collected on the way finds that out, says so once, and pulls sooner', async () => {
    const { guard, way, live } = await startBehind('is collected')
    await until(() => sentencesOf(guard, 'revocation_stream_held_back').length > 0)
    way.reset()
    await expectRefusedInTime(guard)
    // Also after the whole answer has come.
    await delay(22_000)
    expect(way.pulls().length).toBeGreaterThan(8)
    expect(way.streams()).toEqual([])
    expect(sentencesOf(guard, 'revocation_stream_held_back')).toHaveLength(1)
    expect(guard.server.log()).toHaveLength(1)
    expect(statusesOf(await live.stop(), 0)).toEqual([200])
  })
})
