// Accounts: the seed's endpoints. Sentences and statuses are fixed by the contract; refusals have
// theirs in errors/catalogue.ts.

import { type Context, Hono } from 'hono'
import * as v from 'valibot'
import { register } from '../domain/accounts/register.ts'
import { findAccountOfToken } from '../domain/accounts/status.ts'
import type { Deps } from '../domain/deps.ts'
import { isLongEnough, parseEmail, parsePassword } from '../domain/identity/identity.ts'
import { login } from '../domain/sessions/login.ts'
import { hangUpOf } from '../http/hang-up.ts'
import { readJsonBody } from '../http/json-body.ts'
import { loginPlaceOf } from '../http/login-place.ts'
import { respond, respondInputRefused, respondRefused } from '../http/respond.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import { presentedAccessToken, respondWithTokens } from '../http/token-transport.ts'
import { formatInstant } from './instant.ts'

/** `/auth/*`: who somebody is. */
export function authRoutes(deps: Deps): Hono<ServiceEnv> {
  return new Hono<ServiceEnv>()
    .post('/register', registerHandler(deps))
    .post('/login', loginHandler(deps))
    .get('/status', statusHandler(deps))
    .get('/user', statusHandler(deps))
}

function registerHandler(deps: Deps) {
  const schema = registration(deps.passwordMinLength)
  return async (c: Context<ServiceEnv>) => {
    const isGone = hangUpOf(c)
    const body = await readJsonBody(c, schema)
    if (!body.ok) return respondInputRefused(c, deps, body.error)
    const tokens = await register(deps, body.value, () => loginPlaceOf(c, deps), isGone)
    if (!tokens.ok) return respondRefused(c, deps, tokens.error)
    return respondWithTokens(c, deps, 'Successfully registered.', tokens.value, 201)
  }
}

function loginHandler(deps: Deps) {
  return async (c: Context<ServiceEnv>) => {
    const isGone = hangUpOf(c)
    const body = await readJsonBody(c, credentials)
    if (!body.ok) return respondInputRefused(c, deps, body.error)
    const tokens = await login(deps, body.value, () => loginPlaceOf(c, deps), isGone)
    if (!tokens.ok) return respondRefused(c, deps, tokens.error)
    return respondWithTokens(c, deps, 'Successfully logged in.', tokens.value)
  }
}

function statusHandler(deps: Deps) {
  return async (c: Context<ServiceEnv>) => {
    const token = presentedAccessToken(c, deps)
    if (!token.ok) return respondRefused(c, deps, token.error)
    const account = await findAccountOfToken(deps, token.value)
    if (!account.ok) return respondRefused(c, deps, account.error)
    const { userId, email, roles, registeredAt } = account.value
    const data = {
      user_id: userId,
      email,
      admin: roles.includes('admin'),
      roles,
      registered_on: formatInstant(registeredAt),
    }
    return respond(c, { data })
  }
}

const credentials = v.object({
  email: v.string('Give the email as a string.'),
  password: v.string('Give the password as a string.'),
})

const emailRule =
  'Give an email of at most 254 bytes: one @ with something on both sides, no spaces or control characters.'
const passwordRule = 'Give a password of 1 to 1,024 bytes of Unicode text.'

function registration(passwordMinLength: number) {
  const { email, password } = credentials.entries
  return v.object({
    email: v.pipe(email, parsedBy(parseEmail, emailRule)),
    password: v.pipe(
      password,
      parsedBy(parsePassword, passwordRule),
      v.check(
        (parsed) => isLongEnough(parsed, passwordMinLength),
        `Give a password of at least ${passwordMinLength} characters.`,
      ),
    ),
  })
}

/** Text in the form that the domain uses, or the rule that it breaks. */
function parsedBy<T>(parse: (typed: string) => T | undefined, rule: string) {
  return v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
    const parsed = parse(dataset.value)
    if (parsed !== undefined) return parsed
    addIssue({ message: rule })
    return NEVER
  })
}
