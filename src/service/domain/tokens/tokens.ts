// What a client gets for a living session: a fresh access token, and the refresh token that is
// current.

import { createRandomId } from '../../../crypto/random-id.ts'
import { issueAccessToken } from '../../../token/access-token.ts'
import type { LiveSession } from '../../store/live-session.ts'
import type { NewSession } from '../../store/sessions.ts'
import type { TokenDeps } from './token-deps.ts'

/** An access token, and what comes with it. */
export interface IssuedAccessToken {
  readonly accessToken: string
  /** How long the access token is valid. */
  readonly expiresInSeconds: number
}

/** Both tokens. */
export interface IssuedTokens extends IssuedAccessToken {
  readonly refreshToken: string
}

/** Where somebody logs in from, for people to recognise it by. */
export interface LoginPlace {
  /** A few words about the user agent. */
  readonly device: string | undefined
  readonly address: string | undefined
}

/** When access tokens of a request begin, and when they are to expire, in seconds since 1970. */
export interface Issuance {
  readonly issuedAt: number
  readonly expiresAt: number
}

type IssuingDeps = Pick<TokenDeps, 'runtime' | 'accessTokens' | 'claims'>

/** The configured lifetime from now. The store may shorten it, and remembers what is signed. */
export function beginIssuance({
  runtime,
  settings,
}: Pick<TokenDeps, 'runtime' | 'settings'>): Issuance {
  const issuedAt = runtime.now()
  return { issuedAt, expiresAt: issuedAt + settings.accessTokenLifetimeSeconds }
}

/** What the store needs to begin a session. */
export function newSession(
  { runtime, settings }: Pick<TokenDeps, 'runtime' | 'settings'>,
  place: LoginPlace,
  { expiresAt }: Issuance,
): NewSession {
  const sessionId = createRandomId(runtime)
  const lifetimes = {
    idleSeconds: settings.sessionIdleLifetimeSeconds,
    absoluteSeconds: settings.sessionLifetimeSeconds,
  }
  return { sessionId, lifetimes, tokenExpiresAt: expiresAt, ...place }
}

/** A fresh access token of the session. */
export async function issueAccessTokenOf(
  { runtime, accessTokens, claims }: IssuingDeps,
  session: LiveSession,
  { issuedAt }: Issuance,
): Promise<IssuedAccessToken> {
  const { userId, email, roles, tokenExpiresAt } = session
  const customClaims = await claims?.({ userId, email, roles })
  const subject = { ...session, issuedAt, expiresAt: tokenExpiresAt }
  const accessToken = await issueAccessToken(accessTokens, runtime, subject, customClaims)
  return { accessToken, expiresInSeconds: Math.max(0, tokenExpiresAt - issuedAt) }
}

/** A fresh access token of the session, and its refresh token. */
export async function issueTokens(
  deps: IssuingDeps & Pick<TokenDeps, 'refreshTokens'>,
  session: LiveSession,
  issuance: Issuance,
): Promise<IssuedTokens> {
  return {
    ...(await issueAccessTokenOf(deps, session, issuance)),
    refreshToken: await deps.refreshTokens.create(session),
  }
}
