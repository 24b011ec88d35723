// Codes by mail: a new password for who has forgotten it, and a login without one.

import type { Context } from 'hono'
import * as v from 'valibot'
import {
  type InvalidInput,
  type Reason,
  type Result,
  refuse,
  succeed,
} from '../../errors/reasons.ts'
import { requestVerification } from '../domain/accounts/request-verification.ts'
import { resetForgottenPassword } from '../domain/accounts/reset-password.ts'
import { verifyEmail } from '../domain/accounts/verify-email.ts'
import type { AuditEntry } from '../domain/audit-entry.ts'
import { type AskedCode, requestMailedCode } from '../domain/codes/request-code.ts'
import type { Deps } from '../domain/deps.ts'
import type { RefusedPassword } from '../domain/identity/hash-new-password.ts'
import { passwordSentence } from '../domain/identity/password-policy.ts'
import { acceptInvitation } from '../domain/sessions/accept-invitation.ts'
import { loginByCode } from '../domain/sessions/login-by-code.ts'
import { bodyOf } from '../http/body-schema.ts'
import { loginClientOf } from '../http/login-client.ts'
import { languageOf, noticeReaderOf, sendAfterAnswer } from '../http/queued-mail.ts'
import { respond } from '../http/respond.ts'
import { defineRoute } from '../http/route.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import { keptMembers, presentedDeviceTokens, respondWithTokens } from '../http/token-transport.ts'
import { allowedPassword } from './new-password.ts'
import { hasOneCode, samePerson, sentCode } from './sent-code.ts'

/** A request that names an email. */
interface CodeRequest {
  readonly c: Context<ServiceEnv>
  readonly body: { readonly email: string }
  readonly entry: AuditEntry
}

const emailBody = bodyOf({ email: v.string('Give the email as a string.') })
/** The same for every email (ASVS 6.3.8). */
const onItsWay = 'If this email has an account, a code is on its way.'

const codeLogin = v.pipe(
  bodyOf({ ...sentCode, device_token: samePerson.device_token }),
  hasOneCode(),
)
const emailProof = v.pipe(
  bodyOf({
    ...sentCode,
    ...samePerson,
    remove_password: v.optional(v.boolean('Give remove_password as true or false.'), false),
  }),
  hasOneCode(),
)

const forgotPasswordRoute = defineRoute({
  name: 'forgotPassword',
  method: 'POST',
  path: '/forgot-password',
  credential: 'none',
  body: () => emailBody,
  limits: 'mail',
  refusals: ['mail_off'],
  audit: ['success'],
  asksDatabase: true,
  success: 200,
  handle: (deps, request) => mailCode(deps, request, 'reset_password'),
})

const emailCodeRoute = defineRoute({
  name: 'emailCode',
  method: 'POST',
  path: '/email-code',
  credential: 'none',
  body: () => emailBody,
  limits: 'mail',
  refusals: ['mail_off'],
  audit: ['success'],
  asksDatabase: true,
  success: 200,
  handle: (deps, request) => mailCode(deps, request, 'sign_in'),
})

const resetPasswordRoute = defineRoute({
  name: 'resetPassword',
  method: 'POST',
  path: '/reset-password',
  credential: 'none',
  body: passwordReset,
  limits: 'code',
  refusals: ['code_wrong', 'login_queue_full'],
  audit: ['attempted', 'success', 'deletion_cancelled'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, body, isGone, entry }) {
    const { new_password: newPassword, ...sent } = body
    const asked = { sent, newPassword, ...noticeReaderOf(c), entry }
    const reset = await resetForgottenPassword(deps, asked, isGone)
    if (!reset.ok) return refusePassword(deps, reset.error, 'new_password')
    sendAfterAnswer(c, deps)
    const { deviceToken } = reset.value
    const message = 'Password changed. Please log in.'
    const members = keptMembers(reset.value)
    return succeed(respondWithTokens(c, deps, message, { deviceToken }, 200, members))
  },
})

const loginByCodeRoute = defineRoute({
  name: 'loginByCode',
  method: 'POST',
  path: '/login-by-code',
  credential: 'none',
  body: () => codeLogin,
  limits: 'code',
  refusals: ['code_wrong', 'account_changing'],
  audit: ['attempted', 'success', 'deletion_cancelled'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, body, entry }) {
    const client = loginClientOf(c, deps, presentedDeviceTokens(c, deps, body.device_token))
    const reader = { ...client, language: languageOf(c) }
    const issued = await loginByCode(deps, body, reader, entry)
    if (!issued.ok) return issued
    if (issued.value.isOwnerTold) sendAfterAnswer(c, deps)
    const { isPasswordRemoved, ...tokens } = issued.value
    const members = { password_removed: isPasswordRemoved, ...keptMembers(tokens) }
    return succeed(respondWithTokens(c, deps, 'Successfully logged in.', tokens, 200, members))
  },
})

const requestVerificationRoute = defineRoute({
  name: 'requestVerification',
  method: 'POST',
  path: '/email-verification',
  credential: 'access_token',
  limits: 'mail',
  refusals: ['mail_off', 'mail_refused'],
  audit: ['success'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, entry }) {
    const handle = await requestVerification(deps, token, languageOf(c), entry)
    if (!handle.ok) return handle
    if (handle.value === undefined) return succeed(respond(c, { message: 'Email is verified.' }))
    sendAfterAnswer(c, deps)
    return succeed(respond(c, { message: 'Check your email.', handle: handle.value }))
  },
})

const verifyEmailRoute = defineRoute({
  name: 'verifyEmail',
  method: 'POST',
  path: '/verify-email',
  credential: 'none',
  body: () => emailProof,
  limits: 'code',
  refusals: ['code_wrong', 'password_needed', 'password_wrong', 'login_queue_full'],
  audit: ['attempted', 'success'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, body, isGone, entry }) {
    const { password, remove_password: removesPassword, device_token, ...sent } = body
    const client = loginClientOf(c, deps, presentedDeviceTokens(c, deps, device_token))
    const asked = { sent, password, removesPassword, client, entry }
    const isPasswordRemoved = await verifyEmail(deps, asked, isGone)
    if (!isPasswordRemoved.ok) return isPasswordRemoved
    const members = { password_removed: isPasswordRemoved.value }
    return succeed(respond(c, { message: 'Email is verified.', ...members }))
  },
})

const acceptInvitationRoute = defineRoute({
  name: 'acceptInvitation',
  method: 'POST',
  path: '/accept-invitation',
  credential: 'none',
  body: acceptance,
  limits: 'code',
  refusals: ['code_wrong', 'login_queue_full', 'account_changing'],
  audit: ['attempted', 'success'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, body, isGone, entry }) {
    const { findPlace } = loginClientOf(c, deps)
    const tokens = await acceptInvitation(deps, { ...body, entry }, findPlace, isGone)
    if (!tokens.ok) return refusePassword(deps, tokens.error, 'password')
    return succeed(respondWithTokens(c, deps, 'Invitation accepted.', tokens.value))
  },
})

/** The routes of codes. */
export const codeRoutes = [
  forgotPasswordRoute,
  resetPasswordRoute,
  emailCodeRoute,
  loginByCodeRoute,
  requestVerificationRoute,
  verifyEmailRoute,
  acceptInvitationRoute,
] as const

/** Answers the same for every email, and sends the mail after the answer. */
async function mailCode(
  deps: Deps,
  { c, body, entry }: CodeRequest,
  purpose: AskedCode['purpose'],
): Promise<Result<Response, 'mail_off'>> {
  const asked = { purpose, email: body.email, language: languageOf(c) }
  const handle = await requestMailedCode(deps, asked, entry)
  if (!handle.ok) return handle
  sendAfterAnswer(c, deps)
  return succeed(respond(c, { message: onItsWay, handle: handle.value }))
}

function passwordReset({ settings }: Pick<Deps, 'settings'>) {
  const new_password = allowedPassword(settings, v.string('Give the new_password as a string.'))
  return v.pipe(bodyOf({ ...sentCode, new_password }), hasOneCode())
}

function acceptance({ settings }: Pick<Deps, 'settings'>) {
  return bodyOf({
    token: v.string('Give the token of the link as a string.'),
    password: allowedPassword(settings, v.string('Give the password as a string.')),
  })
}

/** What the policy has against a password, as the problem of its field. */
function refusePassword<E extends Reason>(
  { settings }: Pick<Deps, 'settings'>,
  error: E | RefusedPassword,
  field: string,
): Result<never, E | InvalidInput> {
  if (typeof error !== 'object') return refuse(error)
  const message = passwordSentence(error.passwordFault, settings.passwordPolicy)
  return refuse({ reason: 'invalid_input', errors: [{ field, message }] })
}
