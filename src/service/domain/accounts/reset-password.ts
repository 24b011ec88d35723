// A user who has forgotten the password sets another one, with a code from a mail. Every session
// and every token of the account ends, everywhere within the bound. So a thief who has used the
// account is out, too.

import { createRandomId } from '../../../crypto/random-id.ts'
import { type QueueReason, type Result, refuse, succeed } from '../../../errors/reasons.ts'
import { type PasswordReset, resetPassword } from '../../store/password-reset.ts'
import type { AuditEntry } from '../audit-entry.ts'
import { type CheckedCode, checkCode, type SentCode, withCheckedCode } from '../codes/check-code.ts'
import type { Deps } from '../deps.ts'
import { comparedEmail } from '../identity/email.ts'
import { hashNewPassword, type RefusedPassword } from '../identity/hash-new-password.ts'
import { renewDevice } from '../limits/login-attempts.ts'
import { createNotice, type NoticeReader } from '../mail/notice.ts'

type ResetDeps = Pick<
  Deps,
  | 'database'
  | 'runtime'
  | 'settings'
  | 'mailedCodes'
  | 'passwords'
  | 'hashQueue'
  | 'breaches'
  | 'deviceTokens'
  | 'revocations'
>

/** What the user sends. */
interface AskedReset extends NoticeReader {
  readonly sent: SentCode
  /** In its normal form. By the policy, as far as that does not need the email. */
  readonly newPassword: string
  readonly entry: AuditEntry
}

/** What the user gets. */
interface DoneReset {
  /** For the next login. */
  readonly deviceToken: string
  /** Whether the deletion of the account was planned, and is not any more. */
  readonly isDeletionCancelled: boolean
}

type ResetRefusal = 'code_wrong' | QueueReason | RefusedPassword

const purpose = 'reset_password'

/**
 * Changes the password, and gives a device token for the next login. The account is kept if its
 * deletion is planned. Refuses with 'code_wrong' as `checkCode`, also if another request has used
 * the code meanwhile. Refuses a new password that is made of the account's email, or that was in a
 * data breach, and says so. Refuses with 'login_queue_full' if too many passwords wait to be
 * hashed. Both leave the code as it is, and so does a failure. Two round trips, and the work of one
 * password hash. When it has succeeded, the guards of this isolate know the revocation. Atomic.
 */
export async function resetForgottenPassword(
  deps: ResetDeps,
  asked: AskedReset,
  isGone: () => boolean,
): Promise<Result<DoneReset, ResetRefusal>> {
  const checked = await checkCode(deps, asked.sent, purpose, asked.entry)
  if (!checked.ok) return checked
  const { account, codeId, presented, attemptSeq } = checked.value
  return withCheckedCode<DoneReset, ResetRefusal>(deps, checked.value, ['code_wrong'], async () => {
    const hashed = await hashNewPassword(deps, asked.newPassword, account.email, isGone)
    if (!hashed.ok) return hashed
    return commit(deps, checked.value, {
      ...{ userId: account.userId, codeId, passwordHash: hashed.value },
      ...{ isLink: presented.handle === undefined, attemptSeq, entry: asked.entry },
      tokenGeneration: createRandomId(deps.runtime),
      notice: createNotice(deps, asked),
      keptNotice: createNotice(deps, asked),
    })
  })
}

async function commit(
  deps: ResetDeps,
  { account }: CheckedCode,
  change: PasswordReset,
): Promise<Result<DoneReset, 'code_wrong'>> {
  const device = renewDevice(deps)
  const changed = await resetPassword(deps.database, change)
  if (!changed) return refuse('code_wrong')
  deps.revocations.announce(changed.revocation)
  const { userId, email } = account
  const known = { ...device, userId, passwordVersion: changed.passwordVersion }
  const deviceToken = await deps.deviceTokens.create(known, comparedEmail(email))
  return succeed({ deviceToken, isDeletionCancelled: changed.isDeletionCancelled })
}
