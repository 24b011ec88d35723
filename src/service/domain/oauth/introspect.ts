// Token introspection (RFC 7662), for services that cannot verify tokens themselves. Exact. One
// round trip.

import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { AccessTokenClaims } from '../../../token/access-token.ts'
import { findAccountByToken } from '../../store/users.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

/**
 * What a living access token says, or undefined for anything else, without the reason (§2.2).
 * Refresh tokens must not be presented to a protected resource, so they are never active (§4). No
 * round trip for a bad token, one otherwise. Refuses with 'key_set_unavailable', which says nothing
 * about the token.
 */
export async function introspect(
  deps: Pick<Deps, 'database' | 'runtime' | 'accessTokens'>,
  token: string,
): Promise<Result<AccessTokenClaims | undefined, 'key_set_unavailable'>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) {
    return verified.error === 'key_set_unavailable' ? refuse(verified.error) : succeed(undefined)
  }
  const account = await findAccountByToken(deps.database, verified.value)
  return succeed(account.ok ? verified.value.claims : undefined)
}
