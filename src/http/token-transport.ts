// How tokens reach clients and come back: in bodies and the Authorization header, or in cookies that
// scripts cannot read. One of the two; what travels the other way does not count.

import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { CookieOptions } from 'hono/utils/cookie'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Deps, Env } from '../deps.ts'
import type { IssuedAccessToken, IssuedTokens } from '../domain/sessions/tokens.ts'
import { type BearerReason, type Result, refuse, succeed } from '../errors/reasons.ts'
import { parseBearer } from '../middleware/bearer.ts'
import { accessTokenCookie, parseAccessTokenCookie } from '../middleware/cookie.ts'
import { issuerPath } from '../token/issuer.ts'
import { type InputRefusal, respond } from './respond.ts'

type TransportDeps = Pick<Deps, 'tokenTransport' | 'accessTokens' | 'sessionLifetimes'>

/** It goes to one path, so that nothing else ever sees it; `__Host-` would want them all. */
const refreshTokenCookie = '__Secure-refresh_token'
const cookieOptions = { httpOnly: true, secure: true, sameSite: 'Lax' } satisfies CookieOptions

/** The access token that a request presents. */
export function presentedAccessToken(
  c: Context<Env>,
  { tokenTransport }: Pick<Deps, 'tokenTransport'>,
): Result<string, BearerReason> {
  return tokenTransport === 'cookie'
    ? parseAccessTokenCookie(c.req.header('Cookie'))
    : parseBearer(c.req.header('Authorization'))
}

/** The refresh token of the cookie. */
export function presentedRefreshCookie(c: Context<Env>): Result<string, InputRefusal> {
  const token = getCookie(c, refreshTokenCookie)
  return token ? succeed(token) : refuse({ reason: 'refresh_token_missing' })
}

/** A success that carries tokens (RFC 6749 §5.1), with the seed's name for the access token. */
export function respondWithTokens(
  c: Context<Env>,
  deps: TransportDeps,
  message: string,
  tokens: IssuedTokens | IssuedAccessToken,
  status: ContentfulStatusCode = 200,
): Response {
  const expires = { expires_in: tokens.expiresInSeconds }
  const refreshToken = 'refreshToken' in tokens ? tokens.refreshToken : undefined
  if (deps.tokenTransport === 'cookie') {
    setTokenCookies(c, deps, tokens.accessToken, refreshToken)
    return respond(c, { message, ...expires }, status)
  }
  const body = {
    message,
    auth_token: tokens.accessToken,
    refresh_token: refreshToken,
    token_type: 'Bearer',
    ...expires,
  }
  return respond(c, body, status)
}

/** Where tokens travel in cookies: the browser forgets both. */
export function expireTokenCookies(c: Context<Env>, deps: TransportDeps): void {
  if (deps.tokenTransport !== 'cookie') return
  deleteCookie(c, accessTokenCookie, { ...cookieOptions, path: '/' })
  deleteCookie(c, refreshTokenCookie, { ...cookieOptions, path: refreshPath(deps) })
}

/**
 * Both are kept as long as the session may live: by an access token that has expired, a session can
 * still be logged out.
 */
function setTokenCookies(
  c: Context<Env>,
  deps: TransportDeps,
  accessToken: string,
  refreshToken: string | undefined,
): void {
  const kept = { ...cookieOptions, maxAge: deps.sessionLifetimes.idleSeconds }
  setCookie(c, accessTokenCookie, accessToken, { ...kept, path: '/' })
  if (refreshToken === undefined) return
  setCookie(c, refreshTokenCookie, refreshToken, { ...kept, path: refreshPath(deps) })
}

function refreshPath({ accessTokens }: Pick<Deps, 'accessTokens'>): string {
  return `${issuerPath(accessTokens.issuer)}/auth/refresh`
}
