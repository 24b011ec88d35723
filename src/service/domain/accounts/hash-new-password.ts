// The hash of the password of a new account.

import {
  type InvalidInput,
  type QueueReason,
  type Result,
  refuse,
} from '../../../errors/reasons.ts'
import type { Deps } from '../deps.ts'
import { breachedPassword } from '../identity/breach-check.ts'

/**
 * The hash of a password. Refuses with 'login_queue_full' if too many wait. Refuses with
 * 'invalid_input' a password that was in a data breach, without a hash. No round trip.
 */
export async function hashNewPassword(
  deps: Pick<Deps, 'passwords' | 'hashQueue' | 'breaches'>,
  password: string,
  isGone: () => boolean,
): Promise<Result<string, QueueReason | InvalidInput>> {
  const turn = deps.hashQueue.join(isGone)
  if (!turn.ok) return turn
  // The place is kept meanwhile, so that a crowd asks no more than the queue holds. It is no turn:
  // others hash.
  if (await turn.value.keepDuring(deps.breaches.isBreached(password))) {
    turn.value.leave()
    return refuse(breachedPassword('password'))
  }
  return turn.value.hash(() => deps.passwords.hash(password))
}
