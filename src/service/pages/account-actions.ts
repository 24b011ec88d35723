// What the forms of the account do. They call the same functions of the domain as the JSON routes,
// and record the same events.

import type { Context } from 'hono'
import { type Reason, type Result, succeed } from '../../errors/reasons.ts'
import { requestVerification } from '../domain/accounts/request-verification.ts'
import type { Deps } from '../domain/deps.ts'
import { endSession } from '../domain/sessions/end-session.ts'
import { logoutEverywhere } from '../domain/sessions/logout-everywhere.ts'
import { logInClient, logOutClient } from '../http/log-in-out.ts'
import { entryOf } from '../http/login-client.ts'
import { languageOf, sendAfterAnswer } from '../http/queued-mail.ts'
import type { RequestRefusal } from '../http/respond.ts'
import type { LimitClass } from '../http/route-refusals.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import {
  expireTokenCookies,
  presentedAccessToken,
  setLoginCookies,
} from '../http/token-transport.ts'
import type { OpenAccount } from './account-session.ts'
import type { Done } from './texts/text.ts'

/** What was sent. */
export interface Sent {
  readonly c: Context<ServiceEnv>
  readonly deps: Deps
  readonly fields: URLSearchParams
  readonly isGone: () => boolean
}

/** What was sent by who is logged in. */
interface OwnSent extends Sent {
  readonly account: OpenAccount
}

/** What is wrong, by the name of the field. */
export type Problems = Readonly<Record<string, string>>

/** What the page says then, or why a form is not completed. */
export type ActionOutcome = Result<
  Done | undefined,
  Reason | (RequestRefusal & { readonly problems?: Problems })
>

/** Either for anybody, or for the account that is logged in. */
type Action = { readonly limits: LimitClass } & (
  | { readonly open: (sent: Sent) => Promise<ActionOutcome> }
  | { readonly open?: undefined; readonly own: (sent: OwnSent) => Promise<ActionOutcome> }
)

const actions: Readonly<Record<string, Action>> = {
  login: { limits: 'login', open: logIn },
  logout: { limits: 'none', open: logOut },
  /** The account is open by now: the button of a page that could not exchange the token. */
  open: { limits: 'none', own: async () => succeed(undefined) },
  verify: { limits: 'mail', own: verify },
  end: { limits: 'none', own: end },
  others: { limits: 'none', own: (sent) => endAll(sent, true) },
  everywhere: { limits: 'none', own: (sent) => endAll(sent, false) },
}

/** The action that the button of a form names. That of a session has its id after the action. */
export function findAction(fields: URLSearchParams): (Action & { name: string }) | undefined {
  const [name = ''] = (fields.get('do') ?? '').split(' ')
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  return action && { ...action, name }
}

async function logIn({ c, deps, fields, isGone }: Sent): Promise<ActionOutcome> {
  const typed = { email: fields.get('email') ?? '', password: fields.get('password') ?? '' }
  const issued = await logInClient(c, deps, typed, isGone, entryOf(c, deps, 'login'))
  if (!issued.ok) return issued
  setLoginCookies(c, deps, issued.value)
  return succeed(issued.value.isDeletionCancelled ? 'kept' : undefined)
}

async function logOut({ c, deps }: Sent): Promise<ActionOutcome> {
  const entry = entryOf(c, deps, 'logout')
  const ended = await logOutClient(c, deps, presentedAccessToken(c, deps), entry)
  return !ended.ok && ended.error === 'key_set_unavailable' ? ended : succeed('logout')
}

async function verify({ c, deps, account }: OwnSent): Promise<ActionOutcome> {
  const entry = entryOf(c, deps, 'requestVerification')
  const asked = await requestVerification(deps, account.accessToken, languageOf(c), entry)
  if (!asked.ok) return asked
  sendAfterAnswer(c, deps)
  return succeed(asked.value === undefined ? undefined : 'mail')
}

/** A session that is over already, such as by another tab, is no failure. */
async function end({ c, deps, account, fields }: OwnSent): Promise<ActionOutcome> {
  const [, id = ''] = (fields.get('do') ?? '').split(' ')
  const ended = await endSession(deps, account.accessToken, id, entryOf(c, deps, 'endSession'))
  if (!ended.ok) return ended.error === 'session_unknown' ? succeed(undefined) : ended
  if (!ended.value.isOwn) return succeed('ended')
  expireTokenCookies(c, deps)
  return succeed('logout')
}

async function endAll(
  { c, deps, account: { accessToken, refreshToken } }: OwnSent,
  keepCurrent: boolean,
): Promise<ActionOutcome> {
  const entry = entryOf(c, deps, 'logoutEverywhere')
  const ended = await logoutEverywhere(deps, accessToken, { keepCurrent, refreshToken, entry })
  if (!ended.ok) return ended
  const { isEnded, tokens, failure } = ended.value
  if (failure !== undefined) c.set('failure', failure)
  if (tokens) setLoginCookies(c, deps, tokens)
  if (isEnded) expireTokenCookies(c, deps)
  return succeed(isEnded ? 'logout' : 'others')
}
