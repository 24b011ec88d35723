// Logging out puts the session's id among the revoked: every token of the session dies with it, in
// whatever spelling it comes back, and its refresh token with them.

import type { Deps } from '../../deps.ts'
import { type Result, refuse, succeed, type UserTokenReason } from '../../errors/reasons.ts'
import { endOwnSession } from '../../store/session-endings.ts'
import { verifyUserToken } from '../accounts/user-token.ts'

/**
 * Ends the token's session. Of several concurrent calls exactly one succeeds; the others are refused
 * with 'token_revoked'. When it has succeeded the revocation is stored, and known to the guards of
 * this isolate. No round trip for a bad token, one for any other. Atomic.
 *
 * Where tokens travel in cookies, an access token that has expired will do: the refresh token is not
 * sent along, and nothing else names the session.
 */
export async function logout(
  deps: Pick<
    Deps,
    | 'database'
    | 'runtime'
    | 'accessTokens'
    | 'longestAccessTokenLifetimeSeconds'
    | 'revokeInIsolate'
    | 'tokenTransport'
  >,
  token: string,
): Promise<Result<undefined, UserTokenReason>> {
  const verified = await verifyUserToken(deps, token, {
    evenExpired: deps.tokenTransport === 'cookie',
  })
  if (!verified.ok) return verified
  const outcome = await endOwnSession(
    deps.database,
    verified.value,
    deps.longestAccessTokenLifetimeSeconds,
  )
  if (outcome === 'already_revoked') return refuse('token_revoked')
  if (outcome === 'account_gone') return refuse('account_gone')
  deps.revokeInIsolate(outcome)
  return succeed(undefined)
}
