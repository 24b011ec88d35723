// The flows of the pages. They call the same functions of the domain as the JSON routes, and record
// the same events.

import type { Context } from 'hono'
import { html } from 'hono/html'
import { succeed } from '../../errors/reasons.ts'
import { issuerPath } from '../../token/issuer.ts'
import { resetForgottenPassword } from '../domain/accounts/reset-password.ts'
import { verifyEmail } from '../domain/accounts/verify-email.ts'
import type { Deps } from '../domain/deps.ts'
import { loginByCode } from '../domain/sessions/login-by-code.ts'
import { describeDevice } from '../http/describe-device.ts'
import { entryOf, loginClientOf } from '../http/login-client.ts'
import { languageOf, sendAfterAnswer } from '../http/queued-mail.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import { presentedDeviceTokens, setLoginCookies } from '../http/token-transport.ts'
import { accountPagesPath } from '../mail/account-pages.ts'
import type { CodeFlow } from './code-flow.ts'
import { type Html, textsFor } from './page.ts'

/** A new password for who has forgotten it. */
export const resetFlow: CodeFlow = {
  path: '/reset',
  purpose: 'reset_password',
  askEvent: 'forgotPassword',
  password: 'new_password',
  textsOf: (texts) => texts.reset,
  async finish(c, deps, { sent, newPassword, isGone }) {
    const device = describeDevice(c.req.header('User-Agent'))
    const entry = entryOf(c, deps, 'resetPassword')
    const asked = { sent, newPassword, device, language: languageOf(c), entry }
    const reset = await resetForgottenPassword(deps, asked, isGone)
    if (!reset.ok) return reset
    sendAfterAnswer(c, deps)
    setLoginCookies(c, deps, { deviceToken: reset.value.deviceToken })
    return succeed(html`<p>${textsFor(c).loggedOutEverywhere}</p>\n`)
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
    const issued = await loginByCode(deps, sent, client, entryOf(c, deps, 'loginByCode'))
    if (!issued.ok) return issued
    setLoginCookies(c, deps, issued.value)
    return succeed(issued.value.isPasswordRemoved ? passwordRemoved(c, deps) : [])
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

/** Tells that the password from before is gone, and where to set another one. */
function passwordRemoved(c: Context<ServiceEnv>, { settings }: Pick<Deps, 'settings'>): Html {
  const texts = textsFor(c)
  const reset = `${issuerPath(settings.issuer)}${accountPagesPath}${resetFlow.path}`
  return html`<p>${texts.passwordRemoved}</p>
<p><a href="${reset}">${texts.reset.heading}</a></p>
`
}
