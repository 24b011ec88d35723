// The hash of the password of a new account.

import {
  type InvalidInput,
  type QueueReason,
  type Result,
  refuse,
} from '../../../errors/reasons.ts'
import type { Deps } from '../deps.ts'
import { breachedPassword } from '../identity/breach-check.ts'
import { hashUnbreached } from '../identity/hash-new-password.ts'

/**
 * The hash of a password. Refuses with 'login_queue_full' if too many wait. Refuses with
 * 'invalid_input' a password that was in a data breach, without a hash. No round trip.
 */
export async function hashFirstPassword(
  deps: Pick<Deps, 'passwords' | 'hashQueue' | 'breaches'>,
  password: string,
  isGone: () => boolean,
): Promise<Result<string, QueueReason | InvalidInput>> {
  const hashed = await hashUnbreached(deps, password, isGone)
  if (hashed.ok) return hashed
  const { error } = hashed
  return refuse(typeof error === 'object' ? breachedPassword('password') : error)
}
