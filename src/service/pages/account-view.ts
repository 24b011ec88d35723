// What the page of the account shows: a login, or the account with its forms.

import { html } from 'hono/html'
import type { Deps } from '../domain/deps.ts'
import type { OpenAccount } from './account-session.ts'
import {
  emailField,
  type FormProblems,
  field,
  formOf,
  newPasswordField,
  passwordField,
  problemSummary,
} from './form-fields.ts'
import type { Html, Page } from './page.ts'
import type { Done, PageTexts } from './texts/text.ts'

/** The page as it is shown. */
export interface AccountView extends FormProblems {
  /** The path of the page, where its forms are sent. */
  readonly action: string
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
    html`<p><a href="${view.action}/reset">${forgot}</a></p>
<p><a href="${view.action}/code">${byCode}</a></p>
`,
  ])
}

/**
 * A button to go on: an access token is exchanged only if somebody wants it, or a form does not
 * count.
 */
export function waitingPage(texts: PageTexts, view: AccountView): Page {
  return accountPage(texts, view, texts.account.heading, [
    form(view, 'refresh', texts.account.goOn),
  ])
}

/** The account, with its forms. */
export function ownPage(
  { texts, deps }: { readonly texts: PageTexts; readonly deps: Pick<Deps, 'settings'> },
  view: AccountView,
  { account, sessions, isFresh }: OpenAccount,
): Page {
  const { passwordPolicy, accountDeletionDays } = deps.settings
  const own = texts.account
  // Without a password, only a fresh login is a proof.
  const section = (name: string, title: string, fields: readonly Html[]) => html`<h2>${title}</h2>
${
  account.hasPassword
    ? form(view, name, title, [
        ...fields,
        passwordField(view, { password: own.currentPassword }, `${name}-`),
      ])
    : isFresh
      ? form(view, name, title, fields)
      : html`<p><a href="${view.action}/code">${own.logInAgain}</a></p>
`
}`
  const isProved = account.emailVerifiedAt !== null
  return accountPage(texts, view, own.heading, [
    html`<p><b>${account.email}</b><br>${isProved ? texts.verify.doneHeading : own.unproved}</p>
`,
    ...(isProved ? [] : [form(view, 'requestVerification', own.sendLink)]),
    form(view, 'logout', own.logOut),
    section('changePassword', own.changePassword, [
      newPasswordField(view, texts, passwordPolicy, 'changePassword-'),
    ]),
    section('changeEmail', own.changeEmail, [
      emailField(view, { email: own.newEmail }, 'changeEmail-'),
    ]),
    html`<h2>${own.sessions}</h2>
${form(
  view,
  'logoutEverywhere others',
  own.logOutOthers,
  [sessionTable(own, sessions)],
  html`<button name="do" value="logoutEverywhere">${own.logOutEverywhere}</button>
`,
)}`,
    form(view, 'exportAccount', own.download),
    section('deleteAccount', own.remove, [
      html`<p>${own.removal(accountDeletionDays)}</p>
`,
      field(view, 'sure', own.sure, {
        prefix: 'deleteAccount-',
        attributes: html` type="checkbox"`,
      }),
    ]),
  ])
}

function sessionTable(own: PageTexts['account'], sessions: OpenAccount['sessions']): Html {
  const rows = sessions.map(({ sessionId, isCurrent, device, address, createdAt, rotatedAt }) => {
    const name = device ?? '–'
    const more = isCurrent
      ? html`<b>${own.current}</b>`
      : html`<button class="b" name="do" value="endSession ${sessionId}" aria-label="${own.logOut}: ${name}">${own.logOut}</button>`
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

/** A form with one button that names its action, and another one if there is `more`. */
function form(
  view: AccountView,
  action: string,
  button: string,
  fields: readonly Html[] = [],
  more: Html | '' = '',
): Html {
  return formOf(
    view,
    html`${fields}<button${fields.length > 0 ? '' : html` class="b"`} name="do" value="${action}">${button}</button>
${more}`,
  )
}
