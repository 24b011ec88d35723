// A session asks for a code that proves the email of its account.

import { type Result, refuse, succeed, type UserTokenReason } from '../../../errors/reasons.ts'
import { requestOwnCode } from '../../store/code-requests.ts'
import { findAccountByToken } from '../../store/users.ts'
import type { AuditEntry } from '../audit-entry.ts'
import { newCode } from '../codes/request-code.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

/**
 * A handle for the code, which is mailed to the account. Undefined if the email is proved already.
 * Refuses with 'mail_off' if the service sends no mail. Refuses with 'mail_refused' if no mail can be
 * sent to this email now: it had five codes within an hour, or its provider refuses it. No round trip
 * for a bad token, one for any other.
 */
export async function requestVerification(
  deps: Pick<Deps, 'database' | 'runtime' | 'settings' | 'mailer' | 'accessTokens'>,
  token: string,
  language: string,
  entry: AuditEntry,
): Promise<Result<string | undefined, UserTokenReason | 'mail_off' | 'mail_refused'>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  if (!deps.mailer) {
    const found = await findAccountByToken(deps.database, verified.value)
    return found.ok ? refuse('mail_off') : found
  }
  const asked = newCode(deps, 'verify_email', language, entry)
  const { account, isQueued } = await requestOwnCode(deps.database, asked, verified.value)
  if (!account.ok) return account
  if (account.value.emailVerifiedAt !== null) return succeed(undefined)
  return isQueued ? succeed(asked.handle) : refuse('mail_refused')
}
