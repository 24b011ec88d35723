// Logging out puts the session's id among the revoked: every token of the session dies with it, in
// whatever spelling it comes back, and its refresh token with them.

import { type Result, succeed, type UserTokenReason } from '../../../errors/reasons.ts'
import { endOwnSession, endSessionOfRefreshToken } from '../../store/session-endings.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

/**
 * Ends the token's session. Of several concurrent calls exactly one succeeds; the others are
 * refused with 'token_revoked'. When it has succeeded the revocation is stored, and known to the
 * guards of this isolate. No round trip for a bad token, one for any other. Atomic.
 *
 * Where tokens travel in cookies, an access token that has expired will do: the refresh token is
 * not sent along, and nothing else names the session.
 */
export async function logout(
  deps: Pick<Deps, 'database' | 'runtime' | 'accessTokens' | 'revocations' | 'settings'>,
  token: string,
): Promise<Result<undefined, UserTokenReason>> {
  const verified = await verifyUserToken(deps, token, {
    allowExpired: deps.settings.tokenTransport === 'cookie',
  })
  if (!verified.ok) return verified
  const ending = await endOwnSession(deps.database, verified.value)
  if (!ending.ok) return ending
  deps.revocations.announce(ending.value)
  return succeed(undefined)
}

/**
 * Ends the session of a refresh token, where an access token cannot: it may have been revoked while
 * its session goes on. No round trip for a forged token, one otherwise. Atomic, idempotent.
 *
 * @returns whether there was a session to be ended
 */
export async function logoutByRefreshToken(
  deps: Pick<Deps, 'database' | 'refreshTokens' | 'revocations'>,
  refreshToken: string,
): Promise<boolean> {
  const presented = await deps.refreshTokens.verify(refreshToken)
  if (!presented) return false
  const { isEnded, revocation } = await endSessionOfRefreshToken(deps.database, presented.sessionId)
  deps.revocations.announce(revocation)
  return isEnded
}
