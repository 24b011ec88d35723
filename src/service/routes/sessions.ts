// Sessions: refresh them, list them, end them, and give the password again.

import * as v from 'valibot'
import { refuse, succeed } from '../../errors/reasons.ts'
import { endSession } from '../domain/sessions/end-session.ts'
import { findOwnAccount, type OwnSession } from '../domain/sessions/find-own-account.ts'
import { logoutEverywhere } from '../domain/sessions/logout-everywhere.ts'
import { reauthenticate } from '../domain/sessions/reauthenticate.ts'
import { refresh } from '../domain/sessions/refresh.ts'
import { bodyOf } from '../http/body-schema.ts'
import { logOutClient } from '../http/log-in-out.ts'
import { respond } from '../http/respond.ts'
import { defineRoute } from '../http/route.ts'
import {
  expireTokenCookies,
  presentedRefreshToken,
  refreshBody,
  respondWithTokens,
} from '../http/token-transport.ts'
import { formatInstant } from './instant.ts'

const passwordAgain = bodyOf({ password: v.string('Give the password as a string.') })
const everywhere = bodyOf({
  keep_current: v.optional(v.boolean('Give keep_current as true or false.'), false),
  refresh_token: v.optional(refreshBody.entries.refresh_token),
})

/** A refusal never clears cookies: another tab may have newer ones by now. */
const refreshRoute = defineRoute({
  name: 'refresh',
  method: 'POST',
  path: '/refresh',
  credential: 'refresh_token',
  limits: 'refresh',
  refusals: ['account_changing'],
  audit: ['refresh_token_reused'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, entry }) {
    const issued = await refresh(deps, token, entry)
    if (!issued.ok) return issued
    return succeed(respondWithTokens(c, deps, 'Successfully refreshed.', issued.value))
  },
})

const listRoute = defineRoute({
  name: 'listSessions',
  method: 'GET',
  path: '/sessions',
  credential: 'access_token',
  limits: 'none',
  refusals: [],
  audit: [],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token }) {
    const own = await findOwnAccount(deps, token)
    if (!own.ok) return own
    return succeed(respond(c, { data: { sessions: own.value.sessions.map(sessionMembers) } }))
  },
})

const endRoute = defineRoute({
  name: 'endSession',
  method: 'DELETE',
  path: '/sessions/:id',
  credential: 'access_token',
  limits: 'none',
  refusals: ['session_unknown'],
  audit: ['success'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, params, entry }) {
    const ended = await endSession(deps, token, params.id, entry)
    if (!ended.ok) return ended
    if (ended.value.isOwn) expireTokenCookies(c, deps)
    return succeed(respond(c, { message: 'Session ended.' }))
  },
})

const logoutRoute = defineRoute({
  name: 'logout',
  method: 'POST',
  path: '/logout',
  credential: 'session_tokens',
  limits: 'none',
  refusals: [],
  audit: ['success'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, entry }) {
    const ended = await logOutClient(c, deps, token, entry)
    if (ended.ok) return succeed(respond(c, { message: 'Successfully logged out.' }))
    return refuse(ended.error === 'token_missing' ? 'logout_token_missing' : ended.error)
  },
})

const logoutEverywhereRoute = defineRoute({
  name: 'logoutEverywhere',
  method: 'POST',
  path: '/logout-everywhere',
  credential: 'access_token',
  body: () => everywhere,
  isBodyOptional: true,
  limits: 'none',
  refusals: ['refresh_token_invalid'],
  audit: ['success'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, body, entry }) {
    const { keep_current: keepCurrent, refresh_token: sent } = body
    const refreshToken = await presentedRefreshToken(c, deps, sent)
    const outcome = await logoutEverywhere(deps, token, { keepCurrent, refreshToken, entry })
    if (!outcome.ok) return outcome
    const message = 'Successfully logged out everywhere.'
    const { isEnded, tokens, failure } = outcome.value
    if (failure !== undefined) c.set('failure', failure)
    if (tokens) return succeed(respondWithTokens(c, deps, message, tokens))
    if (isEnded) expireTokenCookies(c, deps)
    return succeed(respond(c, { message, session_ended: isEnded }))
  },
})

const reauthenticateRoute = defineRoute({
  name: 'reauthenticate',
  method: 'POST',
  path: '/reauthenticate',
  credential: 'access_token',
  body: () => passwordAgain,
  limits: 'password',
  refusals: ['password_wrong'],
  audit: ['attempted', 'success', 'too_many_attempts'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, body, isGone, entry }) {
    const issued = await reauthenticate(deps, token, body, isGone, entry)
    if (!issued.ok) return issued
    return succeed(respondWithTokens(c, deps, 'Successfully reauthenticated.', issued.value))
  },
})

/** The routes of sessions. */
export const sessionRoutes = [
  refreshRoute,
  listRoute,
  endRoute,
  logoutRoute,
  logoutEverywhereRoute,
  reauthenticateRoute,
] as const

/** A session, as answers have it. */
export function sessionMembers(session: OwnSession) {
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
