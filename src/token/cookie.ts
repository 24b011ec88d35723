// The access token in a cookie, for pages of the same host as the API. A browser sends cookies
// along with what other sites make it ask, so whatever changes something must come from a page of
// ours.

import { parse } from 'hono/utils/cookie'
import { type BearerReason, type Result, refuse, succeed } from '../errors/reasons.ts'

/**
 * The cookie's name. The prefix is a promise of the browser: only this host has set it, over HTTPS,
 * for all paths (RFC 6265bis §4.1.3.2).
 */
export const accessTokenCookie = '__Host-access_token'

/** The access token of a Cookie header. */
export function parseAccessTokenCookie(header: string | undefined): Result<string, BearerReason> {
  const token = header && parse(header, accessTokenCookie)[accessTokenCookie]
  return token ? succeed(token) : refuse('token_missing')
}

/**
 * All values but empty ones that a Cookie header has for a name, in its order: a browser sends one
 * for each path and each domain that the cookie was set for.
 */
export function cookieValues(header: string | undefined, name: string): readonly string[] {
  const pairs = header?.split(';') ?? []
  return pairs.flatMap((pair) => parse(pair, name)[name] || [])
}

/** The methods that change nothing. */
export const readingMethods = ['GET', 'HEAD', 'OPTIONS']

/**
 * Whether a page of another origin may have made the browser send this, and it may change
 * something. `Sec-Fetch-Site: same-origin` is enough, for no page can set it. Any other request
 * that names an origin must name one that `isTrusted`. Browsers without `Sec-Fetch-Site` may also
 * name the request's own; for the others that is another scheme behind a proxy. `Origin: null` is
 * nobody's. What sends neither header is no browser, and has nobody's cookies but its own. A
 * WebSocket begins with a GET, and is no reading.
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
