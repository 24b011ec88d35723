// Finds the account of a token. The token is verified here. One round trip then reads the account,
// and whether the token was revoked.

import type { Result, UserTokenReason } from '../../../errors/reasons.ts'
import { type Account, findAccountByToken } from '../../store/users.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

export type { Account } from '../../store/users.ts'

/**
 * The account of a good token, as of now. No round trip for a bad token, one for any other. A
 * revoked token is refused as revoked, even after its account is deleted.
 */
export async function findAccountOfToken(
  deps: Pick<Deps, 'database' | 'runtime' | 'accessTokens'>,
  token: string,
): Promise<Result<Account, UserTokenReason>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  return findAccountByToken(deps.database, verified.value)
}
