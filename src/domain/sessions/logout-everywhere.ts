// Logging out everywhere: the generation that is in all of the user's tokens is revoked and
// replaced, and sessions end. One row in the feed, however many sessions there were.

import { createRandomId } from '../../crypto/random-id.ts'
import type { Deps } from '../../deps.ts'
import {
  type RefreshReason,
  type Result,
  refuse,
  succeed,
  type UserTokenReason,
} from '../../errors/reasons.ts'
import { endAllSessions } from '../../store/account-endings.ts'
import { verifyUserToken } from '../accounts/user-token.ts'
import { endingRefusals } from './ending-refusals.ts'
import { issueRotated, rotationOf } from './refresh.ts'
import { beginIssuance, type IssuedTokens } from './tokens.ts'

/** Whether the caller's session goes on, and its refresh token, where it is presented as well. */
export interface KeptSession {
  readonly keepCurrent: boolean
  readonly refreshToken: string | undefined
}

/**
 * Ends every session of the token's account. With `keepCurrent` the caller's session goes on: its
 * refresh token stays good, and its access token ends with all others. An access token alone begets
 * no other token. Whoever presents the session's refresh token as well gets both tokens at once, as
 * from a refresh. The third call for an account within a minute ends the caller's session, too.
 *
 * Of several concurrent calls exactly one succeeds; the others are refused with 'token_revoked'.
 * When it has succeeded the revocation is stored, and known to the guards of this isolate. Refuses
 * with 'refresh_token_invalid' a refresh token that is not the session's, and changes nothing; with
 * 'refresh_token_reused' one that was used up, when everything has ended. No round trip for a bad
 * token, one for any other. Atomic.
 */
export async function logoutEverywhere(
  deps: Pick<
    Deps,
    | 'database'
    | 'runtime'
    | 'accessTokens'
    | 'claims'
    | 'refreshTokens'
    | 'sessionLifetimes'
    | 'refreshGraceSeconds'
    | 'revokeInIsolate'
    | 'log'
  >,
  token: string,
  { keepCurrent, refreshToken }: KeptSession,
): Promise<Result<IssuedTokens | undefined, UserTokenReason | RefreshReason>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const presented =
    refreshToken === undefined ? undefined : await deps.refreshTokens.verify(refreshToken)
  const isOther = presented?.sessionId !== verified.value.sessionId
  if (refreshToken !== undefined && isOther) return refuse('refresh_token_invalid')
  const issuance = beginIssuance(deps)
  const rotation = keepCurrent && presented ? rotationOf(deps, presented, issuance) : undefined
  const tokenGeneration = createRandomId(deps.runtime)
  const ending = await endAllSessions(deps.database, verified.value, {
    tokenGeneration,
    keepCurrent,
    rotation,
  })
  if (ending.outcome !== 'ended') return refuse(endingRefusals[ending.outcome])
  deps.revokeInIsolate(ending.revocation)
  if (!rotation || !ending.rotation) return succeed(undefined)
  const rotated = await issueRotated(deps, rotation, ending.rotation, issuance)
  return rotated.ok || rotated.reason === 'refresh_token_reused' ? rotated : succeed(undefined)
}
