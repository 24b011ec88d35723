// A cache in front of the service that keeps the feed for hours and hides it. Guards trust no
// header of an answer, and the bound still holds.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { boundMs, boundSeconds } from '../support/guarded.ts'
import { expectFailsClosed, loaded, observeOutage } from '../support/outage.ts'
import { until } from '../support/server.ts'
import { type GuardedByProxy, type Stage, startStage } from '../support/stage.ts'
import { type CacheKey, type StaleCache, startStaleCache } from '../support/stale-cache.ts'
import { statusesOf, watch } from '../support/watch.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
})
afterAll(() => stage?.stop())

/** A guard that reaches the service through a cache, and the cache through a proxy. */
async function startBehind(key: CacheKey) {
  let cache: StaleCache | undefined
  const guard = await stage.startGuard('over HTTP', async (url) => {
    cache = await startStaleCache(url, key)
    return cache
  })
  if (!cache) throw new Error('There is no cache.')
  return { guard, cache }
}

/** What a guard says, except that these caches give no streams. */
function problemsOf({ server }: GuardedByProxy) {
  return server.log().filter(({ event }) => !/^revocation_stream_/.test(String(event)))
}

/** Inserts revocations of unused ids, by SQL. */
function revokeMany(count: number) {
  return stage.service.database.query(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
    SELECT substr(lower(hex(randomblob(8))), 1, 16), unixepoch(), unixepoch() + 900 FROM n`,
  )
}

describe.concurrent('a cache that keeps everything for two hours', () => {
  it('neither delays revocations beyond the bound nor increases the requests to the service much', async () => {
    const { guard, cache } = await startBehind('the whole URL')
    const [live, revoked] = [await stage.mint(guard.issuer), await stage.mint(guard.issuer)]
    await loaded(guard, live)
    const watches = [watch(() => guard.ask(live)), watch(() => guard.ask(revoked))] as const
    const [liveWatch, revokedWatch] = watches
    // By now the cache has the guards' questions without a nonce.
    await until(() => cache.hits() > 0)
    guard.proxy.reset()
    const startedAtMs = performance.now()
    await stage.revoke(revoked)
    const revokedAtMs = performance.now()
    await revokedWatch.answered(() => true, revokedAtMs + 1.5 * boundMs)
    await liveWatch.answered(() => true, revokedAtMs + 1.5 * boundMs)
    const [liveSeen, revokedSeen] = await Promise.all(watches.map((one) => one.stop()))
    const refreshes = (performance.now() - startedAtMs) / (boundMs / 2)
    expect(statusesOf(liveSeen ?? [], 0)).toEqual([200])
    expect(statusesOf(revokedSeen ?? [], revokedAtMs + boundMs)).toEqual([401])
    // An answer may be a second old, so it is renewed a second earlier.
    const pulls = guard.proxy.times(/^(?!.*follow=)/).length
    expect(pulls).toBeLessThanOrEqual(2 * refreshes + 2)
    expect(guard.proxy.count('/auth/feed/since/0?nonce=')).toBe(pulls)
    expect(problemsOf(guard)).toEqual([])
  })

  it('does not replace the service while that is away', async () => {
    const { guard } = await startBehind('the whole URL')
    const outage = await observeOutage({
      ...stage,
      guard,
      break: () => guard.proxy.setFault('cuts the connection'),
      mend: () => guard.proxy.setFault('none'),
    })
    expectFailsClosed(outage)
  })
})

describe.concurrent('a cache that also ignores the query', () => {
  it(`is detected: guards answer 503 after ${boundSeconds} s, log why, and recover without it`, async () => {
    const { guard, cache } = await startBehind('the path alone')
    const outage = await observeOutage({
      ...stage,
      guard,
      // The cache is present from the start.
      break: () => {},
      mend: () => cache.disable(),
    })
    expectFailsClosed(outage)
    expect(problemsOf(guard)[0]).toMatchObject({ event: 'revocation_feed_unavailable' })
    expect(problemsOf(guard)[0]?.problem).toMatch(
      /since\/\d+\?nonce=.* is the answer to another question: a cache on the way ignores the query; turn it off for \/auth\/feed/,
    )
  })
})

// Not concurrent, because it advances the feed.
describe('a cache with old copies', () => {
  it('does not hide from a cold guard what was revoked after its copies were made', async () => {
    const { guard, cache } = await startBehind('the whole URL')
    await loaded(guard, await stage.mint(guard.issuer))
    await revokeMany(6_500)
    const revoked = await stage.mint(guard.issuer)
    await stage.revoke(revoked)
    const revokedAtMs = performance.now()
    const between = { url: cache.url, stop: async () => {} }
    const hits = cache.hits()
    const cold = await stage.startGuard('over HTTP', async () => between)
    const watches = [watch(() => cold.ask(revoked)), watch(() => guard.ask(revoked))]
    await Promise.all(watches.map((one) => one.answered(() => true, revokedAtMs + 1.25 * boundMs)))
    for (const seen of await Promise.all(watches.map((one) => one.stop()))) {
      expect(statusesOf(seen, revokedAtMs + boundMs)).toEqual([401])
    }
    expect(cache.hits()).toBeGreaterThan(hits)
    const live = await stage.mint(guard.issuer)
    await loaded({ ...cold, proxy: guard.proxy }, live)
    expect((await guard.ask(live)).status).toBe(200)
    expect([...problemsOf(cold), ...problemsOf(guard)]).toEqual([])
  })
})
