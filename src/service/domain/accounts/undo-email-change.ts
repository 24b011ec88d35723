// The owner of an account takes a change of its email back, with the link that the old email got.
// Somebody else may have made the change. So everything that they could have ends.

import { type Result, succeed } from '../../../errors/reasons.ts'
import { undoEmailChange } from '../../store/email-undo.ts'
import type { AuditEntry } from '../audit-entry.ts'
import { checkCode, withCheckedCode } from '../codes/check-code.ts'
import { newCode } from '../codes/request-code.ts'
import { beginTakeover } from '../codes/takeover.ts'
import type { Deps } from '../deps.ts'
import { emailSpellings } from '../identity/email.ts'
import { createNotice, type NoticeReader } from '../mail/notice.ts'

/** What the owner sends. */
interface AskedUndo extends NoticeReader {
  /** Of the link. */
  readonly token: string
  readonly entry: AuditEntry
}

type UndoReason = 'code_wrong' | 'email_taken'

/**
 * Gives the account its old email back, and ends its password, sessions, tokens and device tokens.
 * Gives a handle for the code for a new password, which is mailed to the old email. Links that undo
 * later changes are void.
 *
 * Refuses with 'code_wrong' as `checkCode`, also if another request has used the link meanwhile. It
 * does not matter which email and password the account has by now. Refuses with 'email_taken' if
 * another account has the old email. A refusal and a failure leave the link as it is, also while
 * the account is disabled. Two round trips; a third one after a refusal of the second. When it has
 * succeeded, the guards of this isolate know the revocation. Atomic.
 */
export async function takeEmailBack(
  deps: Pick<Deps, 'database' | 'runtime' | 'settings' | 'mailedCodes' | 'revocations'>,
  { token, entry, ...reader }: AskedUndo,
): Promise<Result<string, UndoReason>> {
  const checked = await checkCode(deps, { token }, 'undo_email_change', entry)
  if (!checked.ok) return checked
  const { account, codeId, attemptSeq, newEmail } = checked.value
  return withCheckedCode<string, UndoReason>(deps, checked.value, [], async () => {
    const reset = newCode(deps, 'reset_password', reader.language, entry)
    const undone = await undoEmailChange(deps.database, {
      ...{ codeId, userId: account.userId, spellings: emailSpellings(newEmail ?? '') },
      ...{ takeover: beginTakeover(deps), reset, entry, attemptSeq },
      keptNotice: createNotice(deps, reader),
      replacedNotice: createNotice(deps, reader),
    })
    if (!undone.ok) return undone
    deps.revocations.announce(undone.value)
    return succeed(reset.handle)
  })
}
