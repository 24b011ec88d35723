// Logging out puts the session's id among the revoked: every token of the session dies with it, in
// whatever spelling it comes back.

import type { Deps } from '../../deps.ts'
import {
  type KeyReason,
  type Result,
  type RevocationReason,
  refuse,
  succeed,
  type TokenReason,
} from '../../errors/reasons.ts'
import { insertSessionRevocation } from '../../store/revoked-tokens.ts'
import { verifyUserToken } from '../accounts/user-token.ts'

/**
 * Revokes the token's session. Of several concurrent calls exactly one succeeds; the others are
 * refused with 'token_revoked'. When it has succeeded the revocation is stored, and known to the
 * guards of this isolate. No round trip for a
 * bad token, one for any other. Atomic.
 */
export async function logout(
  deps: Pick<
    Deps,
    | 'database'
    | 'runtime'
    | 'accessTokens'
    | 'longestAccessTokenLifetimeSeconds'
    | 'revokeInIsolate'
  >,
  token: string,
): Promise<Result<undefined, TokenReason | KeyReason | RevocationReason>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const { userId, claims, revocationIds } = verified.value
  const outcome = await insertSessionRevocation(deps.database, {
    userId,
    sessionId: claims.sid,
    revocationIds,
    tokenExpiresAt: claims.exp,
    longestLifetimeSeconds: deps.longestAccessTokenLifetimeSeconds,
  })
  if (outcome === 'already_revoked') return refuse('token_revoked')
  if (outcome === 'account_gone') return refuse('account_gone')
  deps.revokeInIsolate(outcome)
  return succeed(undefined)
}
