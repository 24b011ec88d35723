// Login and logout of a client, for the routes and for the pages.

import type { Context } from 'hono'
import {
  type BearerReason,
  type Result,
  succeed,
  type UserTokenReason,
} from '../../errors/reasons.ts'
import type { AuditEntry } from '../domain/audit-entry.ts'
import type { Deps } from '../domain/deps.ts'
import { login } from '../domain/sessions/login.ts'
import { logout, logoutByRefreshToken } from '../domain/sessions/logout.ts'
import { loginClientOf } from './login-client.ts'
import { languageOf, sendAfterAnswer } from './queued-mail.ts'
import type { ServiceEnv } from './service-env.ts'
import { expireTokenCookies, findRefreshCookie, presentedDeviceTokens } from './token-transport.ts'

/** As `login`, for the client of the request. What it queues is mailed after the answer. */
export async function logInClient(
  c: Context<ServiceEnv>,
  deps: Deps,
  typed: {
    readonly email: string
    readonly password: string
    readonly device_token?: string | undefined
  },
  isGone: () => boolean,
  entry: AuditEntry,
): ReturnType<typeof login> {
  const client = loginClientOf(c, deps, presentedDeviceTokens(c, deps, typed.device_token))
  const issued = await login(deps, { ...typed, language: languageOf(c) }, client, isGone, entry)
  const isMailQueued = issued.ok
    ? issued.value.isOwnerTold
    : typeof issued.error === 'object' && issued.error.reason === 'email_unverified'
  if (isMailQueued) sendAfterAnswer(c, deps)
  return issued
}

/**
 * Ends the session of the presented access token, or that of the refresh cookie if the access
 * cookie is not accepted. Refuses as `logout`. A client that logs out needs no cookies, whatever is
 * wrong with them. While the keys are unavailable it keeps them, to try again.
 */
export async function logOutClient(
  c: Context<ServiceEnv>,
  deps: Deps,
  token: Result<string, BearerReason>,
  entry: AuditEntry,
): Promise<Result<undefined, BearerReason | UserTokenReason>> {
  const outcome = token.ok ? await logout(deps, token.value, entry) : token
  const refreshToken = outcome.ok ? undefined : await findRefreshCookie(c, deps)
  const isEnded =
    outcome.ok ||
    (refreshToken !== undefined && (await logoutByRefreshToken(deps, refreshToken, entry)))
  if (isEnded || outcome.error !== 'key_set_unavailable') expireTokenCookies(c, deps)
  return isEnded ? succeed(undefined) : outcome
}
