// An access token of one of our users: what the guards verify, and the id that only the service can
// look up.

import type { Deps } from '../../deps.ts'
import {
  type KeyReason,
  type Result,
  refuse,
  succeed,
  type TokenReason,
} from '../../errors/reasons.ts'
import {
  type AccessTokenClaims,
  revocationIdsOf,
  verifyAccessToken,
} from '../../token/access-token.ts'

export interface UserToken {
  readonly userId: number
  readonly sessionId: string
  /** When the token expires, in seconds since 1970. */
  readonly expiresAt: number
  readonly claims: AccessTokenClaims
  /** The ids of which any revokes the token. */
  readonly revocationIds: readonly string[]
}

/**
 * The user and the claims of a token that is good as far as can be told without the database: no
 * I/O. Never throws.
 */
export async function verifyUserToken(
  deps: Pick<Deps, 'runtime' | 'accessTokens'>,
  token: string,
  { evenExpired = false }: { readonly evenExpired?: boolean } = {},
): Promise<Result<UserToken, TokenReason | KeyReason>> {
  const verified = await verifyAccessToken(
    { ...deps.accessTokens, evenExpired },
    deps.runtime,
    token,
  )
  if (!verified.ok) return verified
  const { claims } = verified.value
  const userId = parseUserId(claims.sub)
  if (userId === undefined) return refuse('token_claims_unacceptable')
  const revocationIds = await revocationIdsOf(verified.value)
  return succeed({ userId, sessionId: claims.sid, expiresAt: claims.exp, claims, revocationIds })
}

/** The one spelling of a positive whole number; anything else is no user's id. */
function parseUserId(subject: string): number | undefined {
  const userId = Number(subject)
  return /^[1-9]\d*$/.test(subject) && Number.isSafeInteger(userId) ? userId : undefined
}
