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

/**
 * Whether a page of another origin may have made the browser send this, and it may change
 * something. Browsers tell with `Sec-Fetch-Site`, and older ones with `Origin`; what tells neither
 * is no browser, and has nobody's cookies but its own. A WebSocket begins with a GET, and is no
 * reading.
 */
export function isCrossSite(request: Request, trustedOrigins: readonly string[]): boolean {
  const isReading = safeMethods.includes(request.method) && !request.headers.has('Upgrade')
  if (isReading) return false
  const site = request.headers.get('Sec-Fetch-Site')
  if (site === 'same-origin' || site === 'none') return false
  const origin = request.headers.get('Origin')
  if (site === null && origin === null) return false
  return origin !== new URL(request.url).origin && !trustedOrigins.includes(origin ?? '')
}

const safeMethods = ['GET', 'HEAD', 'OPTIONS']
