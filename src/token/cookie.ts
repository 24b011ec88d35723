// The access token in a cookie, for pages of the same host as the API. A browser sends cookies with
// requests that other sites cause. So a request that changes something must come from one of our
// pages.

import { parse } from 'hono/utils/cookie'
import { type BearerReason, type Result, refuse, succeed } from '../errors/reasons.ts'

/**
 * The cookie's name. The browser guarantees what the prefix says. Only this host has set the
 * cookie, over HTTPS, for all paths (RFC 6265bis §4.1.3.2).
 */
export const accessTokenCookie = '__Host-access_token'

/** The access token of a Cookie header. */
export function parseAccessTokenCookie(header: string | undefined): Result<string, BearerReason> {
  const token = header && parse(header, accessTokenCookie)[accessTokenCookie]
  return token ? succeed(token) : refuse('token_missing')
}

/**
 * All values that a Cookie header has for a name, in its order, without empty ones. A browser sends
 * one for each path and each domain that the cookie was set for.
 */
export function cookieValues(header: string | undefined, name: string): readonly string[] {
  const pairs = header?.split(';') ?? []
  return pairs.flatMap((pair) => parse(pair, name)[name] || [])
}

/** The methods that change nothing. */
export const readingMethods = ['GET', 'HEAD', 'OPTIONS']

/**
 * Whether a page of another origin may have made the browser send this, and it may change
 * something. The header `Sec-Fetch-Site: same-origin` is enough, because no page can set it. Any
 * other request that names an origin must name one that `isTrusted`. Browsers without
 * `Sec-Fetch-Site` may also name the request's own origin. For other browsers, that origin means
 * another scheme behind a proxy. The value `Origin: null` is never accepted. A client that sends
 * neither header is not a browser, and has only its own cookies. A WebSocket begins with a GET, but
 * does not count as reading.
 */
export function isCrossSite(request: Request, isTrusted: (origin: string) => boolean): boolean {
  if (readingMethods.includes(request.method) && !request.headers.has('Upgrade')) return false
  const site = request.headers.get('Sec-Fetch-Site')
  if (site === 'same-origin') return false
  const origin = request.headers.get('Origin')
  const isFromPage = site !== null && site !== 'none'
  if (origin === null) return isFromPage
  const isOwn = !isFromPage && origin === new URL(request.url).origin
  return origin === 'null' || !(isOwn || isTrusted(origin))
}
