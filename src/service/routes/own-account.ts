// What the owner of an account does with it as a whole: deletes it.

import * as v from 'valibot'
import { succeed } from '../../errors/reasons.ts'
import { deleteOwnAccount } from '../domain/sessions/delete-account.ts'
import { bodyOf } from '../http/body-schema.ts'
import { describeDevice } from '../http/describe-device.ts'
import { languageOf, sendAfterAnswer } from '../http/queued-mail.ts'
import { respond } from '../http/respond.ts'
import { defineRoute } from '../http/route.ts'
import { expireTokenCookies, findRefreshCookie, refreshBody } from '../http/token-transport.ts'
import { formatInstant } from './instant.ts'

const proof = bodyOf({ refresh_token: v.optional(refreshBody.entries.refresh_token) })

const deleteRoute = defineRoute({
  name: 'deleteAccount',
  method: 'POST',
  path: '/delete-account',
  credential: 'access_token',
  body: () => proof,
  isBodyOptional: true,
  limits: 'none',
  refusals: ['login_not_fresh', 'refresh_token_invalid'],
  audit: ['success'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, body, entry }) {
    const isInCookie = deps.settings.tokenTransport === 'cookie'
    const dueAt = await deleteOwnAccount(deps, token, {
      refreshToken: isInCookie ? await findRefreshCookie(c, deps) : body.refresh_token,
      language: languageOf(c),
      device: describeDevice(c.req.header('User-Agent')),
      entry,
    })
    if (!dueAt.ok) return dueAt
    expireTokenCookies(c, deps)
    if (dueAt.value === undefined) return succeed(respond(c, { message: 'Account deleted.' }))
    sendAfterAnswer(c, deps)
    const deletes_on = formatInstant(dueAt.value)
    return succeed(respond(c, { message: 'Your account will be deleted.', deletes_on }))
  },
})

/** The routes of the account as a whole. */
export const ownAccountRoutes = [deleteRoute] as const
