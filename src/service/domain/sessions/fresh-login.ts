// What a change needs that asks for no password: a fresh login, and its refresh token (decision
// 35).

import {
  type InvalidInput,
  type Result,
  type RevocationReason,
  refuse,
  succeed,
} from '../../../errors/reasons.ts'
import type { Rotation } from '../../store/session-rotation.ts'
import { type CallerToken, findAccountByToken } from '../../store/users.ts'
import type { Deps } from '../deps.ts'
import { verifyOwnRefreshToken } from './exchange.ts'

/** How long ago the login may be, in seconds. */
export const freshLoginSeconds = 300

/** The session has proved who it is too long ago. */
export interface NotFresh {
  readonly reason: 'login_not_fresh'
  /** How long ago it may be. */
  readonly maxAgeSeconds: number
}

/** The refusal of a login that is not fresh. */
export const notFresh: NotFresh = { reason: 'login_not_fresh', maxAgeSeconds: freshLoginSeconds }

/** An access token alone is no proof: every API that the user asks has it. */
export function withoutProof(
  { settings }: Pick<Deps, 'settings'>,
  field: string,
  otherProof = '',
): InvalidInput {
  const proof = settings.tokenTransport === 'cookie' ? 'cookies' : 'refresh_token'
  const message = `Give ${otherProof}the ${proof} of a login within the last ${freshLoginSeconds} seconds.`
  return { reason: 'invalid_input', errors: [{ field, message }] }
}

/**
 * The refresh token of the caller's session, for a change that it proves and that does not exchange
 * it. Refuses with 'refresh_token_invalid' if it is not the session's. Refuses with 'invalid_input'
 * without one, or as `findAccountByToken`: one round trip. None otherwise.
 */
export async function findProof(
  deps: Pick<Deps, 'database' | 'settings' | 'refreshTokens'>,
  caller: CallerToken,
  refreshToken: string | undefined,
): Promise<Result<Rotation, RevocationReason | InvalidInput | 'refresh_token_invalid'>> {
  const own = await verifyOwnRefreshToken(deps, refreshToken, caller.sessionId)
  if (!own.ok) return own
  if (!own.value) {
    const found = await findAccountByToken(deps.database, caller)
    return found.ok ? refuse(withoutProof(deps, 'refresh_token')) : found
  }
  const { refreshGraceSeconds: graceSeconds, sessionIdleLifetimeSeconds: idleSeconds } =
    deps.settings
  // No token is signed.
  return succeed({ ...own.value, graceSeconds, idleSeconds, tokenExpiresAt: 0, signed: 0 })
}
