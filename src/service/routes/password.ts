// The change of a password.

import * as v from 'valibot'
import { succeed } from '../../errors/reasons.ts'
import type { Deps } from '../domain/deps.ts'
import { parsePassword } from '../domain/identity/identity.ts'
import { changePassword } from '../domain/sessions/change-password.ts'
import { bodyOf } from '../http/body-schema.ts'
import { noticeReaderOf, sendAfterAnswer } from '../http/queued-mail.ts'
import { defineRoute } from '../http/route.ts'
import { presentedRefreshToken, refreshBody, respondWithTokens } from '../http/token-transport.ts'
import { allowedPassword } from './new-password.ts'

const changePasswordRoute = defineRoute({
  name: 'changePassword',
  method: 'POST',
  path: '/change-password',
  credential: 'access_token',
  body: passwordChange,
  limits: 'password',
  refusals: ['password_wrong', 'login_not_fresh', 'refresh_token_invalid', 'account_changing'],
  audit: ['attempted', 'success', 'too_many_attempts'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, body, isGone, entry }) {
    const asked = {
      newPassword: body.new_password,
      password: body.password,
      refreshToken: await presentedRefreshToken(c, deps, body.refresh_token),
      keepsSessions: body.keep_sessions,
      ...noticeReaderOf(c),
      entry,
    }
    const changed = await changePassword(deps, token, asked, isGone)
    if (!changed.ok) return changed
    sendAfterAnswer(c, deps)
    return succeed(respondWithTokens(c, deps, 'Password changed.', changed.value))
  },
})

/** The routes of passwords. */
export const passwordRoutes = [changePasswordRoute] as const

/** The old password is compared only with the new one here, so this tells nothing about it. */
function passwordChange({ settings }: Pick<Deps, 'settings'>) {
  const fields = bodyOf({
    new_password: allowedPassword(settings, v.string('Give the new_password as a string.')),
    password: v.optional(v.string('Give the password as a string, or leave it out.')),
    refresh_token: v.optional(refreshBody.entries.refresh_token),
    keep_sessions: v.optional(v.boolean('Give keep_sessions as true or false.'), false),
  })
  return v.pipe(
    fields,
    v.forward(
      v.partialCheck(
        [['password'], ['new_password']],
        ({ password, new_password }) =>
          password === undefined || parsePassword(password) !== new_password,
        'Give a new password that is not the old one.',
      ),
      ['new_password'],
    ),
  )
}
