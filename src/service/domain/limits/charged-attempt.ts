// An attempt does not count if its password was not checked, or if we failed after that.

import type { Result } from '../../../errors/reasons.ts'
import { type CountedAttempt, takeAttemptBack } from '../../store/attempts.ts'
import type { LimitDeps } from './limit-deps.ts'

/** Refusals that are not the fault of who gave the password. */
const ours: readonly string[] = ['login_queue_full', 'account_changing']

/**
 * The result of `work`. If it throws, or refuses because of our own limits, the attempt is taken
 * back: one round trip more. Where the database is away, the attempt stays.
 */
export async function chargeAttempt<T, R extends string>(
  { database }: Pick<LimitDeps, 'database'>,
  attempt: CountedAttempt,
  work: () => Promise<Result<T, R>>,
): Promise<Result<T, R>> {
  let isSettled = false
  try {
    const done = await work()
    isSettled = done.ok || !ours.includes(done.error)
    return done
  } finally {
    if (!isSettled) await takeAttemptBack(database, attempt).catch(() => {})
  }
}
