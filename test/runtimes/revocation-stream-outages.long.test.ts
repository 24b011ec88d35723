// The service or its database goes away while guards follow the feed, and comes back. Each case has
// a process of the service of its own, over the same database.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { boundMs } from '../support/guarded.ts'
import { expectFailsClosed, loaded, observeOutage } from '../support/outage.ts'
import { type DatabaseProxy, type Fault, startProxy } from '../support/proxy.ts'
import { type Server, until } from '../support/server.ts'
import { type GuardedByProxy, type Stage, startStage } from '../support/stage.ts'
import { type Seen, statusesOf, watch } from '../support/watch.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

const streamPath = /[?&]follow=/

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
  guard.proxy.reset()
  await until(() => streamsOf(guard) > 0)
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
    await expectFollowsAgain({
      guard,
      break() {
        linesBefore = service.log().length
        database.setFault(fault)
      },
      mend: () => database.setFault('none'),
    })
    console.log(JSON.stringify(service.log().slice(linesBefore)))
    console.log(JSON.stringify(guard.server.log()))
  })
})

describe('a deploy', () => {
  it('cuts all streams, and the next ones begin at different times', async () => {
    const service = await startProcess()
    const way = await startProxy(service.url)
    stops.push(way.stop)
    const between = async () => ({ url: way.url, stop: async () => {} })
    const guards = await Promise.all(
      Array.from({ length: 12 }, () => stage.startGuard('over HTTP', between)),
    )
    const [live, dying] = [await stage.mint(way.url), await stage.mint(way.url)]
    for (const guard of guards) await loaded({ ...guard, proxy: way }, live)
    const watches = guards.map((guard) => [
      watch(() => guard.ask(live)),
      watch(() => guard.ask(dying)),
    ])
    await until(() => way.times(streamPath).length === guards.length)
    await service.kill()
    await stage.revoke(dying)
    const revokedAtMs = performance.now()
    way.reset()
    await service.restart()
    await until(() => way.times(streamPath).length >= guards.length)
    await Promise.all(watches.map(([, one]) => one?.answered(() => true, revokedAtMs + boundMs)))
    const seen = await Promise.all(watches.map((two) => Promise.all(two.map((one) => one.stop()))))
    for (const [liveSeen = [], dyingSeen = []] of seen as Seen[][][]) {
      expect(statusesOf(liveSeen, 0)).toEqual([200])
      expect(statusesOf(dyingSeen, revokedAtMs + boundMs)).toEqual([401])
    }
    const begun = way.times(streamPath)
    console.log(begun.map((atMs) => Math.round(atMs - (begun[0] ?? 0))).join(' '))
  })
})
