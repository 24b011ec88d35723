// A refresh uses up the refresh token and replaces it (RFC 6749 §6, RFC 9700 §4.14.2). Within the
// grace window of its replacement, a used token is not treated as reuse. Another tab may have it,
// or a client that has lost the answer. After that the token counts as a copy, and the session
// ends.

import {
  type ChangeReason,
  type RefreshReason,
  type Result,
  refuse,
  succeed,
} from '../../../errors/reasons.ts'
import type { LiveSession } from '../../store/live-session.ts'
import {
  type ExchangeRefusal,
  type Reuse,
  type Rotation,
  rotateSession,
  rotateSignedSession,
} from '../../store/session-rotation.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import type { RefreshTokenClaims } from '../tokens/refresh-token.ts'
import {
  beginIssuance,
  expiryOf,
  type Issuance,
  type IssuedAccessToken,
  type IssuedTokens,
  issueAccessTokenOf,
  signBeforeCommit,
  trySigning,
} from '../tokens/tokens.ts'

/**
 * A fresh access token, and the successor of the refresh token. Every client that presents the
 * token within the grace window of its replacement gets the very same successor. No round trip for
 * a forged token, which revokes nothing. One for any other. A second one with a claims hook, or
 * with too many roles to be sure that they fit. Then the token is signed before anything is
 * committed. A third if generation or roles change in between. Refuses with 'account_changing' if
 * they change again. Atomic.
 *
 * Refuses with 'refresh_superseded' a token that is more than one behind, within the window. The
 * session lives on. Refuses with 'refresh_token_reused' a token that was replaced three windows ago
 * or more, however often the session was refreshed since. The session is revoked by then, and the
 * guards of this isolate know. Between one and three windows, either refusal may come. Refuses with
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
  entry: AuditEntry,
): Promise<Result<IssuedTokens, RefreshReason | ChangeReason>> {
  const presented = await deps.refreshTokens.verify(token)
  if (!presented) return refuse('refresh_token_invalid')
  const issuance = beginIssuance(deps)
  const refreshToken = await createSuccessor(deps, presented)
  const rotation = await rotationOf(deps, presented, issuance)
  const issued = await exchange(deps, rotation, issuance, entry)
  if (issued.ok) return succeed({ ...issued.value, refreshToken })
  const { error } = issued
  if (error.reason === 'refresh_token_reused') {
    deps.revocations.announce(error.revocation)
    const { sessionId } = presented
    deps.log(JSON.stringify({ event: error.reason, userId: error.userId, sessionId }))
  }
  return refuse(error.reason)
}

/**
 * Exchanges at once if nothing can fail after that. Otherwise the store reads the session, and
 * commits only after the token is signed.
 */
async function exchange(
  deps: Pick<Deps, 'database' | 'runtime' | 'settings' | 'accessTokens' | 'claims'>,
  rotation: Rotation,
  issuance: Issuance,
  entry: AuditEntry,
): Promise<Result<IssuedAccessToken, ExchangeRefusal | Reuse | { readonly reason: ChangeReason }>> {
  const sign = (session: LiveSession) => issueAccessTokenOf(deps, session, issuance)
  const first = await rotateSession(deps.database, rotation, entry)
  if (first.ok) return succeed(await sign(first.value))
  if (first.error.reason !== 'changed') return refuse(first.error)
  return signBeforeCommit(first.error.read, sign, (session) =>
    rotateSignedSession(deps.database, signedRotation(rotation, session, issuance)),
  )
}

/** The successor of a refresh token that is replaced now, or was replaced a moment ago. */
export function createSuccessor(
  { refreshTokens }: Pick<Deps, 'refreshTokens'>,
  { sessionId, version }: RefreshTokenClaims,
): Promise<string> {
  return refreshTokens.create({ sessionId, version: version + 1 })
}

/** What the store needs to exchange a genuine refresh token. */
export async function rotationOf(
  deps: Pick<Deps, 'runtime' | 'settings' | 'accessTokens' | 'claims'>,
  presented: RefreshTokenClaims,
  issuance: Issuance,
): Promise<Rotation> {
  return {
    ...presented,
    graceSeconds: deps.settings.refreshGraceSeconds,
    idleSeconds: deps.settings.sessionIdleLifetimeSeconds,
    tokenExpiresAt: issuance.expiresAt,
    signed: await trySigning(deps, issuance),
  }
}

/** The same, for an access token that is signed for what was read. */
export function signedRotation(
  rotation: Rotation,
  session: LiveSession,
  issuance: Issuance,
): Rotation & { readonly signed: LiveSession } {
  return { ...rotation, signed: session, tokenExpiresAt: expiryOf(session, issuance) }
}
