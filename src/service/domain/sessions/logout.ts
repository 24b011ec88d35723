// Logout adds the session's id to the revoked ids. Every token of the session becomes invalid, in
// any spelling, and so does its refresh token.

import { type Result, succeed, type UserTokenReason } from '../../../errors/reasons.ts'
import { endOwnSession, endSessionOfRefreshToken } from '../../store/session-endings.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

/**
 * Ends the token's session. Of several concurrent calls exactly one succeeds. The others are
 * refused with 'token_revoked'. When it has succeeded, the revocation is stored, and known to the
 * guards of this isolate. No round trip for a bad token, one for any other. Atomic.
 *
 * If tokens travel in cookies, an access token that has expired is enough.
 */
export async function logout(
  deps: Pick<Deps, 'database' | 'runtime' | 'accessTokens' | 'revocations' | 'settings'>,
  token: string,
  entry: AuditEntry,
): Promise<Result<undefined, UserTokenReason>> {
  const verified = await verifyUserToken(deps, token, {
    allowExpired: deps.settings.tokenTransport === 'cookie',
  })
  if (!verified.ok) return verified
  const ending = await endOwnSession(deps.database, verified.value, entry)
  if (!ending.ok) return ending
  deps.revocations.announce(ending.value)
  return succeed(undefined)
}

/**
 * Ends the session of a refresh token. This is for a client whose access token is not accepted,
 * such as one that was revoked while its session goes on. No round trip for a forged token, one
 * otherwise. Atomic and idempotent.
 *
 * @returns whether there was a session to end
 */
export async function logoutByRefreshToken(
  deps: Pick<Deps, 'database' | 'refreshTokens' | 'revocations'>,
  refreshToken: string,
  entry: AuditEntry,
): Promise<boolean> {
  const presented = await deps.refreshTokens.verify(refreshToken)
  if (!presented) return false
  const ending = await endSessionOfRefreshToken(deps.database, presented.sessionId, entry)
  const { isEnded, revocation } = ending
  deps.revocations.announce(revocation)
  return isEnded
}
