// Refreshing: the refresh token is used up and replaced (RFC 6749 §6, RFC 9700 §4.14.2). Within the
// grace window of its replacement a used-up token is not reuse: another tab has it, or a client
// that has lost the answer. After that it is a copy, and the session ends.

import { type RefreshReason, type Result, refuse, succeed } from '../../../errors/reasons.ts'
import { type Rotation, rotateSession } from '../../store/session-rotation.ts'
import type { Deps } from '../deps.ts'
import type { RefreshTokenClaims } from '../tokens/refresh-token.ts'
import { beginIssuance, type Issuance, type IssuedTokens, issueTokens } from '../tokens/tokens.ts'

/**
 * A fresh access token, and the successor of the refresh token: the very same one for all who
 * present it within the grace window of its replacement. No round trip for a forged token, which
 * revokes nobody; one for any other. Atomic.
 *
 * Refuses with 'refresh_superseded' a token that is more than one behind, within the window: the
 * session lives on. Refuses with 'refresh_token_reused' a token that was replaced three windows ago
 * or more, however often the session was refreshed since (between one and three windows, either may
 * come): the session is revoked by then, and the guards of this isolate know. Refuses with
 * 'refresh_too_frequent' more than 60 in a minute for one session, which lives on.
 */
export async function refresh(
  deps: Pick<
    Deps,
    | 'database'
    | 'runtime'
    | 'accessTokens'
    | 'claims'
    | 'refreshTokens'
    | 'settings'
    | 'revocations'
    | 'log'
  >,
  token: string,
): Promise<Result<IssuedTokens, RefreshReason>> {
  const presented = await deps.refreshTokens.verify(token)
  if (!presented) return refuse('refresh_token_invalid')
  const issuance = beginIssuance(deps)
  const rotation = await rotateSession(deps.database, rotationOf(deps, presented, issuance))
  if (rotation.ok) return succeed(await issueTokens(deps, rotation.value, issuance))
  const { error } = rotation
  if (error.reason === 'refresh_token_reused') {
    deps.revocations.announce(error.revocation)
    const { sessionId } = presented
    deps.log(JSON.stringify({ event: error.reason, userId: error.userId, sessionId }))
  }
  return refuse(error.reason)
}

/** What the store needs to exchange a genuine refresh token. */
export function rotationOf(
  { settings }: Pick<Deps, 'settings'>,
  presented: RefreshTokenClaims,
  { expiresAt }: Issuance,
): Rotation {
  return {
    ...presented,
    graceSeconds: settings.refreshGraceSeconds,
    idleSeconds: settings.sessionIdleLifetimeSeconds,
    tokenExpiresAt: expiresAt,
  }
}
