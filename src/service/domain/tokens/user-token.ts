// An access token of a user: what the guards verify, and the user id, which only the service can
// look up.

import {
  type KeyReason,
  type Result,
  refuse,
  succeed,
  type TokenReason,
} from '../../../errors/reasons.ts'
import {
  type AccessTokenClaims,
  revocationIdsOf,
  verifyAccessToken,
} from '../../../token/access-token.ts'
import type { CallerToken } from '../../store/users.ts'
import type { TokenDeps } from './token-deps.ts'

/** A token as the store checks it, and its claims. */
export interface UserToken extends CallerToken {
  readonly claims: AccessTokenClaims
}

/**
 * The user and the claims of a token that is good as far as it can be verified without the
 * database. No I/O. Never throws.
 */
export async function verifyUserToken(
  deps: Pick<TokenDeps, 'runtime' | 'accessTokens'>,
  token: string,
  { allowExpired = false }: { readonly allowExpired?: boolean } = {},
): Promise<Result<UserToken, TokenReason | KeyReason>> {
  const verified = await verifyAccessToken(
    { ...deps.accessTokens, allowExpired },
    deps.runtime,
    token,
  )
  if (!verified.ok) return verified
  const { claims } = verified.value
  const userId = parseUserId(claims.sub)
  if (userId === undefined) return refuse('token_claims_unacceptable')
  const revocationIds = await revocationIdsOf(verified.value)
  const { sid: sessionId, gen: tokenGeneration, exp: expiresAt } = claims
  const remainingSeconds = Math.max(0, expiresAt - deps.runtime.now())
  const ids = { userId, sessionId, tokenGeneration, revocationIds }
  return succeed({ ...ids, expiresAt, remainingSeconds, claims })
}

/** A positive whole number in its one spelling. Anything else is no user id. */
function parseUserId(subject: string): number | undefined {
  const userId = Number(subject)
  return /^[1-9]\d*$/.test(subject) && Number.isSafeInteger(userId) ? userId : undefined
}
