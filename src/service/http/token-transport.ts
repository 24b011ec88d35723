// How tokens reach clients and come back: in bodies and the Authorization header, or in cookies
// that scripts cannot read. Only one of the two ways is in use. Tokens that come the other way do
// not count.

import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { CookieOptions } from 'hono/utils/cookie'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import * as v from 'valibot'
import { type BearerReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import { parseBearer } from '../../token/bearer.ts'
import { claimedSessionId } from '../../token/claimed-session.ts'
import { accessTokenCookie, cookieValues, parseAccessTokenCookie } from '../../token/cookie.ts'
import { issuerPath } from '../../token/issuer.ts'
import type { Deps } from '../domain/deps.ts'
import { accountOfDevice } from '../domain/limits/device-token.ts'
import { newestRefreshToken } from '../domain/tokens/newest-refresh-token.ts'
import type { LoginTokens } from '../domain/tokens/tokens.ts'
import { accountPagesPath } from '../mail/account-pages.ts'
import { bodyOf } from './body-schema.ts'
import { readJsonBody } from './json-body.ts'
import { type InputRefusal, respond } from './respond.ts'
import type { ServiceEnv } from './service-env.ts'

/** How a refresh token is sent, if tokens travel in bodies. */
export const refreshBody = bodyOf({
  refresh_token: v.string('Give the refresh_token as a string.'),
})

type TransportDeps = Pick<Deps, 'settings' | 'mailer'>

/**
 * This cookie goes only to the service, so that no API ever sees it. A `__Host-` cookie goes to
 * every path. The price: a sibling domain can set this cookie with `Domain` (RFC 6265 §8.6), but no
 * `__Host-` cookie.
 */
const refreshTokenCookie = '__Secure-refresh_token'
/** Goes only to the service and its pages. It stays after a logout, for the next login. */
const deviceTokenCookie = '__Secure-device_token'
/** A browser that several people use has one device token for each. */
const maxDeviceTokens = 5
/** Each costs time. Other subdomains can add cookies. */
const maxTokensVerified = 50
const cookieOptions = { httpOnly: true, secure: true, sameSite: 'Lax' } satisfies CookieOptions

/** The access token that a request presents. */
export function presentedAccessToken(
  c: Context<ServiceEnv>,
  { settings }: Pick<Deps, 'settings'>,
): Result<string, BearerReason> {
  return settings.tokenTransport === 'cookie'
    ? parseAccessTokenCookie(c.req.header('Cookie'))
    : parseBearer(c.req.header('Authorization'))
}

/**
 * The refresh token of the cookie, for the session that the access cookie names. No other host can
 * set the access cookie. Otherwise a sibling domain could log its victim into another account. An
 * access token that has expired is enough, because both cookies are kept equally long.
 *
 * Refuses with 'refresh_token_missing' if there is no such cookie, and with
 * 'refresh_token_unmatched' if none is of that session.
 */
async function presentedRefreshCookie(
  c: Context<ServiceEnv>,
  deps: Pick<Deps, 'refreshTokens'>,
): Promise<Result<string, InputRefusal>> {
  const header = c.req.header('Cookie')
  const tokens = cookieValues(header, refreshTokenCookie)
  if (tokens.length === 0) return refuse({ reason: 'refresh_token_missing' })
  const accessToken = parseAccessTokenCookie(header)
  const sessionId = accessToken.ok ? claimedSessionId(accessToken.value) : undefined
  const token = sessionId && (await newestRefreshToken(deps, tokens, sessionId))
  return token ? succeed(token) : refuse({ reason: 'refresh_token_unmatched' })
}

/** The refresh token of the body or of the cookie, depending on how tokens travel. */
export async function readRefreshToken(
  c: Context<ServiceEnv>,
  deps: Pick<Deps, 'settings' | 'refreshTokens'>,
): Promise<Result<string, InputRefusal>> {
  if (deps.settings.tokenTransport === 'cookie') return presentedRefreshCookie(c, deps)
  const body = await readJsonBody(c, refreshBody)
  return body.ok ? succeed(body.value.refresh_token) : body
}

/**
 * The genuine refresh token of the session's cookie. Undefined if there is none, or if tokens do
 * not travel in cookies.
 */
export async function findRefreshCookie(
  c: Context<ServiceEnv>,
  deps: Pick<Deps, 'settings' | 'refreshTokens'>,
): Promise<string | undefined> {
  if (deps.settings.tokenTransport !== 'cookie') return undefined
  const presented = await presentedRefreshCookie(c, deps)
  const isGenuine = presented.ok && (await deps.refreshTokens.verify(presented.value)) !== undefined
  return isGenuine ? presented.value : undefined
}

/**
 * The refresh token that a client presents beside its access token: in the cookie if tokens travel
 * in cookies, and in the body otherwise. Undefined if there is none.
 */
export function presentedRefreshToken(
  c: Context<ServiceEnv>,
  deps: Pick<Deps, 'settings' | 'refreshTokens'>,
  sent: string | undefined,
): Promise<string | undefined> {
  const isInCookie = deps.settings.tokenTransport === 'cookie'
  return isInCookie ? findRefreshCookie(c, deps) : Promise.resolve(sent)
}

/** The device tokens that a login presents, in its body or in its cookie. */
export function presentedDeviceTokens(
  c: Context<ServiceEnv>,
  { settings }: Pick<Deps, 'settings'>,
  sent: string | undefined,
): readonly string[] {
  if (settings.tokenTransport !== 'cookie') return sent === undefined ? [] : [sent]
  const values = cookieValues(c.req.header('Cookie'), deviceTokenCookie)
  const tokens = values.flatMap((value) =>
    value
      .split('~')
      .filter((token) => accountOfDevice(token) !== undefined)
      .slice(0, maxDeviceTokens),
  )
  return tokens.slice(0, maxTokensVerified)
}

/** Tells that the account is not deleted, because its owner is back. */
export function keptMembers(done: { readonly isDeletionCancelled: boolean }) {
  return done.isDeletionCancelled ? { deletion_cancelled: true } : {}
}

/**
 * A success that carries tokens (RFC 6749 §5.1), with flask-jwt-auth's name for the access token.
 * There may be only some of the tokens. `members` are further members of the body.
 */
export function respondWithTokens(
  c: Context<ServiceEnv>,
  deps: TransportDeps,
  message: string,
  tokens: Partial<LoginTokens>,
  status: ContentfulStatusCode = 200,
  members: Readonly<Record<string, unknown>> = {},
): Response {
  const { accessToken, refreshToken, deviceToken } = tokens
  const expires = { expires_in: tokens.expiresInSeconds }
  if (deps.settings.tokenTransport === 'cookie') {
    setLoginCookies(c, deps, tokens)
    return respond(c, { message, ...expires, ...members }, status)
  }
  const body = {
    message,
    auth_token: accessToken,
    refresh_token: refreshToken,
    device_token: deviceToken,
    token_type: accessToken === undefined ? undefined : 'Bearer',
    ...expires,
    ...members,
  }
  return respond(c, body, status)
}

/** Sets the cookies of the given tokens. Does nothing if tokens do not travel in cookies. */
export function setLoginCookies(
  c: Context<ServiceEnv>,
  deps: TransportDeps,
  { accessToken, refreshToken, deviceToken }: Partial<LoginTokens>,
): void {
  if (deps.settings.tokenTransport !== 'cookie') return
  if (accessToken !== undefined) setTokenCookies(c, deps, accessToken, refreshToken)
  if (deviceToken !== undefined) setDeviceCookie(c, deps, deviceToken)
}

/**
 * The beginning of the names of the cookies in which the pages keep codes. The host and the path
 * are those of the access token's cookie.
 */
export const codeCookiePrefix = '__Host-code-'

/** Makes the browser forget the codes of mails that it has opened. */
export function deleteCodeCookies(c: Context<ServiceEnv>): void {
  const names = Object.keys(getCookie(c)).filter((name) => name.startsWith(codeCookiePrefix))
  for (const name of names) deleteCookie(c, name, { ...cookieOptions, path: '/' })
}

/**
 * Makes the browser delete both cookies, and the codes of mails: the next person would log in with
 * them. Does nothing if tokens do not travel in cookies.
 */
export function expireTokenCookies(c: Context<ServiceEnv>, deps: TransportDeps): void {
  if (deps.settings.tokenTransport !== 'cookie') return
  deleteCodeCookies(c)
  deleteCookie(c, accessTokenCookie, { ...cookieOptions, path: '/' })
  deleteCookie(c, refreshTokenCookie, { ...cookieOptions, path: servicePath(deps) })
  expireEarlierCookie(c, deps)
}

/**
 * Both cookies are kept as long as the session may live. An access token that has expired still
 * logs its session out, and still shows which refresh cookie belongs to it.
 */
function setTokenCookies(
  c: Context<ServiceEnv>,
  deps: TransportDeps,
  accessToken: string,
  refreshToken: string | undefined,
): void {
  const kept = { ...cookieOptions, maxAge: deps.settings.sessionIdleLifetimeSeconds }
  setCookie(c, accessTokenCookie, accessToken, { ...kept, path: '/' })
  if (refreshToken === undefined) return
  setCookie(c, refreshTokenCookie, refreshToken, { ...kept, path: servicePath(deps) })
  expireEarlierCookie(c, deps)
}

/**
 * The new token first, and those of other accounts after it. Where the service has pages, they get
 * a copy: a login there must know the device, too.
 */
function setDeviceCookie(c: Context<ServiceEnv>, deps: TransportDeps, deviceToken: string): void {
  const account = accountOfDevice(deviceToken)
  const others = presentedDeviceTokens(c, deps, undefined).filter(
    (token) => accountOfDevice(token) !== account,
  )
  const kept = [deviceToken, ...others].slice(0, maxDeviceTokens)
  const maxAge = deps.settings.limits.deviceTokenLifetimeSeconds
  const paths = [servicePath(deps), ...(deps.mailer ? [pagesPath(deps)] : [])]
  for (const path of paths) {
    setCookie(c, deviceTokenCookie, kept.join('~'), { ...cookieOptions, path, maxAge })
  }
}

/** Version 0.4 sets the refresh cookie for this path, and reads the cookie of the longest path. */
function expireEarlierCookie(c: Context<ServiceEnv>, deps: TransportDeps): void {
  deleteCookie(c, refreshTokenCookie, { ...cookieOptions, path: `${servicePath(deps)}/refresh` })
}

function pagesPath({ settings }: Pick<Deps, 'settings'>): string {
  return `${issuerPath(settings.issuer)}${accountPagesPath}`
}

function servicePath({ settings }: Pick<Deps, 'settings'>): string {
  return `${issuerPath(settings.issuer)}/auth`
}
