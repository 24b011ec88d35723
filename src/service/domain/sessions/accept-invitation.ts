// Somebody who is invited sets the password, with the link of the mail. The link proves the email,
// so a session begins at once. The account had no password before, so nobody else is logged in.

import { createRandomId } from '../../../crypto/random-id.ts'
import type { ChangeReason, QueueReason, Result } from '../../../errors/reasons.ts'
import type { AuditEntry } from '../audit-entry.ts'
import { checkCode, withCheckedCode } from '../codes/check-code.ts'
import type { Deps } from '../deps.ts'
import { hashNewPassword, type RefusedPassword } from '../identity/hash-new-password.ts'
import type { LoginPlace, LoginTokens } from '../tokens/tokens.ts'
import { beginByCode, type CodeLoginDeps } from './login-by-code.ts'

type AcceptDeps = CodeLoginDeps & Pick<Deps, 'passwords' | 'hashQueue' | 'breaches'>

/** What the user sends. */
interface AskedAcceptance {
  /** Of the link. */
  readonly token: string
  /** In its normal form. By the policy, as far as that does not need the email. */
  readonly password: string
  readonly entry: AuditEntry
}

type AcceptRefusal = 'code_wrong' | ChangeReason | QueueReason | RefusedPassword

const purpose = 'invitation'

/**
 * Sets the password, and gives the tokens of a new session. The email is proved from now on.
 * Refuses with 'code_wrong' as `checkCode`, also if another request has used the link meanwhile.
 * Refuses a password that is made of the account's email, or that was in a data breach, and says
 * so. Refuses with 'login_queue_full' if too many passwords wait to be hashed. Refuses with
 * 'account_changing' if the roles change twice meanwhile. All but the first leave the link as it
 * is, and so does a failure. Two round trips, and the work of one password hash; a third one if the
 * roles change once. Atomic.
 */
export async function acceptInvitation(
  deps: AcceptDeps,
  { token, password, entry }: AskedAcceptance,
  findPlace: () => LoginPlace,
  isGone: () => boolean,
): Promise<Result<LoginTokens, AcceptRefusal>> {
  const checked = await checkCode(deps, { token }, purpose, entry)
  if (!checked.ok) return checked
  return withCheckedCode<LoginTokens, AcceptRefusal>(
    deps,
    checked.value,
    ['code_wrong'],
    async () => {
      const hashed = await hashNewPassword(deps, password, checked.value.account.email, isGone)
      if (!hashed.ok) return hashed
      const tokenGeneration = createRandomId(deps.runtime)
      const takeover = { tokenGeneration, passwordHash: hashed.value }
      return beginByCode(deps, checked.value, { purpose, takeover, place: findPlace(), entry })
    },
  )
}
