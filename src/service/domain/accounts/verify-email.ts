// A user proves with a code that the email of the account receives mail. The code alone does not
// show that the same person has registered: an attacker may have registered the email of the
// reader. So the password stays only for who shows that it is theirs.

import { type QueueReason, type Result, refuse, succeed } from '../../../errors/reasons.ts'
import { proveEmail } from '../../store/email-proof.ts'
import type { AuditEntry } from '../audit-entry.ts'
import { type CheckedCode, checkCode, type SentCode, withCheckedCode } from '../codes/check-code.ts'
import { beginTakeover } from '../codes/takeover.ts'
import type { Deps } from '../deps.ts'
import { type SamePersonDeps, type SamePersonProof, showsSamePerson } from './same-person.ts'

type VerifyDeps = SamePersonDeps & Pick<Deps, 'database' | 'mailedCodes' | 'revocations'>

/** What the user sends. */
interface AskedProof extends SamePersonProof {
  readonly sent: SentCode
  /** Whether the password of the account may end, if nobody shows that it is theirs. */
  readonly removesPassword: boolean
  readonly entry: AuditEntry
}

type SameReason = 'password_needed' | 'password_wrong' | QueueReason
type VerifyReason = 'code_wrong' | SameReason

/**
 * Notes that the email is proved. The password, the sessions and the tokens of the account stay if
 * something shows that the same person has registered. That is the handle of a code that a session
 * of the account has asked for, a device token of the account, or its password. They also stay if
 * the email was proved before. Otherwise they end, if the user agrees.
 *
 * Refuses with 'code_wrong' as `checkCode`, also if another request has used the code meanwhile.
 * Refuses with 'password_wrong', which uses up one of the five tries. Refuses with
 * 'password_needed' if nothing shows it and the user does not agree. Refuses with
 * 'login_queue_full' if too many passwords wait to be hashed. These two, and a failure, leave the
 * code as it is. Two round trips, and the work of one password hash if a password is given. Atomic.
 *
 * @returns whether the password from before is gone
 */
export async function verifyEmail(
  deps: VerifyDeps,
  asked: AskedProof,
  isGone: () => boolean,
): Promise<Result<boolean, VerifyReason>> {
  const checked = await checkCode(deps, asked.sent, 'verify_email', asked.entry)
  if (!checked.ok) return checked
  return withCheckedCode<boolean, VerifyReason>(
    deps,
    checked.value,
    ['code_wrong', 'password_wrong'],
    () => proveByCode(deps, asked, checked.value, isGone),
  )
}

async function proveByCode(
  deps: VerifyDeps,
  asked: AskedProof,
  checked: CheckedCode,
  isGone: () => boolean,
): Promise<Result<boolean, VerifyReason>> {
  const { account, codeId, presented, attemptSeq } = checked
  const isSame = await isSamePerson(deps, asked, checked, isGone)
  if (!isSame.ok) return isSame
  const takeover = isSame.value ? undefined : beginTakeover(deps)
  const revocations = await proveEmail(deps.database, {
    ...{ codeId, isLink: presented.handle === undefined, userId: account.userId },
    ...{ takeover, entry: asked.entry, attemptSeq },
  })
  if (!revocations) return refuse('code_wrong')
  for (const ended of revocations) deps.revocations.announce(ended)
  return succeed(takeover !== undefined)
}

/** Whether the password may stay. Refuses unless it may, or may end. */
async function isSamePerson(
  deps: VerifyDeps,
  proof: AskedProof,
  checked: CheckedCode,
  isGone: () => boolean,
): Promise<Result<boolean, SameReason>> {
  if (checked.account.emailVerifiedAt !== null) return succeed(true)
  const isSame = await showsSamePerson(deps, proof, checked, isGone)
  if (!isSame.ok || isSame.value) return isSame
  return proof.removesPassword ? succeed(false) : refuse('password_needed')
}
