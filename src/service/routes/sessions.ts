// Sessions: going on, seeing them, ending them, and giving the password again.

import { type Context, Hono } from 'hono'
import * as v from 'valibot'
import { type Result, succeed } from '../../errors/reasons.ts'
import type { Deps } from '../domain/deps.ts'
import { endSession } from '../domain/sessions/end-session.ts'
import { listSessions, type OwnSession } from '../domain/sessions/list-sessions.ts'
import { logout, logoutByRefreshToken } from '../domain/sessions/logout.ts'
import { logoutEverywhere } from '../domain/sessions/logout-everywhere.ts'
import { reauthenticate } from '../domain/sessions/reauthenticate.ts'
import { refresh } from '../domain/sessions/refresh.ts'
import { hangUpOf } from '../http/hang-up.ts'
import { readJsonBody, readOptionalJsonBody } from '../http/json-body.ts'
import { type InputRefusal, respond, respondInputRefused, respondRefused } from '../http/respond.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import {
  expireTokenCookies,
  presentedAccessToken,
  presentedRefreshCookie,
  respondWithTokens,
} from '../http/token-transport.ts'
import { formatInstant } from './instant.ts'

/** `/auth/*`: what becomes of a login. */
export function sessionRoutes(deps: Deps): Hono<ServiceEnv> {
  return new Hono<ServiceEnv>()
    .post('/refresh', refreshHandler(deps))
    .get('/sessions', listHandler(deps))
    .delete('/sessions/:id', endHandler(deps))
    .post('/logout', logoutHandler(deps))
    .post('/logout-everywhere', logoutEverywhereHandler(deps))
    .post('/reauthenticate', reauthenticateHandler(deps))
}

/** A refusal never clears cookies: another tab may have got newer ones by now. */
function refreshHandler(deps: Deps) {
  return async (c: Context<ServiceEnv>) => {
    const presented = await readRefreshToken(c, deps)
    if (!presented.ok) return respondInputRefused(c, deps, presented.error)
    const tokens = await refresh(deps, presented.value)
    if (!tokens.ok) return respondRefused(c, deps, tokens.error)
    return respondWithTokens(c, deps, 'Successfully refreshed.', tokens.value)
  }
}

function listHandler(deps: Deps) {
  return async (c: Context<ServiceEnv>) => {
    const token = presentedAccessToken(c, deps)
    if (!token.ok) return respondRefused(c, deps, token.error)
    const sessions = await listSessions(deps, token.value)
    if (!sessions.ok) return respondRefused(c, deps, sessions.error)
    return respond(c, { data: { sessions: sessions.value.map(sessionMembers) } })
  }
}

function endHandler(deps: Deps) {
  return async (c: Context<ServiceEnv>) => {
    const token = presentedAccessToken(c, deps)
    if (!token.ok) return respondRefused(c, deps, token.error)
    const ended = await endSession(deps, token.value, c.req.param('id') ?? '')
    if (!ended.ok) return respondRefused(c, deps, ended.error)
    if (ended.value.isOwn) expireTokenCookies(c, deps)
    return respond(c, { message: 'Session ended.' })
  }
}

function logoutHandler(deps: Deps) {
  return async (c: Context<ServiceEnv>) => {
    const token = presentedAccessToken(c, deps)
    const outcome = token.ok ? await logout(deps, token.value) : token
    const isLoggedOut = outcome.ok || (await logoutByCookie(c, deps))
    // Whoever wants to be logged out has no use for cookies, whatever is wrong with them.
    if (isLoggedOut || outcome.error !== 'key_set_unavailable') expireTokenCookies(c, deps)
    if (isLoggedOut) return respond(c, { message: 'Successfully logged out.' })
    const isMissing = outcome.error === 'token_missing'
    return respondRefused(c, deps, isMissing ? 'logout_token_missing' : outcome.error)
  }
}

function logoutEverywhereHandler(deps: Deps) {
  return async (c: Context<ServiceEnv>) => {
    const token = presentedAccessToken(c, deps)
    if (!token.ok) return respondRefused(c, deps, token.error)
    const body = await readOptionalJsonBody(c, everywhere)
    if (!body.ok) return respondInputRefused(c, deps, body.error)
    const { keep_current: keepCurrent, refresh_token: sent } = body.value
    const isInCookie = deps.tokenTransport === 'cookie'
    const refreshToken = isInCookie ? await refreshCookieOf(c, deps) : sent
    const outcome = await logoutEverywhere(deps, token.value, { keepCurrent, refreshToken })
    if (!outcome.ok) return respondRefused(c, deps, outcome.error)
    const message = 'Successfully logged out everywhere.'
    if (outcome.value) return respondWithTokens(c, deps, message, outcome.value)
    if (!keepCurrent) expireTokenCookies(c, deps)
    return respond(c, { message })
  }
}

function reauthenticateHandler(deps: Deps) {
  return async (c: Context<ServiceEnv>) => {
    const token = presentedAccessToken(c, deps)
    if (!token.ok) return respondRefused(c, deps, token.error)
    const isGone = hangUpOf(c)
    const body = await readJsonBody(c, passwordAgain)
    if (!body.ok) return respondInputRefused(c, deps, body.error)
    const issued = await reauthenticate(deps, token.value, body.value, isGone)
    if (!issued.ok) return respondRefused(c, deps, issued.error)
    return respondWithTokens(c, deps, 'Successfully reauthenticated.', issued.value)
  }
}

async function readRefreshToken(
  c: Context<ServiceEnv>,
  deps: Pick<Deps, 'tokenTransport' | 'refreshTokens'>,
): Promise<Result<string, InputRefusal>> {
  if (deps.tokenTransport === 'cookie') return presentedRefreshCookie(c, deps)
  const body = await readJsonBody(c, refreshing)
  return body.ok ? succeed(body.value.refresh_token) : body
}

/** A session whose access cookie is good for nothing ends by its refresh cookie. */
async function logoutByCookie(c: Context<ServiceEnv>, deps: Deps): Promise<boolean> {
  const refreshToken = await refreshCookieOf(c, deps)
  return refreshToken !== undefined && logoutByRefreshToken(deps, refreshToken)
}

/** The genuine refresh cookie of the session, where tokens travel in cookies and there is one. */
async function refreshCookieOf(c: Context<ServiceEnv>, deps: Deps): Promise<string | undefined> {
  if (deps.tokenTransport !== 'cookie') return undefined
  const presented = await presentedRefreshCookie(c, deps)
  const isGenuine = presented.ok && (await deps.refreshTokens.verify(presented.value)) !== undefined
  return isGenuine ? presented.value : undefined
}

function sessionMembers(session: OwnSession) {
  const { sessionId, isCurrent, device, address, createdAt, rotatedAt, expiresAt } = session
  return {
    id: sessionId,
    current: isCurrent,
    device,
    address,
    created_at: formatInstant(createdAt),
    refreshed_at: formatInstant(rotatedAt),
    expires_at: formatInstant(expiresAt),
  }
}

const refreshing = v.object({ refresh_token: v.string('Give the refresh_token as a string.') })
const passwordAgain = v.object({ password: v.string('Give the password as a string.') })
const everywhere = v.object({
  keep_current: v.optional(v.boolean('Give keep_current as true or false.'), false),
  refresh_token: v.optional(refreshing.entries.refresh_token),
})
