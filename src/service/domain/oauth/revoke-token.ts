// Token revocation (RFC 7009): having a token is enough to revoke it. A refresh token ends its
// session, with every access token of it (§2.1). An access token is revoked alone. The fourth one
// of a session, within the life of the first, ends its session as well.

import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import { endSessionOfRefreshToken } from '../../store/session-endings.ts'
import { insertTokenRevocation } from '../../store/token-revocation.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

type RevokingDeps = Pick<
  Deps,
  'database' | 'runtime' | 'accessTokens' | 'refreshTokens' | 'revocations'
>

/**
 * Revokes an access token or a refresh token. A text that is no token of this service, or a token
 * that is invalid already, counts as revoked (§2.2). When it has succeeded, the revocation is
 * stored, and known to the guards of this isolate. No round trip for a bad token, one for any
 * other. Atomic and idempotent. Refuses with 'key_set_unavailable' if it cannot tell whose token it
 * is.
 */
export async function revokeToken(
  deps: RevokingDeps,
  token: string,
  entry: AuditEntry,
): Promise<Result<undefined, 'key_set_unavailable'>> {
  const refreshToken = await deps.refreshTokens.verify(token)
  if (refreshToken) {
    const { sessionId } = refreshToken
    const { revocation } = await endSessionOfRefreshToken(deps.database, sessionId, entry)
    deps.revocations.announce(revocation)
    return succeed(undefined)
  }
  const verified = await verifyUserToken(deps, token)
  if (verified.ok) {
    const { claims } = verified.value
    const { database } = deps
    const revocation = await insertTokenRevocation(database, verified.value, claims.jti, entry)
    deps.revocations.announce(revocation)
    return succeed(undefined)
  }
  return verified.error === 'key_set_unavailable' ? refuse(verified.error) : succeed(undefined)
}
