// Refreshing: the refresh token is used up and replaced (RFC 6749 §6, RFC 9700 §4.14.2). Whoever
// comes late by a moment (another tab, a client that has lost the answer) is no thief; whoever comes
// late by more has a copy, and the session ends.

import type { Deps } from '../../deps.ts'
import { type RefreshReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import { type RotationOutcome, rotateSession } from '../../store/session-rotation.ts'
import { type IssuedTokens, issueTokens } from './tokens.ts'

const refusals = {
  superseded: 'refresh_superseded',
  revoked: 'session_revoked',
  expired: 'session_expired',
  unknown: 'refresh_token_invalid',
} as const satisfies Partial<Record<RotationOutcome['outcome'], RefreshReason>>

/**
 * A fresh access token, and the successor of the refresh token: the very same one for all who
 * present it within the grace window. No round trip for a forged token, which revokes nobody; one
 * for any other. Atomic.
 *
 * Refuses with 'refresh_superseded' a token that is more than one behind, within the window: the
 * session lives on. With 'refresh_token_reused' any that was replaced, after the window: the session
 * is revoked by then, and the guards of this isolate know.
 */
export async function refresh(
  deps: Pick<
    Deps,
    | 'database'
    | 'runtime'
    | 'accessTokens'
    | 'claims'
    | 'refreshTokens'
    | 'sessionLifetimes'
    | 'refreshGraceSeconds'
    | 'longestAccessTokenLifetimeSeconds'
    | 'revokeInIsolate'
    | 'log'
  >,
  token: string,
): Promise<Result<IssuedTokens, RefreshReason>> {
  const presented = await deps.refreshTokens.verify(token)
  if (!presented) return refuse('refresh_token_invalid')
  const rotation = await rotateSession(deps.database, {
    ...presented,
    graceSeconds: deps.refreshGraceSeconds,
    idleSeconds: deps.sessionLifetimes.idleSeconds,
    longestLifetimeSeconds: deps.longestAccessTokenLifetimeSeconds,
  })
  if (rotation.outcome === 'rotated') return succeed(await issueTokens(deps, rotation.session))
  if (rotation.outcome !== 'reused') return refuse(refusals[rotation.outcome])
  deps.revokeInIsolate(rotation.revocation)
  const { sessionId } = presented
  deps.log(JSON.stringify({ event: 'refresh_token_reused', userId: rotation.userId, sessionId }))
  return refuse('refresh_token_reused')
}
