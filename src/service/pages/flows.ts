// The flows of the pages. They call the same functions of the domain as the JSON routes, and record
// the same events.

import type { Context } from 'hono'
import { html } from 'hono/html'
import { succeed } from '../../errors/reasons.ts'
import { confirmNewEmail } from '../domain/accounts/confirm-email.ts'
import { resetForgottenPassword } from '../domain/accounts/reset-password.ts'
import { takeEmailBack } from '../domain/accounts/undo-email-change.ts'
import { verifyEmail } from '../domain/accounts/verify-email.ts'
import type { Deps } from '../domain/deps.ts'
import { acceptInvitation } from '../domain/sessions/accept-invitation.ts'
import { loginByCode } from '../domain/sessions/login-by-code.ts'
import { logoutByRefreshToken } from '../domain/sessions/logout.ts'
import { entryOf, loginClientOf } from '../http/login-client.ts'
import { languageOf, noticeReaderOf, sendAfterAnswer } from '../http/queued-mail.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import { presentedDeviceTokens, setLoginCookies } from '../http/token-transport.ts'
import { accountPath, hasAccountPage } from './account-page.ts'
import { setCodeCookie } from './code-cookie.ts'
import { type CodeFlow, pathOfFlow } from './code-flow.ts'
import { type Html, textsFor } from './page.ts'

/** A new password for who has forgotten it. */
export const resetFlow: CodeFlow = {
  path: '/reset',
  purpose: 'reset_password',
  askEvent: 'forgotPassword',
  password: 'new_password',
  textsOf: (texts) => texts.reset,
  async finish(c, deps, { sent, newPassword, isGone }) {
    const entry = entryOf(c, deps, 'resetPassword')
    const asked = { sent, newPassword, ...noticeReaderOf(c), entry }
    const reset = await resetForgottenPassword(deps, asked, isGone)
    if (!reset.ok) return reset
    sendAfterAnswer(c, deps)
    setLoginCookies(c, deps, { deviceToken: reset.value.deviceToken })
    const texts = textsFor(c)
    const next = hasAccountPage(deps) ? accountLink(deps, texts.login.heading) : ''
    return succeed(html`<p>${texts.loggedOutEverywhere}</p>\n${kept(c, reset.value)}${next}`)
  },
}

/** A login without a password. Only where tokens travel in cookies. */
export const loginFlow: CodeFlow = {
  path: '/code',
  purpose: 'sign_in',
  askEvent: 'emailCode',
  textsOf: (texts) => texts.login,
  async finish(c, deps, { sent }) {
    const client = loginClientOf(c, deps, presentedDeviceTokens(c, deps, undefined))
    const reader = { ...client, language: languageOf(c) }
    const issued = await loginByCode(deps, sent, reader, entryOf(c, deps, 'loginByCode'))
    if (!issued.ok) return issued
    if (issued.value.isOwnerTold) sendAfterAnswer(c, deps)
    setLoginCookies(c, deps, issued.value)
    const next = accountLink(deps, textsFor(c).account.heading)
    return succeed(
      html`${issued.value.isPasswordRemoved ? passwordRemoved(c, deps) : ''}${kept(c, issued.value)}${next}`,
    )
  },
}

/**
 * The proof of an email. A link alone does not show who has registered, so the page asks for the
 * password. A device cookie would not show it either: see `isDeviceOf`.
 */
export const verifyFlow: CodeFlow = {
  path: '/verify',
  purpose: 'verify_email',
  password: 'password',
  textsOf: (texts) => texts.verify,
  afterButton: (texts) => html`<p>${texts.notMineIntro}</p>
<button class="b" name="remove_password" value="true">${texts.notMine}</button>
`,
  async finish(c, deps, { sent, fields, isGone }) {
    const removesPassword = fields.has('remove_password')
    const password = removesPassword ? undefined : fields.get('password') || undefined
    const client = loginClientOf(c, deps)
    const entry = entryOf(c, deps, 'verifyEmail')
    const proved = await verifyEmail(
      deps,
      { sent, password, removesPassword, client, entry },
      isGone,
    )
    if (!proved.ok) return proved
    return succeed(proved.value ? passwordRemoved(c, deps) : [])
  },
}

/** Another email for an account, proved by who reads its mails and has the password. */
export const emailFlow: CodeFlow = {
  path: '/email',
  purpose: 'change_email',
  password: 'password',
  textsOf: (texts) => texts.newEmail,
  async finish(c, deps, { sent, fields, isGone }) {
    const entry = entryOf(c, deps, 'confirmEmail')
    const proof = { password: fields.get('password') || undefined, client: loginClientOf(c, deps) }
    const asked = { sent, ...proof, ...noticeReaderOf(c), entry }
    const deviceToken = await confirmNewEmail(deps, asked, isGone)
    if (!deviceToken.ok) return deviceToken
    sendAfterAnswer(c, deps)
    setLoginCookies(c, deps, { deviceToken: deviceToken.value })
    return succeed([])
  },
}

/** The undo of another email. Its code for a new password is good at the page for that. */
export const undoFlow: CodeFlow = {
  path: '/email-undo',
  purpose: 'undo_email_change',
  textsOf: (texts) => texts.undo,
  async finish(c, deps, { sent }) {
    const entry = entryOf(c, deps, 'undoEmailChange')
    const asked = { token: sent.token ?? '', ...noticeReaderOf(c), entry }
    const handle = await takeEmailBack(deps, asked)
    if (!handle.ok) return handle
    sendAfterAnswer(c, deps)
    setCodeCookie(c, resetFlow, handle.value)
    return succeed(html`<p>${textsFor(c).codeForPassword}</p>
${resetLink(c, deps)}`)
  },
}

/** The first password of who is invited. With cookies, they are logged in then. */
export const invitationFlow: CodeFlow = {
  path: '/invitation',
  purpose: 'invitation',
  password: 'new_password',
  textsOf: (texts) => texts.invitation,
  withoutLink: (texts) => html`<p><a href="reset">${texts.reset.heading}</a></p>
`,
  async finish(c, deps, { sent, newPassword, isGone }) {
    const { findPlace } = loginClientOf(c, deps)
    const entry = entryOf(c, deps, 'acceptInvitation')
    const asked = { token: sent.token ?? '', password: newPassword, entry }
    const issued = await acceptInvitation(deps, asked, findPlace, isGone)
    if (!issued.ok) return issued
    const texts = textsFor(c)
    setLoginCookies(c, deps, issued.value)
    if (hasAccountPage(deps)) {
      return succeed(html`<p>${texts.login.doneHeading}</p>
${accountLink(deps, texts.account.heading)}`)
    }
    // A page cannot give tokens to an application. So nobody would ever use the session.
    await logoutByRefreshToken(deps, issued.value.refreshToken, entryOf(c, deps, 'logout'))
    return succeed(html`<p>${texts.logInNow}</p>
`)
  },
}

/** Tells that the password from before is gone, and where to set another one. */
function passwordRemoved(c: Context<ServiceEnv>, deps: Pick<Deps, 'settings'>): Html {
  return html`<p>${textsFor(c).passwordRemoved}</p>
${resetLink(c, deps)}`
}

/** Tells that the account is not deleted, because its owner is back. */
function kept(c: Context<ServiceEnv>, done: { readonly isDeletionCancelled: boolean }): Html | '' {
  return done.isDeletionCancelled
    ? html`<p>${textsFor(c).account.done.kept}</p>
`
    : ''
}

function accountLink(deps: Pick<Deps, 'settings'>, words: string): Html {
  return html`<p><a href="${accountPath(deps)}">${words}</a></p>
`
}

function resetLink(c: Context<ServiceEnv>, deps: Pick<Deps, 'settings'>): Html {
  return html`<p><a href="${pathOfFlow(deps, resetFlow)}">${textsFor(c).reset.heading}</a></p>
`
}
