// Whoever reads the mails of an address need not be who has set the password of the account. A link
// alone shows only the first.

import { type QueueReason, type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { CheckedCode } from '../codes/check-code.ts'
import { isDeviceOf } from '../codes/takeover.ts'
import type { Deps } from '../deps.ts'
import { comparedEmail } from '../identity/email.ts'
import { parsePassword } from '../identity/identity.ts'
import { findDevice, type LoginClient } from '../limits/login-attempts.ts'

/** What may show it, besides the code. */
export interface SamePersonProof {
  /** The password of the account, as typed. */
  readonly password: string | undefined
  readonly client: LoginClient
}

/** Services and settings. */
export type SamePersonDeps = Pick<
  Deps,
  'runtime' | 'settings' | 'passwords' | 'hashQueue' | 'deviceTokens'
>

/**
 * Whether something shows that the reader has set the password. That is the handle of a code that a
 * session of the account has asked for, a device token of the account, or the password. Refuses
 * with 'password_wrong'. Refuses with 'login_queue_full' if too many passwords wait to be hashed.
 * The work of one hash if the password decides. No round trip.
 */
export async function showsSamePerson(
  deps: SamePersonDeps,
  { password, client }: SamePersonProof,
  { account, isOfSession }: CheckedCode,
  isGone: () => boolean,
): Promise<Result<boolean, 'password_wrong' | QueueReason>> {
  if (isOfSession) return succeed(true)
  const device = await findDevice(deps, comparedEmail(account.email), client)
  if (isDeviceOf(deps, device, account)) return succeed(true)
  if (password === undefined) return succeed(false)
  const turn = deps.hashQueue.join(isGone)
  if (!turn.ok) return turn
  const matches = await turn.value.hash(() =>
    deps.passwords.verify(parsePassword(password) ?? '', account.passwordHash, password),
  )
  if (!matches.ok || matches.value) return matches
  return refuse('password_wrong')
}
