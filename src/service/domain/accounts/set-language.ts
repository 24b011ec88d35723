// A session sets the language of the mails to its account.

import type { Result, UserTokenReason } from '../../../errors/reasons.ts'
import { updateLanguage } from '../../store/account-language.ts'
import type { Account } from '../../store/users.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

/**
 * The account of a good token, whose mails have this language from now on. Null: that of the
 * request that causes a mail. No round trip for a bad token, one for any other. Atomic.
 */
export async function setLanguage(
  deps: Pick<Deps, 'database' | 'runtime' | 'accessTokens'>,
  token: string,
  language: string | null,
  entry: AuditEntry,
): Promise<Result<Account, UserTokenReason>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  return updateLanguage(deps.database, verified.value, language, entry)
}
