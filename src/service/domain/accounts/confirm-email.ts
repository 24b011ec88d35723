// Somebody has the code that was mailed to the new email of an account. So the account gets it, and
// the old email gets a link that takes the change back.

import { type QueueReason, type Result, refuse, succeed } from '../../../errors/reasons.ts'
import { changeEmail } from '../../store/email-change.ts'
import type { AuditEntry } from '../audit-entry.ts'
import { type CheckedCode, checkCode, type SentCode, withCheckedCode } from '../codes/check-code.ts'
import { newCode } from '../codes/request-code.ts'
import type { Deps } from '../deps.ts'
import { comparedEmail, emailSpellings } from '../identity/email.ts'
import { renewDevice } from '../limits/login-attempts.ts'
import { createNotice, type NoticeReader } from '../mail/notice.ts'
import { type SamePersonDeps, type SamePersonProof, showsSamePerson } from './same-person.ts'

type ConfirmDeps = SamePersonDeps & Pick<Deps, 'database' | 'mailedCodes'>

/** What the user sends. */
interface AskedConfirmation extends NoticeReader, SamePersonProof {
  readonly sent: SentCode
  readonly entry: AuditEntry
}

type ConfirmReason =
  | 'code_wrong'
  | 'email_taken'
  | 'password_needed'
  | 'password_wrong'
  | QueueReason

/**
 * Changes the email, which is proved from then on. Sessions and tokens go on. Gives a device token,
 * because those from before are for the old email. The old email gets a mail with a link that takes
 * the change back within 72 hours.
 *
 * A link alone is not enough: a stranger may have sent it to somebody who clicks. So it needs the
 * password of the account, or a device token. The handle of the session that has asked shows it,
 * too.
 *
 * Refuses with 'code_wrong' as `checkCode`, also if another request has used the code meanwhile.
 * Refuses with 'password_wrong', which uses up one of the five tries. Refuses with
 * 'password_needed' if nothing shows who it is, and with 'login_queue_full' if too many passwords
 * wait to be hashed. Refuses with 'email_taken' if another account has the email by now. These
 * three and a failure leave the code as it is. Two round trips, and the work of one password hash
 * if a password is given. Atomic.
 */
export async function confirmNewEmail(
  deps: ConfirmDeps,
  asked: AskedConfirmation,
  isGone: () => boolean,
): Promise<Result<string, ConfirmReason>> {
  const checked = await checkCode(deps, asked.sent, 'change_email', asked.entry)
  if (!checked.ok) return checked
  return withCheckedCode<string, ConfirmReason>(
    deps,
    checked.value,
    ['code_wrong', 'password_wrong'],
    async () => {
      const isSame = await showsSamePerson(deps, asked, checked.value, isGone)
      if (!isSame.ok) return isSame
      return isSame.value ? commit(deps, asked, checked.value) : refuse('password_needed')
    },
  )
}

async function commit(
  deps: ConfirmDeps,
  asked: AskedConfirmation,
  { account, codeId, presented, attemptSeq, newEmail }: CheckedCode,
): Promise<Result<string, ConfirmReason>> {
  const { userId, passwordVersion } = account
  const { language, entry } = asked
  const email = newEmail ?? ''
  const device = renewDevice(deps)
  const changed = await changeEmail(deps.database, {
    ...{ codeId, isLink: presented.handle === undefined, userId, entry, attemptSeq },
    spellings: emailSpellings(email),
    // No eight characters: the undo has a link alone.
    undo: { ...newCode(deps, 'undo_email_change', language, entry), codeSeconds: 0 },
    notice: createNotice(deps, asked),
  })
  if (!changed.ok) return changed
  const known = { ...device, userId, passwordVersion }
  return succeed(await deps.deviceTokens.create(known, comparedEmail(email)))
}
