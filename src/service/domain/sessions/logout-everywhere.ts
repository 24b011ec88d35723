// Logout everywhere. The generation that is in all of the user's tokens is revoked and replaced,
// and sessions end. This is one row in the feed, for any number of sessions.

import { createRandomId } from '../../../crypto/random-id.ts'
import { DatabaseUnavailable } from '../../../errors/database-unavailable.ts'
import { type Result, succeed, type UserTokenReason } from '../../../errors/reasons.ts'
import { endAllSessions } from '../../store/account-endings.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import type { RefreshTokenClaims } from '../tokens/refresh-token.ts'
import type { IssuedTokens } from '../tokens/tokens.ts'
import { verifyUserToken } from '../tokens/user-token.ts'
import { beginExchange, type Exchange, prepareExchange, verifyOwnRefreshToken } from './exchange.ts'

/**
 * Whether the caller's session goes on, and its refresh token, if that is presented as well.
 * Without `keepCurrent` the refresh token does not count.
 */
export interface AskedLogout {
  readonly keepCurrent: boolean
  readonly refreshToken: string | undefined
  readonly entry: AuditEntry
}

/** What the caller keeps. */
export interface LoggedOutEverywhere {
  /** Whether the caller's session has ended as well. */
  readonly isEnded: boolean
  readonly tokens: IssuedTokens | undefined
  /** Why no access token could be signed, for the log. */
  readonly failure?: unknown
}

/**
 * Ends every session of the token's account. With `keepCurrent` the caller's session goes on: its
 * refresh token stays good, and its access token ends with all others. An access token alone gives
 * no other token. A caller that presents the session's refresh token as well gets both tokens at
 * once, as from a refresh. If that token is used up, or signing fails, the session goes on without
 * new tokens. If it is a copy, as a refresh judges it, the session ends, too. So it does at the
 * third call for an account within a minute.
 *
 * Of several concurrent calls exactly one succeeds. The others are refused with 'token_revoked'.
 * When it has succeeded, the revocation is stored, and known to the guards of this isolate. Refuses
 * with 'refresh_token_invalid' if the refresh token is not the session's, and changes nothing. No
 * round trip for a bad token of either kind, one for any other. Two with a refresh token and a
 * claims hook: the hook is asked before anything is committed. Atomic.
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
  { keepCurrent, refreshToken, entry }: AskedLogout,
): Promise<Result<LoggedOutEverywhere, UserTokenReason | 'refresh_token_invalid'>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const own = keepCurrent ? refreshToken : undefined
  const presented = await verifyOwnRefreshToken(deps, own, verified.value.sessionId)
  if (!presented.ok) return presented
  const tokenGeneration = createRandomId(deps.runtime)
  const exchange =
    presented.value && (await prepareIfPossible(deps, presented.value, tokenGeneration))
  const ending = await endAllSessions(deps.database, verified.value, {
    tokenGeneration,
    keepCurrent,
    rotation: exchange?.rotation,
    entry,
  })
  if (!ending.ok) return ending
  const { revocation, session, isKept } = ending.value
  deps.revocations.announce(revocation)
  const tokens = session && (await exchange?.sign?.(session))
  return succeed({ isEnded: !isKept, tokens, failure: exchange?.failure })
}

/** A failure to sign does not stop sessions from ending. */
async function prepareIfPossible(
  deps: Pick<
    Deps,
    'database' | 'runtime' | 'settings' | 'accessTokens' | 'claims' | 'refreshTokens'
  >,
  presented: RefreshTokenClaims,
  tokenGeneration: string,
): Promise<Exchange & { readonly failure?: unknown }> {
  const begun = await beginExchange(deps, presented, tokenGeneration)
  try {
    return await prepareExchange(deps, begun)
  } catch (failure) {
    if (failure instanceof DatabaseUnavailable) throw failure
    return { failure }
  }
}
