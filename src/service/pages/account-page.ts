// The page of the account. GET shows it. POST does what one of its forms asks for, and answers with
// a redirect, so that loading the page again sends nothing again. A refusal shows the page again.

import type { Context } from 'hono'
import { refusalFor } from '../../errors/catalogue.ts'
import { claimedSessionId } from '../../token/claimed-session.ts'
import { issuerPath } from '../../token/issuer.ts'
import type { Deps } from '../domain/deps.ts'
import { hangUpOf } from '../http/hang-up.ts'
import { entryOf } from '../http/login-client.ts'
import { type RequestRefusal, respondRefused } from '../http/respond.ts'
import type { RefusalPage, ServiceEnv } from '../http/service-env.ts'
import { presentedAccessToken } from '../http/token-transport.ts'
import { ownPagePath } from '../mail/account-pages.ts'
import { type ActionOutcome, actions, type Problems, type Sent } from './account-actions.ts'
import { type OpenAccount, openAccount } from './account-session.ts'
import { type AccountView, loginPage, ownPage, waitingPage } from './account-view.ts'
import { formTokensOf } from './form-token.ts'
import { respondPage, textsFor } from './page.ts'
import { checkForm, noticeOf, readForm } from './sent-form.ts'
import type { Done, PageTexts } from './texts/text.ts'

/** The page that a browser has, or gets. */
interface OpenPage {
  readonly c: Context<ServiceEnv>
  readonly deps: Deps
  readonly texts: PageTexts
  /** As it is shown if nothing is wrong. */
  readonly view: AccountView
  isGenuine(token: string): Promise<boolean>
}

/** A form that was sent. */
interface SentForm {
  readonly page: OpenPage
  readonly sent: Sent
  /** The action, which begins the ids of its fields. */
  readonly name: string
  /** Whose account it is, once that is known. */
  readonly account?: OpenAccount
}

/** Whether there is a page of the account. */
export function hasAccountPage({ mailer, settings }: Pick<Deps, 'mailer' | 'settings'>): boolean {
  return mailer !== undefined && settings.tokenTransport === 'cookie'
}

/** The path of the page. The cookies of the service go there, as to the JSON routes. */
export function accountPath({ settings }: Pick<Deps, 'settings'>): string {
  return `${issuerPath(settings.issuer)}${ownPagePath}`
}

/** Answers GET. */
export async function showAccount(c: Context<ServiceEnv>, deps: Deps): Promise<Response> {
  const opened = await openPage(c, deps)
  const page = { ...opened, view: { ...opened.view, done: doneOf(opened) } }
  const account = await openAccount(c, deps)
  return account.ok
    ? respondPage(c, deps, ownPage(page, account.value))
    : respondUnopened(page, account.error)
}

/** Answers POST. */
export async function takeAccount(c: Context<ServiceEnv>, deps: Deps): Promise<Response> {
  // Before the first await: see `hangUpOf`.
  const isGone = hangUpOf(c)
  const fields = await readForm(c)
  if (!fields) return respondRefused(c, deps, 'unsupported_media_type')
  const [name = '', detail = ''] = (fields.get('do') ?? '').split(' ')
  const action = Object.hasOwn(actions, name) && actions[name]
  if (!action) return respondRefused(c, deps, 'not_found')
  const page = await openPage(c, deps)
  const sent = { c, deps, fields, detail, isGone, entry: entryOf(c, deps, name) }
  const form = { page, sent, name }
  c.set('refusalForm', refusalPage(form))
  const isGenuine = () => page.isGenuine(fields.get('form') ?? '')
  const ours = await checkForm(c, deps, action.limits, isGenuine)
  if (!ours.ok) return respondRefused(c, deps, ours.error)
  if (action.open) return finish(form, await action.open(sent))
  const account = await openAccount(c, deps)
  if (!account.ok) return respondUnopened(page, account.error)
  const own = { ...form, account: account.value }
  c.set('refusalForm', refusalPage(own))
  return finish(own, await action.own({ ...sent, account: account.value }))
}

/** What the redirect after a form says. A link of another site must not say it. */
function doneOf({ c, texts }: OpenPage): Done | undefined {
  const asked = c.req.query('done') ?? ''
  const isOurs = (c.req.header('Sec-Fetch-Site') ?? 'same-origin') === 'same-origin'
  return isOurs && Object.hasOwn(texts.account.done, asked) ? (asked as Done) : undefined
}

/** What there is instead of the account: a login, a button to go on, or what failed. */
function respondUnopened(page: OpenPage, refused: RequestRefusal): Response {
  const { c, deps } = page
  if (refused.reason === 'refresh_superseded') return respondPage(c, deps, waitingPage(page))
  const isOver = refusalFor(refused.reason, deps.settings.contract).status === 401
  return isOver ? respondPage(c, deps, loginPage(page)) : respondRefused(c, deps, refused)
}

/** Redirects, or shows the page again with what is wrong. */
function finish(form: SentForm, outcome: ActionOutcome): Response {
  const { c, deps, view } = form.page
  if (outcome.ok) {
    const { value } = outcome
    if (value === 'export')
      return c.redirect(`${issuerPath(deps.settings.issuer)}/auth/export`, 303)
    return c.redirect(value ? `${view.action}?done=${value}` : view.action, 303)
  }
  const { error } = outcome
  const { problems, ...refused } = typeof error === 'string' ? { reason: error } : error
  // Another tab has ended the session, or has exchanged its tokens.
  if (refused.reason === 'token_revoked') return c.redirect(view.action, 303)
  c.set('refusalForm', refusalPage(form, problems))
  return respondRefused(c, deps, refused)
}

/** The page with what is wrong. Also for what fails on our side, such as the database. */
function refusalPage({ page, sent, name, account }: SentForm, fields?: Problems): RefusalPage {
  const { deps, texts } = page
  return (c, refusal) => {
    const reason = c.get('reason')
    const isPassword = reason === 'password_needed' || reason === 'password_wrong'
    const wrong = isPassword ? { password: texts.passwordRefusals[reason] } : fields
    const notice = texts.account.refusals[reason] ?? noticeOf(texts, refusal)
    const problems = Object.entries(wrong ?? {}).map(([field, said]) => [`${name}-${field}`, said])
    const view = {
      ...page.view,
      email: sent.fields.get('email') ?? '',
      ...(wrong ? { problems: Object.fromEntries(problems) } : { notice }),
    }
    const shown = { ...page, view }
    const unopened = name === 'login' ? loginPage(shown) : waitingPage(shown)
    return respondPage(c, deps, account ? ownPage(shown, account) : unopened, refusal.status)
  }
}

async function openPage(c: Context<ServiceEnv>, deps: Deps): Promise<OpenPage> {
  const tokens = formTokensOf(c, deps)
  const presented = presentedAccessToken(c, deps)
  // What was shown to one session is no form of another one, such as that of the next person.
  const about = `account ${(presented.ok && claimedSessionId(presented.value)) || ''}`
  const action = accountPath(deps)
  return {
    ...{ c, deps, texts: textsFor(c) },
    view: { action, token: await tokens.tokenFor(about), email: '', problems: {} },
    isGenuine: (token) => tokens.isGenuine(token, about),
  }
}
