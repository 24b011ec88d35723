// Token revocation (RFC 7009): whoever has a token may take it back. A refresh token takes its
// session along, with every access token of it (§2.1). An access token goes alone; the fourth one
// of a session, within the life of the first, takes its session along as well.

import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import { endSessionOfRefreshToken } from '../../store/session-endings.ts'
import { insertTokenRevocation } from '../../store/token-revocation.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

type RevokingDeps = Pick<
  Deps,
  'database' | 'runtime' | 'accessTokens' | 'refreshTokens' | 'revocations'
>

/**
 * Revokes the token, whichever of the two it is. What is no token of ours, or is dead already, is
 * as good as revoked (§2.2). When it has succeeded, the revocation is stored, and known to the
 * guards of this isolate. No round trip for what is no token of ours, one otherwise. Atomic,
 * idempotent. Refuses with 'key_set_unavailable', when it cannot be told whose the token is.
 */
export async function revokeToken(
  deps: RevokingDeps,
  token: string,
): Promise<Result<undefined, 'key_set_unavailable'>> {
  const refreshToken = await deps.refreshTokens.verify(token)
  if (refreshToken) {
    const { sessionId } = refreshToken
    const { revocation } = await endSessionOfRefreshToken(deps.database, sessionId)
    deps.revocations.announce(revocation)
    return succeed(undefined)
  }
  const verified = await verifyUserToken(deps, token)
  if (verified.ok) {
    const { claims } = verified.value
    const revocation = await insertTokenRevocation(deps.database, verified.value, claims.jti)
    deps.revocations.announce(revocation)
    return succeed(undefined)
  }
  return verified.error === 'key_set_unavailable' ? refuse(verified.error) : succeed(undefined)
}
