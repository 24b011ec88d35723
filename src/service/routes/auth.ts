// Accounts: the endpoints of flask-jwt-auth. The contract fixes sentences and statuses. Those of
// refusals are in errors/catalogue.ts.

import * as v from 'valibot'
import { succeed } from '../../errors/reasons.ts'
import { register } from '../domain/accounts/register.ts'
import { isByMail, registerByMail } from '../domain/accounts/register-by-mail.ts'
import { findAccountOfToken } from '../domain/accounts/status.ts'
import type { Deps } from '../domain/deps.ts'
import { bodyOf } from '../http/body-schema.ts'
import { logInClient } from '../http/log-in-out.ts'
import { loginClientOf } from '../http/login-client.ts'
import { languageOf, sendAfterAnswer } from '../http/queued-mail.ts'
import { respond } from '../http/respond.ts'
import { defineRoute } from '../http/route.ts'
import { keptMembers, respondWithTokens } from '../http/token-transport.ts'
import { accountMembers } from './account-members.ts'
import { allowedEmail } from './new-email.ts'
import { parsedPassword, passwordAllowedBy } from './new-password.ts'

const credentials = bodyOf({
  email: v.string('Give the email as a string.'),
  password: v.string('Give the password as a string.'),
})

const loginBody = bodyOf({
  ...credentials.entries,
  device_token: v.optional(v.string('Give the device_token as a string, or leave it out.')),
})

const registerRoute = defineRoute({
  name: 'register',
  method: 'POST',
  path: '/register',
  credential: 'none',
  body: registration,
  limits: 'register',
  refusals: ['email_taken', 'registration_closed'],
  audit: ['success', 'email_taken', 'internal'],
  asksDatabase: true,
  success: 201,
  async handle(deps, { c, body, isGone, entry }) {
    if (isByMail(deps)) {
      const handle = await registerByMail(deps, { ...body, language: languageOf(c) }, isGone, entry)
      if (!handle.ok) return handle
      sendAfterAnswer(c, deps)
      return succeed(respond(c, { message: 'Check your email.', handle: handle.value }, 202))
    }
    const { findPlace } = loginClientOf(c, deps)
    const issued = await register(deps, body, findPlace, isGone, entry)
    if (!issued.ok) return issued
    return succeed(respondWithTokens(c, deps, 'Successfully registered.', issued.value, 201))
  },
})

const loginRoute = defineRoute({
  name: 'login',
  method: 'POST',
  path: '/login',
  credential: 'none',
  body: () => loginBody,
  limits: 'login',
  refusals: ['invalid_credentials', 'email_unverified', 'account_changing'],
  audit: [
    ...(['attempted', 'success', 'email_unverified', 'too_many_attempts'] as const),
    'deletion_cancelled',
  ],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, body, isGone, entry }) {
    const issued = await logInClient(c, deps, body, isGone, entry)
    if (!issued.ok) return issued
    const { isEmailRefused, isOwnerTold, ...tokens } = issued.value
    const told = { ...(isEmailRefused && { email_undeliverable: true }), ...keptMembers(tokens) }
    return succeed(respondWithTokens(c, deps, 'Successfully logged in.', tokens, 200, told))
  },
})

const statusRoute = defineRoute({
  name: 'status',
  method: 'GET',
  path: '/status',
  credential: 'access_token',
  limits: 'none',
  refusals: [],
  audit: [],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token }) {
    const found = await findAccountOfToken(deps, token)
    if (!found.ok) return found
    return succeed(respond(c, { data: accountMembers(found.value) }))
  },
})

/** flask-jwt-auth has this route under two paths. */
const userRoute = defineRoute({ ...statusRoute, name: 'user', path: '/user' })

/** The routes of accounts. */
export const authRoutes = [registerRoute, loginRoute, statusRoute, userRoute] as const

function registration({ settings }: Pick<Deps, 'settings'>) {
  const { email, password } = credentials.entries
  const fields = bodyOf({
    email: allowedEmail(settings, email),
    password: parsedPassword(password),
  })
  return v.pipe(fields, passwordAllowedBy(settings))
}
