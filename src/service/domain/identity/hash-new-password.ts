// A new password: the policy with the email, the breach check, and the turn in the queue.

import {
  type InvalidInput,
  type QueueReason,
  type Result,
  refuse,
} from '../../../errors/reasons.ts'
import type { PasswordPolicy } from '../../config/password-settings.ts'
import { type BreachCheck, breachedPassword } from './breach-check.ts'
import { comparedEmail } from './email.ts'
import type { HashQueue } from './hash-queue.ts'
import type { PasswordHasher } from './password-hasher.ts'
import { type PasswordFault, passwordFault } from './password-policy.ts'

/** Services and settings. */
interface NewPasswordDeps {
  readonly settings: { readonly passwordPolicy: PasswordPolicy; readonly issuer: string }
  readonly passwords: PasswordHasher
  readonly hashQueue: HashQueue
  readonly breaches: BreachCheck
}

/** The new password is not good enough. */
export interface RefusedPassword {
  readonly passwordFault: PasswordFault
}

/**
 * The hash of a password that the policy lets through. Refuses a password that is made of the
 * account's email, or that was in a data breach, and says so. Refuses with 'login_queue_full' if
 * too many passwords wait to be hashed. The work of one hash.
 *
 * @param newPassword in its normal form
 * @param email of the account, as it is stored
 */
export async function hashNewPassword(
  { settings, passwords, hashQueue, breaches }: NewPasswordDeps,
  newPassword: string,
  email: string,
  isGone: () => boolean,
): Promise<Result<string, QueueReason | RefusedPassword>> {
  const { passwordPolicy, issuer } = settings
  const named = { email: comparedEmail(email), issuer }
  const fault = passwordFault(passwordPolicy, newPassword, named)
  if (fault) return refuse({ passwordFault: fault })
  return hashUnbreached({ passwords, hashQueue, breaches }, newPassword, isGone)
}

/**
 * The hash of a password. Refuses one that was in a data breach, without a hash. Refuses with
 * 'login_queue_full' if too many passwords wait to be hashed. The work of one hash.
 */
async function hashUnbreached(
  { passwords, hashQueue, breaches }: Omit<NewPasswordDeps, 'settings'>,
  newPassword: string,
  isGone: () => boolean,
): Promise<Result<string, QueueReason | RefusedPassword>> {
  const turn = hashQueue.join(isGone)
  if (!turn.ok) return turn
  // The place is kept meanwhile, so that a crowd asks no more than the queue holds. It is no turn:
  // others hash.
  if (await turn.value.keepDuring(breaches.isBreached(newPassword))) {
    turn.value.leave()
    return refuse({ passwordFault: 'breached' })
  }
  return turn.value.hash(() => passwords.hash(newPassword))
}

/**
 * The same for a field of a body: a password that was in a data breach is refused as
 * 'invalid_input', with a sentence for the field.
 */
export async function hashFieldPassword(
  deps: Omit<NewPasswordDeps, 'settings'>,
  newPassword: string,
  field: string,
  isGone: () => boolean,
): Promise<Result<string, QueueReason | InvalidInput>> {
  const hashed = await hashUnbreached(deps, newPassword, isGone)
  if (hashed.ok) return hashed
  return refuse(typeof hashed.error === 'object' ? breachedPassword(field) : hashed.error)
}
