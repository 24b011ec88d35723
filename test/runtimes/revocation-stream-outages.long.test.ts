// The service or its database goes away while guards follow the feed, and comes back. Each case has
// a process of the service of its own, over the same database.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { boundMs } from '../support/guarded.ts'
import { expectFailsClosed, loaded, observeOutage } from '../support/outage.ts'
import { type DatabaseProxy, type Fault, startProxy } from '../support/proxy.ts'
import { RestorableDatabase } from '../support/restore-drill.ts'
import { type Server, until } from '../support/server.ts'
import { type GuardedByProxy, type Stage, startStage } from '../support/stage.ts'
import { pullPath, streamPath } from '../support/stream-proxy.ts'
import { statusesOf, watch } from '../support/watch.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

let stage: Stage
const stops: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
})
afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()))
  await stage?.stop()
})

/** A process of the service that can be killed, and started again at its port. */
async function startProcess(variables: Readonly<Record<string, string>> = {}) {
  const port = await findFreePort()
  const settings = { ...stage.service.settings, ...variables }
  const start = () => serveOnWorkerd(inject('bundle'), settings, { port })
  let server: Server = await start()
  stops.push(() => server.stop())
  return {
    url: server.baseUrl,
    signal: (name: NodeJS.Signals) => void server.process.kill(name),
    log: () => server.log(),
    async kill() {
      server.process.kill('SIGKILL')
      await until(() => server.process.signalCode !== null)
    },
    async restart() {
      server = await start()
    },
  }
}

/** How many streams a guard has begun. */
const streamsOf = ({ proxy }: GuardedByProxy) => proxy.times(streamPath).length

interface Breakable {
  readonly guard: GuardedByProxy
  break(): void | Promise<void>
  mend(): void | Promise<void>
}

/** Breaks the source in mid-stream for longer than the bound, and waits for the next stream. */
async function expectFollowsAgain({ guard, ...source }: Breakable): Promise<void> {
  const token = await stage.mint(guard.issuer)
  await loaded(guard, token)
  await until(async () => (await guard.ask(token)).status === 200 && streamsOf(guard) > 0)
  expectFailsClosed(await observeOutage({ ...stage, guard, ...source }))
  const [live, dying] = [await stage.mint(guard.issuer), await stage.mint(guard.issuer)]
  const liveWatch = watch(() => guard.ask(live))
  const before = streamsOf(guard)
  await until(() => streamsOf(guard) > before)
  expect((await guard.ask(dying)).status).toBe(200)
  await stage.revoke(dying)
  await until(async () => (await guard.ask(dying)).status === 401)
  expect(statusesOf(await liveWatch.stop(), 0)).toEqual([200])
}

describe.concurrent('a guard whose service', () => {
  it('is stopped in mid-stream fails closed, and follows again when it goes on', async () => {
    const service = await startProcess()
    const guard = await stage.startGuard('over HTTP', undefined, { of: service.url })
    await expectFollowsAgain({
      guard,
      break: () => service.signal('SIGSTOP'),
      mend: () => service.signal('SIGCONT'),
    })
  })

  it('is killed in mid-stream fails closed, and follows again when it is back', async () => {
    const service = await startProcess()
    const guard = await stage.startGuard('over HTTP', undefined, { of: service.url })
    await expectFollowsAgain({ guard, break: service.kill, mend: service.restart })
  })
})

const faults: Fault[] = ['cuts the connection', 'hangs']

describe.concurrent.each(faults)('a guard of a service whose database %s', (fault) => {
  it('fails closed, and follows again when it is back', async () => {
    const database: DatabaseProxy = await startProxy(stage.service.database.url)
    stops.push(database.stop)
    const service = await startProcess({ TURSO_DATABASE_URL: database.url })
    const guard = await stage.startGuard('over HTTP', undefined, { of: service.url })
    let linesBefore = 0
    let askedBefore = 0
    const asked = () => guard.proxy.count('/auth/feed/')
    await expectFollowsAgain({
      guard,
      break() {
        linesBefore = service.log().length
        askedBefore = asked()
        database.setFault(fault)
      },
      mend: () => database.setFault('none'),
    })
    // Streams and reads that go wrong in the background say nothing: one line for each request.
    expect(service.log().length - linesBefore).toBeLessThanOrEqual(asked() - askedBefore)
  })
})

describe('a deploy', () => {
  it('cuts all streams, and the next ones begin at different times', async () => {
    const service = await startProcess()
    const start = () => stage.startGuard('over HTTP', undefined, { of: service.url })
    const guards = await Promise.all(Array.from({ length: 12 }, start))
    const busy = await Promise.all(
      guards.map(async (guard) => {
        const [live, dying] = [await stage.mint(guard.issuer), await stage.mint(guard.issuer)]
        await loaded(guard, live)
        const ask = (token: string) => watch(() => guard.ask(token), 80)
        return { guard, dying, watches: [ask(live), ask(dying)] }
      }),
    )
    await until(() => guards.every((guard) => streamsOf(guard) > 0))
    for (const { proxy } of guards) proxy.reset()
    await service.kill()
    await Promise.all(busy.map(({ dying }) => stage.revoke(dying)))
    const revokedAtMs = performance.now()
    await service.restart()
    await until(() => guards.every((guard) => streamsOf(guard) > 0))
    const first = guards.map(({ proxy }) => proxy.times(streamPath)[0] ?? 0)
    expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(500)
    for (const { watches } of busy) {
      await watches[1]?.answered(({ answer }) => answer.status === 401, revokedAtMs + boundMs)
      const nowMs = performance.now()
      await watches[0]?.answered(({ answer }) => answer.status === 200, nowMs)
      const [live = [], dying = []] = await Promise.all(watches.map((one) => one.stop()))
      // On a busy machine the start may take longer than the bound.
      expect(statusesOf(live, 0)).not.toContain(401)
      expect(statusesOf(dying, revokedAtMs + boundMs)).not.toContain(200)
      expect([live.at(-1)?.answer.status, dying.at(-1)?.answer.status]).toEqual([200, 401])
    }
  })
})

describe('a restored backup in mid-stream', () => {
  it('is followed by the next stream, which asks for the new history', async () => {
    const own = await startStage(inject('bundle'))
    const database = new RestorableDatabase(own)
    try {
      const early = await own.mint(own.service.issuer)
      await database.backUp()
      await own.revoke(early)
      const guard = await own.startGuard('over HTTP', undefined, { maxStalenessSeconds: 30 })
      const [live, later] = [await own.mint(guard.issuer), await own.mint(guard.issuer)]
      await loaded(guard, live)
      const liveWatch = watch(() => guard.ask(live))
      await until(() => guard.proxy.times(streamPath).length > 0)
      await database.restore()
      await database.replaceEpoch()
      const [{ epoch } = {}] = await own.service.database.query(
        'SELECT epoch FROM portcullis_feed_state',
      )
      await until(() => guard.proxy.times(new RegExp(`epoch=${epoch}&`)).length > 0)
      const pulls = guard.proxy.times(pullPath).length
      expect((await guard.ask(later)).status).toBe(200)
      await own.revoke(later)
      await until(async () => (await guard.ask(later)).status === 401)
      expect(guard.proxy.times(pullPath)).toHaveLength(pulls)
      expect(statusesOf(await liveWatch.stop(), 0)).toEqual([200])
    } finally {
      await database.remove()
      await own.stop()
    }
  })
})
