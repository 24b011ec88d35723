// What a guard does while the source of its revocations breaks and recovers: the same questions for
// every fault, with three tokens.

import { expect } from 'vitest'
import { boundMs } from './guarded.ts'
import { until } from './server.ts'
import { type GuardedByProxy, revokedSession } from './stage.ts'
import { type Seen, statusesOf, watch } from './watch.ts'

/** Recovery takes at most a pause of 5 s and a round trip, plus a margin for noisy machines. */
const longestRecoveryMs = 9_000

export interface OutageOptions {
  readonly guard: GuardedByProxy
  mint(issuer: string, sessionId?: string): Promise<string>
  /** Resolves when the revocation is stored. */
  revoke(token: string): Promise<unknown>
  break(): void | Promise<void>
  mend(): void | Promise<void>
  /** True where nothing can be revoked once the source is broken. */
  readonly isRevokedBefore?: boolean
}

/** The observations, by `performance.now()`. */
export interface Outage {
  readonly brokenAtMs: number
  /** When the revocation was acknowledged that the guard cannot know. */
  readonly revokedAtMs: number
  readonly mendedAtMs: number
  readonly recoveredAtMs: number
  readonly live: readonly Seen[]
  readonly known: readonly Seen[]
  readonly late: readonly Seen[]
}

/** Breaks the source for longer than the bound, and repairs it. */
export async function observeOutage(options: OutageOptions): Promise<Outage> {
  const { guard, mint, revoke } = options
  const [live, known, late] = [
    await mint(guard.issuer),
    await mint(guard.issuer, revokedSession),
    await mint(guard.issuer),
  ]
  const ask = (token: string) => () => guard.ask(token)
  const watches = [watch(ask(live), 100), watch(ask(known), 250), watch(ask(late), 40)] as const
  const [liveWatch, knownWatch, lateWatch] = watches
  try {
    await knownWatch.answered(({ answer }) => answer.status === 401)
    await loaded(guard, live)
    const revokeLate = async () => {
      await revoke(late)
      return now()
    }
    const revokedBeforeMs = options.isRevokedBefore ? await revokeLate() : undefined
    await options.break()
    const brokenAtMs = now()
    const revokedAtMs = revokedBeforeMs ?? (await revokeLate())
    await liveWatch.answered(({ answer }) => answer.status === 503, brokenAtMs + boundMs)
    await knownWatch.answered(() => true, brokenAtMs + boundMs)
    await lateWatch.answered(() => true, revokedAtMs + boundMs)
    const mendedAtMs = now()
    await options.mend()
    const recovered = await liveWatch.answered(({ answer }) => answer.status === 200, mendedAtMs)
    await lateWatch.answered(({ answer }) => answer.status === 401, mendedAtMs)
    const answers = await Promise.all(watches.map((one) => one.stop()))
    const [liveSeen = [], knownSeen = [], lateSeen = []] = answers
    const seen = { live: liveSeen, known: knownSeen, late: lateSeen }
    return { brokenAtMs, revokedAtMs, mendedAtMs, recoveredAtMs: recovered.answeredAtMs, ...seen }
  } finally {
    await Promise.all(watches.map((one) => one.stop()))
  }
}

/** Waits until a guard has loaded all revocations, and so asks nothing about a single token. */
export async function loaded(guard: GuardedByProxy, token: string): Promise<void> {
  const checks = () => guard.proxy.count('/auth/feed/check')
  await until(async () => {
    const before = checks()
    return (await guard.ask(token)).status === 200 && checks() === before
  })
}

/**
 * Answers from memory inside the bound, 503 beyond it, and recovers soon. Never lets in a revoked
 * token.
 */
export function expectFailsClosed(outage: Outage): void {
  const { brokenAtMs, revokedAtMs, mendedAtMs, recoveredAtMs, live, known, late } = outage
  const broken = live.filter((one) => one.sentAtMs >= brokenAtMs && one.answeredAtMs < mendedAtMs)
  const refusedAtMs = broken.find(({ answer }) => answer.status === 503)?.answeredAtMs
  expect(statusesOf(broken, brokenAtMs, brokenAtMs + boundMs / 4)).toContain(200)
  expect(statusesOf(broken, refusedAtMs ?? 0)).not.toContain(200)
  expect(statusesOf(broken, brokenAtMs + boundMs)).toEqual([503])
  expect(statusesOf(known, brokenAtMs)).toEqual([401])
  expect(statusesOf(late, revokedAtMs + boundMs)).not.toContain(200)
  expect(late.at(-1)?.answer.status).toBe(401)
  expect(recoveredAtMs - mendedAtMs).toBeLessThan(longestRecoveryMs)
  for (const { answer } of [...live, ...late].filter((one) => one.answer.status === 503)) {
    expect([answer.headers.get('Retry-After'), answer.body.code]).toEqual(['5', 'unavailable'])
  }
}

function now(): number {
  return performance.now()
}
