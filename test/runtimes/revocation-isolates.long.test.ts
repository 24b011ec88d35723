// A service runs in many isolates, and each shares its read of the feed for a second. A guard may
// get an older state after a newer one, and no state is quite new.

import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { send } from '../support/client.ts'
import { boundMs } from '../support/guarded.ts'
import { loaded } from '../support/outage.ts'
import type { Server } from '../support/server.ts'
import { type GuardedByProxy, type Stage, startStage } from '../support/stage.ts'
import { statusesOf, watch } from '../support/watch.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

let stage: Stage
/** Another process of the service, over the same database. */
let other: Server
/** A guard without requests, and since when. */
let idle: GuardedByProxy
let idleSinceMs: number

beforeAll(async () => {
  stage = await startStage(inject('bundle'))
  other = await serveOnWorkerd(inject('bundle'), stage.service.settings)
  idle = await stage.startGuard()
  // The clocks are also compared with an answer that is not quite new.
  await fetch(`${stage.service.issuer}/auth/feed/since/0`)
  await delay(700)
  await loaded(idle, await stage.mint(idle.issuer))
  idleSinceMs = performance.now()
})
afterAll(async () => {
  await other?.stop()
  await stage?.stop()
})

/** Sends questions with this prefix to the other process, and all others to `target`. */
const startRouter = (prefix: string) => async (target: string) => {
  const server = createServer((incoming, outgoing) => {
    const { url = '', method, headers } = incoming
    const base = url.startsWith(prefix) ? other.baseUrl : target
    const onward = request(base + url, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => incoming.socket.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Inserts revocations of unused ids, by SQL. */
function fillPlaces(count: number) {
  return stage.service.database.query(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
    SELECT substr(lower(hex(randomblob(8))), 1, 16), unixepoch(), unixepoch() + 900 FROM n`,
    count,
  )
}

describe('a cold guard of a service in two isolates', () => {
  it('loads without a break when the second isolate that it asks is a moment behind the first', async () => {
    const guard = await stage.startGuard('over HTTP', startRouter('/auth/feed/snapshot/'))
    const [live, revoked] = [await stage.mint(guard.issuer), await stage.mint(guard.issuer)]
    // The other process has not read anything yet, so its next read has the revocation.
    await fetch(`${stage.service.issuer}/auth/feed/since/0`)
    await stage.revoke(revoked)
    const revokedAtMs = performance.now()
    const watches = [watch(() => guard.ask(live)), watch(() => guard.ask(revoked))]
    await loaded(guard, live)
    await Promise.all(watches.map((one) => one.answered(() => true, revokedAtMs + boundMs)))
    const [liveSeen = [], revokedSeen = []] = await Promise.all(watches.map((one) => one.stop()))
    expect(statusesOf(revokedSeen, revokedAtMs + boundMs)).toEqual([401])
    expect(statusesOf(liveSeen, 0)).toEqual([200])
    expect(guard.server.log()).toEqual([])
  })
})

describe('a guard that gets a state of a moment ago', () => {
  it('counts that moment: the bound holds even without a further answer', async () => {
    const late = await stage.mint(idle.issuer)
    // After this, the guard pulls with the next request.
    await delay(Math.max(0, idleSinceMs + boundMs - performance.now()))
    await fetch(`${stage.service.issuer}/auth/feed/since/0`)
    await stage.revoke(late)
    const revokedAtMs = performance.now()
    await delay(700)
    await idle.ask(late)
    idle.proxy.setFault('cuts the connection')
    const lateWatch = watch(() => idle.ask(late))
    await lateWatch.answered(() => true, revokedAtMs + 1.5 * boundMs)
    const seen = await lateWatch.stop()
    expect(statusesOf(seen, revokedAtMs + boundMs)).not.toContain(200)
  })

  it('misses nothing that others read since its last question', async () => {
    const guard = await stage.startGuard()
    const live = await stage.mint(guard.issuer)
    await loaded(guard, live)
    const liveWatch = watch(() => guard.ask(live), 100)
    const others = watch(() => send(`${stage.service.issuer}/auth/feed/since/0`), 100)
    const revoked: string[] = []
    const startedAtMs = performance.now()
    while (performance.now() < startedAtMs + boundMs) {
      const token = await stage.mint(guard.issuer)
      await stage.revoke(token)
      revoked.push(token)
      await delay(50)
    }
    await liveWatch.answered(() => true, performance.now() + boundMs)
    const statuses = await Promise.all(
      revoked.map(async (token) => (await guard.ask(token)).status),
    )
    await Promise.all([liveWatch.stop(), others.stop()])
    expect(revoked.length).toBeGreaterThan(20)
    expect(new Set(statuses)).toEqual(new Set([401]))
  })
})

describe('a guard that reads towards an id while it is revoked again', () => {
  it('does not miss the id between a new answer and one of an isolate that is behind', async () => {
    const guard = await stage.startGuard('over HTTP', startRouter('/auth/feed/since/1'))
    const [live, revoked] = [await stage.mint(guard.issuer), await stage.mint(guard.issuer)]
    await loaded(guard, live)
    await stage.revoke(revoked)
    const revokedAtMs = performance.now()
    // The end of the first segment is now between its two places.
    await fillPlaces(1_000)
    // No requests until the guard has to pull. Then the other isolate reads, and the id moves.
    await delay(boundMs / 2)
    await fetch(`${other.baseUrl}/auth/feed/since/1`)
    await stage.revokeAgain(revoked)
    await fetch(`${stage.service.issuer}/auth/feed/since/0?nonce=AAAAAAAAAAAAAAAA`)
    expect((await guard.ask(live)).status).toBe(200)
    await delay(revokedAtMs + boundMs + 50 - performance.now())
    expect((await guard.ask(revoked)).status).toBe(401)
  })
})
