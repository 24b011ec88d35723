// What the forms of the account do. They call the same functions of the domain as the JSON routes,
// and record the same events.

import type { Context } from 'hono'
import { type Reason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import { requestVerification } from '../domain/accounts/request-verification.ts'
import type { AuditEntry } from '../domain/audit-entry.ts'
import type { Deps } from '../domain/deps.ts'
import { comparedEmail, parseEmail } from '../domain/identity/email.ts'
import { parsePassword } from '../domain/identity/identity.ts'
import { changePassword } from '../domain/sessions/change-password.ts'
import { deleteOwnAccount } from '../domain/sessions/delete-account.ts'
import { endSession } from '../domain/sessions/end-session.ts'
import { logoutEverywhere } from '../domain/sessions/logout-everywhere.ts'
import { reauthenticate } from '../domain/sessions/reauthenticate.ts'
import { requestNewEmail } from '../domain/sessions/request-new-email.ts'
import { logInClient, logOutClient } from '../http/log-in-out.ts'
import { entryOf } from '../http/login-client.ts'
import { languageOf, noticeReaderOf, sendAfterAnswer } from '../http/queued-mail.ts'
import { limitByAddress } from '../http/request-limits.ts'
import type { RequestRefusal } from '../http/respond.ts'
import type { LimitClass } from '../http/route-refusals.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import {
  deleteCodeCookies,
  expireTokenCookies,
  presentedAccessToken,
  setLoginCookies,
} from '../http/token-transport.ts'
import type { OpenAccount } from './account-session.ts'
import { newPasswordProblem } from './new-password.ts'
import { textsFor } from './page.ts'
import type { Done } from './texts/text.ts'

/** What was sent. */
export interface Sent {
  readonly c: Context<ServiceEnv>
  readonly deps: Deps
  readonly fields: URLSearchParams
  /** What the button says after its action: a session, or which ones. */
  readonly detail: string
  readonly entry: AuditEntry
  readonly isGone: () => boolean
}

/** What was sent by who is logged in. */
interface OwnSent extends Sent {
  readonly account: OpenAccount
}

/** What is wrong, by the name of the field. */
export type Problems = Readonly<Record<string, string>>

/** What the page says then, or what it leads to, or why a form is not completed. */
export type ActionOutcome = Result<
  Done | 'export' | undefined,
  Reason | (RequestRefusal & { readonly problems?: Problems })
>

/** Either for anybody, or for the account that is logged in. */
type Action = { readonly limits: LimitClass } & (
  | { readonly open: (sent: Sent) => Promise<ActionOutcome> }
  | { readonly open?: undefined; readonly own: (sent: OwnSent) => Promise<ActionOutcome> }
)

/** By the name of the JSON route, which is also the event of the audit. */
export const actions: Readonly<Record<string, Action>> = {
  login: { limits: 'login', open: logIn },
  logout: { limits: 'none', open: logOut },
  /** The account is open by now: the button of a page that could not exchange the token. */
  refresh: { limits: 'none', own: async () => succeed(undefined) },
  requestVerification: { limits: 'mail', own: mailLink },
  changePassword: { limits: 'password', own: setPassword },
  changeEmail: { limits: 'mail', own: setEmail },
  endSession: { limits: 'none', own: end },
  logoutEverywhere: { limits: 'none', own: endAll },
  exportAccount: { limits: 'none', own: async () => succeed('export') },
  deleteAccount: { limits: 'none', own: remove },
}

async function logIn({ c, deps, fields, isGone, entry }: Sent): Promise<ActionOutcome> {
  const typed = { email: fields.get('email') ?? '', password: fields.get('password') ?? '' }
  // Nothing is no guess.
  if (typed.password === '') return refuse('password_needed')
  const issued = await logInClient(c, deps, typed, isGone, entry)
  if (!issued.ok) return issued
  setLoginCookies(c, deps, issued.value)
  deleteCodeCookies(c)
  const { isDeletionCancelled, isEmailRefused } = issued.value
  return succeed(isDeletionCancelled ? 'kept' : isEmailRefused ? 'refused' : undefined)
}

async function logOut({ c, deps, entry }: Sent): Promise<ActionOutcome> {
  const ended = await logOutClient(c, deps, presentedAccessToken(c, deps), entry)
  return !ended.ok && ended.error === 'key_set_unavailable' ? ended : succeed('logout')
}

async function mailLink({ c, deps, account, entry }: OwnSent): Promise<ActionOutcome> {
  const asked = await requestVerification(deps, account.accessToken, languageOf(c), entry)
  if (!asked.ok) return asked
  // Another tab may have proved the email meanwhile.
  return asked.value === undefined ? succeed(undefined) : mailed(c, deps, 'mail')
}

/** A session that is over already, such as by another tab, is no failure. */
async function end({ c, deps, account, detail, entry }: OwnSent): Promise<ActionOutcome> {
  const ended = await endSession(deps, account.accessToken, detail, entry)
  if (!ended.ok) return ended.error === 'session_unknown' ? succeed(undefined) : ended
  if (ended.value.isOwn) expireTokenCookies(c, deps)
  return succeed('ended')
}

async function endAll({ c, deps, account, detail, entry }: OwnSent): Promise<ActionOutcome> {
  const { accessToken, refreshToken } = account
  const keepCurrent = detail === 'others'
  const ended = await logoutEverywhere(deps, accessToken, { keepCurrent, refreshToken, entry })
  if (!ended.ok) return ended
  const { isEnded, tokens, failure } = ended.value
  if (failure !== undefined) c.set('failure', failure)
  if (tokens) setLoginCookies(c, deps, tokens)
  if (isEnded) expireTokenCookies(c, deps)
  return succeed(isEnded ? 'logout' : 'others')
}

async function setPassword(sent: OwnSent): Promise<ActionOutcome> {
  const { c, deps, account, fields, entry, isGone } = sent
  const texts = textsFor(c)
  const typed = fields.get('new_password') ?? ''
  const email = comparedEmail(account.account.email)
  const problems = newPasswordProblem({ deps, texts }, typed, email)
  if (problems) return refuseFields(problems)
  const newPassword = parsePassword(typed) ?? ''
  const given = givenPassword(sent)
  if (!given.ok) return given
  const password = given.value
  if (password !== undefined && parsePassword(password) === newPassword) {
    return refuseFields({ new_password: texts.passwordMissing })
  }
  const asked = {
    ...account,
    newPassword,
    password,
    keepsSessions: false,
    ...noticeReaderOf(c),
    entry,
  }
  const changed = await changePassword(deps, account.accessToken, asked, isGone)
  if (changed.ok) {
    setLoginCookies(c, deps, changed.value)
    return mailed(c, deps, 'password')
  }
  const { error } = changed
  // What is wrong with the field itself is known by now, but for a breach.
  const isBreached =
    typeof error === 'object' && 'errors' in error && error.errors[0]?.field === 'new_password'
  return isBreached ? refuseFields({ new_password: texts.passwordFaults.breached }) : changed
}

async function setEmail(sent: OwnSent): Promise<ActionOutcome> {
  const { c, deps, account, fields, entry } = sent
  const newEmail = parseEmail((fields.get('email') ?? '').trim(), deps.settings.emailDomains)
  if (!newEmail) return refuseFields({ email: textsFor(c).emailMissing })
  const token = await proveLogin(sent)
  if (!token.ok) return token
  const asked = { newEmail, ...account, language: languageOf(c), entry }
  const handle = await requestNewEmail(deps, token.value, asked)
  return handle.ok ? mailed(c, deps, 'newEmail') : handle
}

async function remove(sent: OwnSent): Promise<ActionOutcome> {
  const { c, deps, account, fields, entry } = sent
  if (!fields.has('sure')) return refuseFields({ sure: textsFor(c).account.notSure })
  const token = await proveLogin(sent)
  if (!token.ok) return token
  const asked = { ...account, ...noticeReaderOf(c), entry }
  const dueAt = await deleteOwnAccount(deps, token.value, asked)
  if (!dueAt.ok) return dueAt
  expireTokenCookies(c, deps)
  return mailed(c, deps, dueAt.value === undefined ? 'deleted' : 'gone')
}

/**
 * The password of the form. Undefined if the account has none: only a fresh login is a proof then.
 */
function givenPassword({ account, fields }: OwnSent): Result<string | undefined, Reason> {
  const password = account.account.hasPassword ? fields.get('password') : undefined
  return password === null || password === '' ? refuse('password_needed') : succeed(password)
}

/** An access token of a fresh login, for what asks for no password itself. */
async function proveLogin(sent: OwnSent): Promise<Result<string, Reason | RequestRefusal>> {
  const { c, deps, account, isGone } = sent
  const { accessToken } = account
  const given = givenPassword(sent)
  if (!given.ok) return given
  const password = given.value
  if (password === undefined) return succeed(accessToken)
  const allowed = await limitByAddress(c, deps, 'password')
  if (!allowed.ok) return allowed
  const entry = entryOf(c, deps, 'reauthenticate')
  const issued = await reauthenticate(deps, accessToken, { password }, isGone, entry)
  if (!issued.ok) return issued
  setLoginCookies(c, deps, issued.value)
  return succeed(issued.value.accessToken)
}

function mailed(c: Context<ServiceEnv>, deps: Deps, done: Done): ActionOutcome {
  sendAfterAnswer(c, deps)
  return succeed(done)
}

function refuseFields(problems: Problems): ActionOutcome {
  return refuse({ reason: 'invalid_input', problems })
}
