// Clients that hang up while their request waits for revocations. On Workers the work of such a
// request may end with it. Other requests that wait for the same work must not hang.

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { bearing } from '../support/client.ts'
import { boundMs } from '../support/guarded.ts'
import { loaded } from '../support/outage.ts'
import { until } from '../support/server.ts'
import {
  type GuardedByProxy,
  revokedSession,
  type Stage,
  startStage,
  type Way,
} from '../support/stage.ts'

/** The longest wait of a request: one question, and a little for a noisy machine. */
const longestAnswerMs = 6_000

let stage: Stage
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
})
afterAll(() => stage?.stop())

/** Sends a request, and hangs up as soon as the guard has asked for the feed. */
async function abandon(guard: GuardedByProxy, token: string, asked: string): Promise<void> {
  const before = guard.proxy.count(asked)
  const impatient = new AbortController()
  const init = { ...bearing(token), signal: impatient.signal }
  const first = fetch(`${guard.server.baseUrl}/bounded`, init).catch(() => 'hung up')
  await until(() => guard.proxy.count(asked) > before)
  impatient.abort()
  expect(await first).toBe('hung up')
}

/** New questions are answered. Those that hang stay unanswered. */
function answerFromNowOn(guard: GuardedByProxy): void {
  guard.proxy.setFault('hangs', '/nothing')
}

async function answerOf(guard: GuardedByProxy, token: string) {
  const sentAtMs = performance.now()
  const { status } = await guard.ask(token)
  expect(performance.now() - sentAtMs).toBeLessThan(longestAnswerMs)
  return status
}

const ways: Way[] = ['over HTTP', 'over a service binding']
const questions = ['/auth/feed/check', '/auth/feed/']

describe.concurrent.each(ways)('a cold guard %s, left by its first client', (way) => {
  it.each(questions)('serves the next requests after %s was not answered', async (path) => {
    const guard = await stage.startGuard(way)
    const [first, second] = [await stage.mint(guard.issuer), await stage.mint(guard.issuer)]
    const revoked = await stage.mint(guard.issuer, revokedSession)
    guard.proxy.setFault('hangs', path)
    await abandon(guard, first, '/auth/feed/check')
    answerFromNowOn(guard)
    expect([await answerOf(guard, second), await answerOf(guard, revoked)]).toEqual([200, 401])
    await loaded(guard, first)
  })

  it('answers 503 while the source hangs, and recovers by itself', async () => {
    const guard = await stage.startGuard(way)
    const token = await stage.mint(guard.issuer)
    guard.proxy.setFault('hangs', '/auth/feed/')
    await abandon(guard, token, '/auth/feed/check')
    const others = Array.from({ length: 20 }, () => answerOf(guard, token))
    expect(new Set(await Promise.all(others))).toEqual(new Set([503]))
    answerFromNowOn(guard)
    await until(async () => (await answerOf(guard, token)) === 200)
    await loaded(guard, token)
  })
})

describe.concurrent.each(ways)('a guard %s whose view is old', (way) => {
  it('serves requests that wait for the refresh of a client that hung up', async () => {
    const guard = await stage.startGuard(way)
    const [first, revoked] = [await stage.mint(guard.issuer), await stage.mint(guard.issuer)]
    await loaded(guard, first)
    // Otherwise a stream would go on without requests.
    guard.proxy.setFault('hangs', '/auth/feed/')
    await stage.revoke(revoked)
    await delay(boundMs)
    await abandon(guard, first, '/auth/feed/')
    const waiting = [answerOf(guard, first), answerOf(guard, revoked)]
    answerFromNowOn(guard)
    const [live, late] = await Promise.all(waiting)
    expect([200, 503]).toContain(live)
    expect([401, 503]).toContain(late)
    await until(async () => (await answerOf(guard, first)) === 200)
    expect(await answerOf(guard, revoked)).toBe(401)
  })
})
