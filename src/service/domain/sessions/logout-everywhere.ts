// Logging out everywhere: the generation that is in all of the user's tokens is revoked and
// replaced, and sessions end. One row in the feed, however many sessions there were.

import { createRandomId } from '../../../crypto/random-id.ts'
import { type Result, refuse, succeed, type UserTokenReason } from '../../../errors/reasons.ts'
import { endAllSessions } from '../../store/account-endings.ts'
import type { Deps } from '../deps.ts'
import { beginIssuance, type IssuedTokens, issueTokens } from '../tokens/tokens.ts'
import { verifyUserToken } from '../tokens/user-token.ts'
import { rotationOf } from './refresh.ts'

/** Whether the caller's session goes on, and its refresh token, where it is presented as well. */
export interface KeptSession {
  readonly keepCurrent: boolean
  readonly refreshToken: string | undefined
}

/**
 * Ends every session of the token's account. With `keepCurrent` the caller's session goes on: its
 * refresh token stays good, and its access token ends with all others. An access token alone begets
 * no other token. Whoever presents the session's refresh token as well gets both tokens at once, as
 * from a refresh; with one that is used up, the session goes on without. The third call for an
 * account within a minute ends the caller's session, too.
 *
 * Of several concurrent calls exactly one succeeds; the others are refused with 'token_revoked'.
 * When it has succeeded the revocation is stored, and known to the guards of this isolate. Refuses
 * with 'refresh_token_invalid' a refresh token that is not the session's, and changes nothing. No
 * round trip for a bad token, one for any other. Atomic.
 */
export async function logoutEverywhere(
  deps: Pick<
    Deps,
    | 'database'
    | 'runtime'
    | 'accessTokens'
    | 'claims'
    | 'refreshTokens'
    | 'settings'
    | 'revocations'
  >,
  token: string,
  { keepCurrent, refreshToken }: KeptSession,
): Promise<Result<IssuedTokens | undefined, UserTokenReason | 'refresh_token_invalid'>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const isPresented = keepCurrent && refreshToken !== undefined
  const presented = isPresented ? await deps.refreshTokens.verify(refreshToken) : undefined
  const isOther = presented?.sessionId !== verified.value.sessionId
  if (isPresented && isOther) return refuse('refresh_token_invalid')
  const issuance = beginIssuance(deps)
  const rotation = presented && rotationOf(deps, presented, issuance)
  const tokenGeneration = createRandomId(deps.runtime)
  const ending = await endAllSessions(deps.database, verified.value, {
    tokenGeneration,
    keepCurrent,
    rotation,
  })
  if (!ending.ok) return ending
  const { revocation, session } = ending.value
  deps.revocations.announce(revocation)
  return succeed(session && (await issueTokens(deps, session, issuance)))
}
