// What the page of the account shows: a login, or the account with its forms.

import { html } from 'hono/html'
import type { Deps } from '../domain/deps.ts'
import { accountPagesOf } from '../mail/account-pages.ts'
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

/** What a page is made of. */
interface Shown {
  readonly deps: Pick<Deps, 'settings'>
  readonly texts: PageTexts
  readonly view: AccountView
}

/** A browser without a good session. */
export function loginPage(shown: Shown): Page {
  const { texts, view } = shown
  const fields = [emailField(view, texts, 'login-'), passwordField(view, texts, 'login-')]
  return accountPage(shown, texts.login.heading, [
    form(view, 'login', texts.login.finish, fields),
    flowLink(shown, 'reset', texts.account.forgot),
    flowLink(shown, 'code', texts.account.byCode),
  ])
}

/**
 * A button to go on: an access token is exchanged only if somebody wants it, or a form does not
 * count.
 */
export function waitingPage(shown: Shown): Page {
  const { heading, goOn } = shown.texts.account
  return accountPage(shown, heading, [form(shown.view, 'refresh', goOn)])
}

/** The account, with its forms. */
export function ownPage(shown: Shown, opened: OpenAccount): Page {
  const { texts, deps, view } = shown
  const { account, sessions } = opened
  const own = texts.account
  const isProved = account.emailVerifiedAt !== null
  return accountPage(shown, own.heading, [
    html`<p><b>${account.email}</b><br>${isProved ? texts.verify.doneHeading : own.unproved}</p>
`,
    ...(isProved ? [] : [form(view, 'requestVerification', own.sendLink)]),
    form(view, 'logout', own.logOut),
    html`<h2>${own.changePassword}</h2>
${provingForm(shown, opened, 'changePassword', own.changePassword, [
  newPasswordField(view, texts, deps.settings.passwordPolicy, 'changePassword-'),
])}<h2>${own.changeEmail}</h2>
${emailForm(shown, opened)}<h2>${own.sessions}</h2>
${form(
  view,
  'logoutEverywhere others',
  own.logOutOthers,
  [sessionTable(own, sessions)],
  html`<button name="do" value="logoutEverywhere">${own.logOutEverywhere}</button>
`,
)}`,
    form(view, 'exportAccount', own.download),
    html`<h2>${own.remove}</h2>
<p>${own.removal(deps.settings.accountDeletionDays)}</p>
${provingForm(shown, opened, 'deleteAccount', own.remove, [
  field(view, 'sure', own.sure, {
    prefix: 'deleteAccount-',
    attributes: html` type="checkbox"`,
  }),
])}`,
  ])
}

/** The link of the mail to a new email asks for the password, so the account must have one. */
function emailForm(shown: Shown, opened: OpenAccount): Html {
  const { view, texts } = shown
  const { changeEmail, newEmail } = texts.account
  return opened.account.hasPassword
    ? provingForm(shown, opened, 'changeEmail', changeEmail, [
        emailField(view, { email: newEmail }, 'changeEmail-'),
      ])
    : flowLink(shown, 'reset', texts.reset.heading)
}

/** A form that needs the password. Without one, only a fresh login is a proof. */
function provingForm(
  shown: Shown,
  { account, isFresh }: OpenAccount,
  action: string,
  button: string,
  fields: readonly Html[],
): Html {
  const { view, texts } = shown
  const { currentPassword, logInAgain } = texts.account
  if (!account.hasPassword && !isFresh) return flowLink(shown, 'code', logInAgain)
  const proof = passwordField(view, { password: currentPassword }, `${action}-`)
  return form(view, action, button, account.hasPassword ? [proof, ...fields] : fields)
}

/** Where else to go: a page of a flow. */
function flowLink({ deps }: Shown, flow: 'reset' | 'code', words: string): Html {
  return html`<p><a href="${accountPagesOf(deps.settings)}/${flow}">${words}</a></p>
`
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

function accountPage({ texts, view }: Shown, heading: string, parts: readonly Html[]): Page {
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
