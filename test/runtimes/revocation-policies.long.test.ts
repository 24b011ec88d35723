// The other policies while the path to the feed is broken. A strict guard refuses every token that
// it cannot check. A guard that prefers availability refuses only the tokens that it knows to be
// revoked.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { boundMs } from '../support/guarded.ts'
import { loaded } from '../support/outage.ts'
import { revokedSession, type Stage, startStage, type Way } from '../support/stage.ts'
import { statusesOf, watch } from '../support/watch.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
})
afterAll(() => stage?.stop())

const ways: Way[] = ['over HTTP', 'over a service binding', 'on Deno']

describe.concurrent.each(ways)('a strict guard %s', (way) => {
  it('refuses at once, answers 503 while it cannot ask, and lets in at once afterwards', async () => {
    const guard = await stage.startGuard(way)
    const [live, revoked] = [await stage.mint(guard.issuer), await stage.mint(guard.issuer)]
    const statusOf = async (token: string) => (await guard.ask(token, '/strict')).status
    // The knowledge of the guards of other routes is not enough for it.
    await loaded(guard, live)
    expect([await statusOf(live), await statusOf(revoked)]).toEqual([200, 200])
    await stage.revoke(revoked)
    expect([await statusOf(live), await statusOf(revoked)]).toEqual([200, 401])
    for (const fault of ['hangs', 'cuts the connection', 'answers 500', 'answers HTML'] as const) {
      guard.proxy.setFault(fault, '/auth/feed/')
      const [answer, other] = await Promise.all([
        guard.ask(live, '/strict'),
        guard.ask(revoked, '/strict'),
      ])
      // The result of a check for the revoked token is not forgotten.
      expect([answer.status, other.status]).toEqual([503, 401])
      expect(answer.headers.get('Retry-After')).toBe('5')
      guard.proxy.setFault('none')
      expect([await statusOf(live), await statusOf(revoked)]).toEqual([200, 401])
    }
    const events = guard.server.log().map(({ event }) => event)
    expect(new Set(events)).toEqual(new Set(['revocation_check_failed']))
  })
})

describe.concurrent.each(ways)('a guard %s that may accept stale revocations', (way) => {
  it('lets tokens in beyond the bound, except those that it knows to be revoked', async () => {
    const guard = await stage.startGuard(way)
    const [live, late] = [await stage.mint(guard.issuer), await stage.mint(guard.issuer)]
    const known = await stage.mint(guard.issuer, revokedSession)
    await loaded(guard, live)
    guard.proxy.setFault('cuts the connection', '/auth/feed/')
    await stage.revoke(late)
    const brokenAtMs = performance.now()
    const watches = [live, known, late].map((token) => watch(() => guard.ask(token, '/lenient')))
    const answered = (status: number, afterMs: number) =>
      Promise.all(
        watches.map((one) => one.answered(({ answer }) => answer.status !== status, afterMs)),
      )
    await answered(503, brokenAtMs + boundMs)
    // One route may refuse what another accepts, although they share their knowledge.
    expect((await guard.ask(live)).status).toBe(503)
    expect((await guard.ask(known)).status).toBe(401)
    guard.proxy.setFault('none')
    await watches[2]?.answered(({ answer }) => answer.status === 401)
    const mendedAtMs = performance.now()
    await answered(503, mendedAtMs)
    const [liveSeen = [], knownSeen = [], lateSeen = []] = await Promise.all(
      watches.map((one) => one.stop()),
    )
    expect(statusesOf(liveSeen, 0)).toEqual([200])
    expect(statusesOf(knownSeen, 0)).toEqual([401])
    expect(statusesOf(lateSeen, 0)).toEqual([200, 401])
    expect(statusesOf(lateSeen, mendedAtMs)).toEqual([401])
  })
})
