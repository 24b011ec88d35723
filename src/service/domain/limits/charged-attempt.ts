// An attempt does not count if its password was not checked, or if we failed after that.

import { DatabaseUnavailable } from '../../../errors/database-unavailable.ts'
import type { Result } from '../../../errors/reasons.ts'
import { type CountedAttempt, takeAttemptBack } from '../../store/attempts.ts'
import type { LimitDeps } from './limit-deps.ts'

/** Refusals after which the password is no guess: it was not checked, or it was right. */
const uncounted: readonly string[] = ['login_queue_full', 'account_changing', 'invalid_input']

/**
 * The result of `work`. If it throws, or refuses for another reason than the password, the attempt
 * is taken back: one round trip more. If the database gave no answer, the attempt stays: it may
 * have been taken back already.
 */
export async function chargeAttempt<T, R extends string | { readonly reason: string }>(
  { database }: Pick<LimitDeps, 'database'>,
  attempt: CountedAttempt,
  work: () => Promise<Result<T, R>>,
): Promise<Result<T, R>> {
  const takeBack = () => takeAttemptBack(database, attempt).catch(() => {})
  try {
    const done = await work()
    if (!done.ok && uncounted.includes(reasonOf(done.error))) await takeBack()
    return done
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) await takeBack()
    throw error
  }
}

function reasonOf(error: string | { readonly reason: string }): string {
  return typeof error === 'string' ? error : error.reason
}
