// The flows of the pages. They call the same functions of the domain as the JSON routes, and record
// the same events.

import { html } from 'hono/html'
import { succeed } from '../../errors/reasons.ts'
import { issuerPath } from '../../token/issuer.ts'
import { resetForgottenPassword } from '../domain/accounts/reset-password.ts'
import { loginByCode } from '../domain/sessions/login-by-code.ts'
import { describeDevice } from '../http/describe-device.ts'
import { entryOf, loginClientOf } from '../http/login-client.ts'
import { languageOf, sendAfterAnswer } from '../http/queued-mail.ts'
import { presentedDeviceTokens, setLoginCookies } from '../http/token-transport.ts'
import { accountPagesPath } from '../mail/account-pages.ts'
import type { CodeFlow } from './code-flow.ts'
import { textsFor } from './page.ts'

/** A new password for who has forgotten it. */
export const resetFlow: CodeFlow = {
  path: '/reset',
  purpose: 'reset_password',
  askEvent: 'forgotPassword',
  asksPassword: true,
  textsOf: (texts) => texts.reset,
  async finish(c, deps, { sent, newPassword, isGone }) {
    const device = describeDevice(c.req.header('User-Agent'))
    const entry = entryOf(c, deps, 'resetPassword')
    const asked = { sent, newPassword, device, language: languageOf(c), entry }
    const deviceToken = await resetForgottenPassword(deps, asked, isGone)
    if (!deviceToken.ok) return deviceToken
    sendAfterAnswer(c, deps)
    setLoginCookies(c, deps, { deviceToken: deviceToken.value })
    return succeed(html`<p>${textsFor(c).loggedOutEverywhere}</p>\n`)
  },
}

/** A login without a password. Only where tokens travel in cookies. */
export const loginFlow: CodeFlow = {
  path: '/code',
  purpose: 'sign_in',
  askEvent: 'emailCode',
  asksPassword: false,
  textsOf: (texts) => texts.login,
  async finish(c, deps, { sent }) {
    const client = loginClientOf(c, deps, presentedDeviceTokens(c, deps, undefined))
    const issued = await loginByCode(deps, sent, client, entryOf(c, deps, 'loginByCode'))
    if (!issued.ok) return issued
    setLoginCookies(c, deps, issued.value)
    if (!issued.value.isPasswordRemoved) return succeed([])
    const texts = textsFor(c)
    const reset = `${issuerPath(deps.settings.issuer)}${accountPagesPath}${resetFlow.path}`
    return succeed(html`<p>${texts.passwordRemoved}</p>
<p><a href="${reset}">${texts.reset.heading}</a></p>
`)
  },
}
