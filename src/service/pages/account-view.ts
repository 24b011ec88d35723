// What the page of the account shows: a login, or the account with its forms.

import { html } from 'hono/html'
import type { Deps } from '../domain/deps.ts'
import type { OpenAccount } from './account-session.ts'
import {
  emailField,
  type FormProblems,
  passwordField,
  problemSummary,
  tokenField,
} from './form-fields.ts'
import type { Html, Page } from './page.ts'
import type { Done, PageTexts } from './texts/text.ts'

/** The page as it is shown. */
export interface AccountView extends FormProblems {
  readonly path: string
  /** The token of its forms. */
  readonly token: string
  /** What was typed as an email. */
  readonly email: string
  readonly done?: Done | undefined
}

/** A browser without a good session. */
export function loginPage(texts: PageTexts, view: AccountView): Page {
  const { forgot, byCode } = texts.account
  const fields = [emailField(view, texts, 'login-'), passwordField(view, texts, 'login-')]
  return accountPage(texts, view, texts.login.heading, [
    form(view, 'login', texts.login.finish, fields),
    html`<p><a href="${view.path}/reset">${forgot}</a></p>
<p><a href="${view.path}/code">${byCode}</a></p>
`,
  ])
}

/** A session whose access token cannot be exchanged before somebody wants it. */
export function waitingPage(texts: PageTexts, view: AccountView): Page {
  return accountPage(texts, view, texts.account.heading, [form(view, 'open', texts.account.goOn)])
}

/** What was sent does not count, and nobody knows yet whose it is. */
export function failedPage(texts: PageTexts, view: AccountView): Page {
  return accountPage(texts, view, texts.failedHeading, [
    html`<p><a href="${view.path}">${texts.account.heading}</a></p>
`,
  ])
}

/** The account, with its forms. */
export function ownPage(
  { texts }: { readonly texts: PageTexts; readonly deps: Pick<Deps, 'settings'> },
  view: AccountView,
  { account, sessions }: OpenAccount,
): Page {
  const own = texts.account
  const isProved = account.emailVerifiedAt !== null
  return accountPage(texts, view, own.heading, [
    html`<p><b>${account.email}</b><br>${isProved ? texts.verify.doneHeading : own.unproved}</p>
`,
    ...(isProved ? [] : [form(view, 'verify', own.sendLink)]),
    form(view, 'logout', own.logOut),
    html`<h2>${own.sessions}</h2>
${form(
  view,
  'others',
  own.logOutOthers,
  [sessionTable(own, sessions)],
  html`<button class="b" name="do" value="everywhere">${own.logOutEverywhere}</button>
`,
)}`,
  ])
}

function sessionTable(own: PageTexts['account'], sessions: OpenAccount['sessions']): Html {
  const rows = sessions.map(({ sessionId, isCurrent, device, address, createdAt, rotatedAt }) => {
    const name = device ?? own.unknown
    const more = isCurrent
      ? html`<b>${own.current}</b>`
      : html`<button class="b" name="do" value="end ${sessionId}" aria-label="${own.logOut}: ${name}">${own.logOut}</button>`
    return html`<tr><td>${name} ${address}<br>${more}<td>${timeOf(createdAt)}<td>${timeOf(rotatedAt)}
`
  })
  return html`<table><tr><th>${own.device}<th>${own.begun}<th>${own.used}
${rows}</table>
`
}

function timeOf(at: number): string {
  return new Date(at * 1_000).toISOString().slice(0, 16).replace('T', ' ')
}

function accountPage(
  texts: PageTexts,
  view: AccountView,
  heading: string,
  parts: readonly Html[],
): Page {
  const problem = problemSummary(texts, view)
  const done =
    view.done &&
    html`<p role="status">${texts.account.done[view.done]}</p>
`
  const body = html`${problem}${done}${parts}`
  return { heading, titlePrefix: problem && texts.problem, body }
}

function form(
  { path, token }: AccountView,
  action: string,
  button: string,
  fields: readonly Html[] = [],
  more: Html | '' = '',
): Html {
  return html`<form method="post" action="${path}" novalidate>
${tokenField(token)}${fields}<button name="do" value="${action}">${button}</button>
${more}</form>
`
}
