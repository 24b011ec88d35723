// The seed's endpoints. Sentences and statuses are fixed by the contract; refusals have theirs in
// errors/catalogue.ts.

import { type Context, Hono } from 'hono'
import * as v from 'valibot'
import type { Deps, Env } from '../deps.ts'
import { isLongEnough, parseEmail, parsePassword } from '../domain/accounts/identity.ts'
import { login } from '../domain/accounts/login.ts'
import { register } from '../domain/accounts/register.ts'
import { findAccountOfToken } from '../domain/accounts/status.ts'
import { logout } from '../domain/revocation/logout.ts'
import { readJsonBody } from '../http/json-body.ts'
import { respond, respondRefused } from '../http/respond.ts'
import { parseBearer } from '../middleware/bearer.ts'

/** `/auth/*` */
export function authRoutes(deps: Deps): Hono<Env> {
  return new Hono<Env>()
    .post('/register', registerHandler(deps))
    .post('/login', loginHandler(deps))
    .get('/status', statusHandler(deps))
    .get('/user', statusHandler(deps))
    .post('/logout', logoutHandler(deps))
}

function registerHandler(deps: Deps) {
  const schema = registration(deps.passwordMinLength)
  return async (c: Context<Env>) => {
    const body = await readJsonBody(c, schema)
    if (!body.ok) return respondRefused(c, deps, body.reason.reason, { errors: body.reason.errors })
    const token = await register(deps, body.value)
    if (!token.ok) return respondRefused(c, deps, token.reason)
    return respond(c, { message: 'Successfully registered.', auth_token: token.value }, 201)
  }
}

function loginHandler(deps: Deps) {
  return async (c: Context<Env>) => {
    const body = await readJsonBody(c, credentials)
    if (!body.ok) return respondRefused(c, deps, body.reason.reason, { errors: body.reason.errors })
    const token = await login(deps, body.value)
    if (!token.ok) return respondRefused(c, deps, token.reason)
    return respond(c, { message: 'Successfully logged in.', auth_token: token.value })
  }
}

function statusHandler(deps: Deps) {
  return async (c: Context<Env>) => {
    const token = parseBearer(c.req.header('Authorization'))
    if (!token.ok) return respondRefused(c, deps, token.reason)
    const account = await findAccountOfToken(deps, token.value)
    if (!account.ok) return respondRefused(c, deps, account.reason)
    const { userId, email, admin, registeredAt } = account.value
    const registeredOn = new Date(registeredAt * 1000).toISOString()
    return respond(c, { data: { user_id: userId, email, admin, registered_on: registeredOn } })
  }
}

function logoutHandler(deps: Deps) {
  return async (c: Context<Env>) => {
    const token = parseBearer(c.req.header('Authorization'))
    if (!token.ok) {
      const missing = token.reason === 'token_missing'
      return respondRefused(c, deps, missing ? 'logout_token_missing' : token.reason)
    }
    const outcome = await logout(deps, token.value)
    if (!outcome.ok) return respondRefused(c, deps, outcome.reason)
    return respond(c, { message: 'Successfully logged out.' })
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
