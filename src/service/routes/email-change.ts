// Another email for an account: the request, the confirmation, and the undo.

import * as v from 'valibot'
import { succeed } from '../../errors/reasons.ts'
import { confirmNewEmail } from '../domain/accounts/confirm-email.ts'
import { takeEmailBack } from '../domain/accounts/undo-email-change.ts'
import type { Deps } from '../domain/deps.ts'
import { requestNewEmail } from '../domain/sessions/request-new-email.ts'
import { bodyOf } from '../http/body-schema.ts'
import { loginClientOf } from '../http/login-client.ts'
import { languageOf, noticeReaderOf, sendAfterAnswer } from '../http/queued-mail.ts'
import { respond } from '../http/respond.ts'
import { defineRoute } from '../http/route.ts'
import {
  presentedDeviceTokens,
  presentedRefreshToken,
  refreshBody,
  respondWithTokens,
} from '../http/token-transport.ts'
import { allowedEmail } from './new-email.ts'
import { hasOneCode, samePerson, sentCode } from './sent-code.ts'

const confirmation = v.pipe(bodyOf({ ...sentCode, ...samePerson }), hasOneCode())
const undo = bodyOf({ token: v.string('Give the token of the link as a string.') })

const changeEmailRoute = defineRoute({
  name: 'changeEmail',
  method: 'POST',
  path: '/change-email',
  credential: 'access_token',
  body: emailChange,
  limits: 'mail',
  refusals: ['login_not_fresh', 'refresh_token_invalid', 'mail_off', 'mail_refused'],
  audit: ['success'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, body, entry }) {
    const refreshToken = await presentedRefreshToken(c, deps, body.refresh_token)
    const asked = { newEmail: body.new_email, refreshToken, language: languageOf(c), entry }
    const handle = await requestNewEmail(deps, token, asked)
    if (!handle.ok) return handle
    sendAfterAnswer(c, deps)
    return succeed(respond(c, { message: 'Check the new email.', handle: handle.value }))
  },
})

const confirmEmailRoute = defineRoute({
  name: 'confirmEmail',
  method: 'POST',
  path: '/confirm-email',
  credential: 'none',
  body: () => confirmation,
  limits: 'code',
  refusals: ['code_wrong', 'password_needed', 'password_wrong', 'login_queue_full', 'email_taken'],
  audit: ['attempted', 'success'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, body, isGone, entry }) {
    const { password, device_token, ...sent } = body
    const client = loginClientOf(c, deps, presentedDeviceTokens(c, deps, device_token))
    const asked = { sent, password, client, ...noticeReaderOf(c), entry }
    const deviceToken = await confirmNewEmail(deps, asked, isGone)
    if (!deviceToken.ok) return deviceToken
    sendAfterAnswer(c, deps)
    const tokens = { deviceToken: deviceToken.value }
    return succeed(respondWithTokens(c, deps, 'Email changed.', tokens))
  },
})

const undoEmailChangeRoute = defineRoute({
  name: 'undoEmailChange',
  method: 'POST',
  path: '/undo-email-change',
  credential: 'none',
  body: () => undo,
  limits: 'code',
  refusals: ['code_wrong', 'email_taken'],
  audit: ['attempted', 'success', 'deletion_cancelled'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, body, entry }) {
    const handle = await takeEmailBack(deps, { ...body, ...noticeReaderOf(c), entry })
    if (!handle.ok) return handle
    sendAfterAnswer(c, deps)
    const message = 'The old email is back. Check it for a code, and set a new password.'
    return succeed(respond(c, { message, handle: handle.value }))
  },
})

/** The routes of another email. */
export const emailRoutes = [changeEmailRoute, confirmEmailRoute, undoEmailChangeRoute] as const

function emailChange({ settings }: Pick<Deps, 'settings'>) {
  return bodyOf({
    new_email: allowedEmail(settings, v.string('Give the new_email as a string.')),
    refresh_token: v.optional(refreshBody.entries.refresh_token),
  })
}
