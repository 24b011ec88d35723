// Somebody has the code that was mailed to the new email of an account. So the account gets it, and
// the old email gets a link that takes the change back.

import { type Result, succeed } from '../../../errors/reasons.ts'
import { changeEmail } from '../../store/email-change.ts'
import type { AuditEntry } from '../audit-entry.ts'
import { checkCode, type SentCode, withCheckedCode } from '../codes/check-code.ts'
import { newCode } from '../codes/request-code.ts'
import type { Deps } from '../deps.ts'
import { comparedEmail, emailSpellings } from '../identity/email.ts'
import { renewDevice } from '../limits/login-attempts.ts'
import { createNotice, type NoticeReader } from '../mail/notice.ts'

/** What the user sends. */
interface AskedConfirmation extends NoticeReader {
  readonly sent: SentCode
  readonly entry: AuditEntry
}

type ConfirmReason = 'code_wrong' | 'email_taken'

/**
 * Changes the email, which is proved from then on. Sessions and tokens go on. Gives a device token,
 * because those from before are for the old email. The old email gets a mail with a link that takes
 * the change back within 72 hours.
 *
 * Refuses with 'code_wrong' as `checkCode`, also if another request has used the code meanwhile.
 * Refuses with 'email_taken' if another account has the email by now; this and a failure leave the
 * code as it is. Two round trips. Atomic.
 */
export async function confirmNewEmail(
  deps: Pick<Deps, 'database' | 'runtime' | 'settings' | 'mailedCodes' | 'deviceTokens'>,
  asked: AskedConfirmation,
): Promise<Result<string, ConfirmReason>> {
  const { sent, language, entry } = asked
  const checked = await checkCode(deps, sent, 'change_email', entry)
  if (!checked.ok) return checked
  const { account, codeId, presented, attemptSeq, newEmail } = checked.value
  const { userId, passwordVersion } = account
  const email = newEmail ?? ''
  const device = renewDevice(deps)
  return withCheckedCode<string, ConfirmReason>(deps, checked.value, ['code_wrong'], async () => {
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
  })
}
