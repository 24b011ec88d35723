// Checks the password of a user who is logged in already. The attempt is counted in the round trip
// that reads the hash. A right password takes it back, in the batch of what it was given for.

import {
  type InvalidInput,
  type QueueReason,
  type Result,
  type RevocationReason,
  refuse,
} from '../../../errors/reasons.ts'
import type { AttemptKeys, Counted, TooManyAttempts } from '../../store/attempts.ts'
import { findSessionToConfirm, type SessionToConfirm } from '../../store/password-checks.ts'
import type { CallerToken } from '../../store/users.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import type { HashTurn } from '../identity/hash-queue.ts'
import { parsePassword } from '../identity/identity.ts'
import type { SessionPurpose } from '../limits/attempt-keys.ts'
import { chargeAttempt } from '../limits/charged-attempt.ts'

/** Why a password is not accepted, or not looked at. */
export type ConfirmReason = RevocationReason | 'password_wrong' | QueueReason

/** A password that was given, and for what. */
interface GivenPassword {
  readonly password: string
  /** Each purpose has its own counts. */
  readonly purpose: SessionPurpose
  /** Whether the client has hung up. */
  readonly isGone: () => boolean
  readonly entry: AuditEntry
}

/**
 * The result of `work`, which gets the session as it was read and its turn in the queue. Refuses
 * with 'password_wrong', 'token_revoked' or 'account_gone' after one round trip. The work of one
 * password hash, and none for a token that is refused. Refuses with 'too_many_attempts', after one
 * round trip and without a hash, whether the password is right or not. If `work` throws, or refuses
 * for another reason than the password, the attempt is taken back.
 *
 * Refuses with 'login_queue_full', without a hash, if too many passwords wait to be hashed. That is
 * before any round trip. It comes after one if the turn does not come within 5 s, or the client
 * hangs up.
 */
export async function confirmPassword<T, R extends string | InvalidInput>(
  deps: Pick<Deps, 'database' | 'settings' | 'passwords' | 'hashQueue' | 'attemptKeys'>,
  caller: CallerToken,
  given: GivenPassword,
  work: (confirmed: Counted<SessionToConfirm>, turn: HashTurn) => Promise<Result<T, R>>,
): Promise<Result<T, R | ConfirmReason | TooManyAttempts>> {
  const joined = deps.hashQueue.join(given.isGone, caller.userId)
  if (!joined.ok) return joined
  const turn = joined.value
  const keys = await sessionKeysOf(deps, given.purpose, caller)
  const { attempts } = deps.settings.limits
  const reading = findSessionToConfirm(deps.database, caller, keys, attempts, given.entry)
  const counted = await turn.keepDuring(reading)
  if (!counted.ok) {
    turn.leave()
    return counted
  }
  const { found, attempt } = counted.value
  return chargeAttempt<T, R | ConfirmReason>(deps, attempt, async () => {
    const password = parsePassword(given.password) ?? ''
    const matches = await turn.hash(() =>
      deps.passwords.verify(password, found.passwordHash, given.password),
    )
    if (!matches.ok) return matches
    return matches.value ? work(counted.value, turn) : refuse('password_wrong')
  })
}

/** The session is the source: a stolen token of one session closes no other one. */
async function sessionKeysOf(
  { attemptKeys }: Pick<Deps, 'attemptKeys'>,
  purpose: SessionPurpose,
  { userId, sessionId }: CallerToken,
): Promise<AttemptKeys> {
  const account = await attemptKeys.ofAccount(purpose, String(userId))
  return { account, source: await attemptKeys.ofSource(account, 'session', sessionId) }
}
