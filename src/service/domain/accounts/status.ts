// Who a token belongs to: verified here, and asked of the database in the same round trip as
// whether it was revoked.

import type { Result, UserTokenReason } from '../../../errors/reasons.ts'
import { type Account, findAccountByToken } from '../../store/users.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

/**
 * The account of a good token, as of now. No round trip for a bad token, one for any other. Revoked
 * outranks account-gone: a token that was taken back is told so even after its account is deleted.
 */
export async function findAccountOfToken(
  deps: Pick<Deps, 'database' | 'runtime' | 'accessTokens'>,
  token: string,
): Promise<Result<Account, UserTokenReason>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  return findAccountByToken(deps.database, verified.value)
}
