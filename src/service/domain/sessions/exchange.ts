// Exchanges a refresh token in the batch of another change of the session, such as a logout
// everywhere. A failure to sign shows before that batch (decision 29).

import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { LiveSession } from '../../store/live-session.ts'
import { findSessionToExchange, type Rotation } from '../../store/session-rotation.ts'
import type { Deps } from '../deps.ts'
import type { RefreshTokenClaims } from '../tokens/refresh-token.ts'
import {
  beginIssuance,
  type Issuance,
  type IssuedTokens,
  issueAccessTokenOf,
} from '../tokens/tokens.ts'
import { createSuccessor, rotationOf, signedRotation } from './refresh.ts'

/** An exchange that has taken what it needs from the clock and from randomness. */
interface BegunExchange {
  readonly presented: RefreshTokenClaims
  /** The generation that the batch gives the account. */
  readonly tokenGeneration: string
  readonly issuance: Issuance
  /** The successor of the presented token. */
  readonly refreshToken: string
}

/** What the batch needs, and what signs the access token after it, if there is one. */
export interface Exchange {
  readonly rotation?: Rotation
  readonly sign?: (session: LiveSession) => Promise<IssuedTokens>
}

/**
 * The claims of a refresh token of this session, or undefined without a token. Refuses any other
 * token with 'refresh_token_invalid'. No I/O.
 */
export async function verifyOwnRefreshToken(
  { refreshTokens }: Pick<Deps, 'refreshTokens'>,
  refreshToken: string | undefined,
  sessionId: string,
): Promise<Result<RefreshTokenClaims | undefined, 'refresh_token_invalid'>> {
  if (refreshToken === undefined) return succeed(undefined)
  const presented = await refreshTokens.verify(refreshToken)
  return presented?.sessionId === sessionId ? succeed(presented) : refuse('refresh_token_invalid')
}

/** Begins the exchange of a genuine refresh token. No I/O. */
export async function beginExchange(
  deps: Pick<Deps, 'runtime' | 'settings' | 'refreshTokens'>,
  presented: RefreshTokenClaims,
  tokenGeneration: string,
): Promise<BegunExchange> {
  const issuance = beginIssuance(deps)
  const refreshToken = await createSuccessor(deps, presented)
  return { presented, tokenGeneration, issuance, refreshToken }
}

/**
 * Prepares the exchange. With a claims hook the access token is signed here already, for the
 * session as it is read, and the fresh generation: one round trip. None otherwise. Nothing is signed
 * for a refresh token that cannot be exchanged. The batch still judges whether it is a copy.
 *
 * @throws Error when the hook or the key fails
 */
export async function prepareExchange(
  deps: Pick<Deps, 'database' | 'runtime' | 'settings' | 'accessTokens' | 'claims'>,
  { presented, tokenGeneration, issuance, refreshToken }: BegunExchange,
): Promise<Exchange> {
  const rotation = await rotationOf(deps, presented, issuance)
  const sign = async (session: LiveSession) => {
    return { ...(await issueAccessTokenOf(deps, session, issuance)), refreshToken }
  }
  if (!deps.claims) return { rotation, sign }
  const read = await findSessionToExchange(deps.database, rotation)
  if (!read) return { rotation }
  const session = { ...read, tokenGeneration }
  const signed = await sign(session)
  return { rotation: signedRotation(rotation, session, issuance), sign: async () => signed }
}
