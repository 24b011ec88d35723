// Who is logged in at the page of the account. An access token that is not accepted any more is
// exchanged. If that answer is lost, the session ends a moment later: see refresh.ts. So no other
// site may cause an exchange, and no page that is loaded in advance.

import type { Context } from 'hono'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { Deps } from '../domain/deps.ts'
import { findOwnAccount, type OwnAccount } from '../domain/sessions/find-own-account.ts'
import { refresh } from '../domain/sessions/refresh.ts'
import { entryOf } from '../http/login-client.ts'
import { limitByAddress } from '../http/request-limits.ts'
import type { RequestRefusal } from '../http/respond.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import {
  findRefreshCookie,
  presentedAccessToken,
  setLoginCookies,
} from '../http/token-transport.ts'

/** An account, and the good tokens of its session. */
export interface OpenAccount extends OwnAccount {
  readonly accessToken: string
  readonly refreshToken: string | undefined
}

/**
 * The account of the browser's session. One round trip, and two more for an exchange, which sets
 * the cookies. Refuses as `findOwnAccount` and `refresh`. Refuses with 'refresh_superseded' where
 * an exchange has to wait for a button.
 */
export async function openAccount(
  c: Context<ServiceEnv>,
  deps: Deps,
): Promise<Result<OpenAccount, RequestRefusal>> {
  const presented = presentedAccessToken(c, deps)
  if (!presented.ok) return refuse({ reason: presented.error })
  const refreshToken = await findRefreshCookie(c, deps)
  const own = await findOpenAccount(deps, presented.value, refreshToken)
  if (own.ok || own.error.reason === 'key_set_unavailable' || !refreshToken) return own
  if (!mayExchange(c)) return refuse({ reason: 'refresh_superseded' })
  const allowed = await limitByAddress(c, deps, 'refresh')
  if (!allowed.ok) return allowed
  const issued = await refresh(deps, refreshToken, entryOf(c, deps, 'refresh'))
  if (!issued.ok) return refuse({ reason: issued.error })
  setLoginCookies(c, deps, issued.value)
  return findOpenAccount(deps, issued.value.accessToken, issued.value.refreshToken)
}

async function findOpenAccount(
  deps: Deps,
  accessToken: string,
  refreshToken: string | undefined,
): Promise<Result<OpenAccount, RequestRefusal>> {
  const own = await findOwnAccount(deps, accessToken)
  if (!own.ok) return refuse({ reason: own.error })
  return succeed({ ...own.value, accessToken, refreshToken })
}

/** A form was checked before. */
function mayExchange({ req }: Context<ServiceEnv>): boolean {
  const isOwnStep = ['same-origin', 'none'].includes(req.header('Sec-Fetch-Site') ?? '')
  return req.method === 'POST' || (isOwnStep && req.header('Sec-Purpose') === undefined)
}
