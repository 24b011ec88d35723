// A valid request of every route, and changes that make it refused for a given reason. A new route
// gets the provocations of its inputs. A route with a body needs a valid one in `goodBody`.

import { SignJWT } from 'jose'
import type { Reason } from '../../src/errors/reasons.ts'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import type { Config } from '../../src/service/config/config.ts'
import { pathUnder } from '../../src/service/http/mount-routes.ts'
import type { Route, RouteFamily } from '../../src/service/http/route.ts'
import { routeFamilies } from '../../src/service/routes/routes.ts'
import type { Database } from '../../src/service/store/database.ts'
import { segmentOf } from '../../src/token/feed-format.ts'
import { inviteByMail } from './invite.ts'
import { createMailbox, createMailingService, type MailingService, mailSettings } from './mail.ts'
import { codeIn, linkTokenIn } from './mailed-code.ts'
import {
  brokenKey,
  changeAccount,
  claimsDuringChange,
  createTestService,
  database,
  freshEmail,
  insertRevocations,
  logout,
  passTime,
  post,
  postWith,
  pretend,
  refreshWith,
  registerAccount,
  secretKey,
  type TestService,
  tokensOf,
} from './service.ts'

/** A route, and its path. */
export interface MountedRoute {
  readonly family: RouteFamily
  readonly route: Route
  /** `POST /auth/login`, as the OpenAPI document names it. */
  readonly operation: string
}

/** A request in parts, so that a provocation can change one of them. */
export interface RequestParts {
  readonly service: TestService
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | ReadableStream
}

/** Every route. */
export const mountedRoutes: readonly MountedRoute[] = (
  routeFamilies as readonly RouteFamily[]
).flatMap((family) =>
  family.routes.map((route) => ({
    family,
    route,
    operation: `${route.method} ${family.path}${route.path}`.replaceAll(/:(\w+)/g, '{$1}'),
  })),
)

const client = { id: 'api', secret: 'a-secret-of-the-client-0123456789abcdef' }
const json = { 'Content-Type': 'application/json' }
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
const settings = { ...mailSettings, OAUTH_CLIENTS: `${client.id}:${client.secret}` }
/** Reads the mails of all accounts. */
// All services share the mailbox: each sends what is due, also what another one has queued.
const mailbox = createMailbox()
// A fresh one each time: its clock stands still, and must not be behind new tokens.
const createMailing = () =>
  createMailingService({ ACCOUNT_PAGES_URL: 'https://app.example.com' }, {}, mailbox)

/** The mail to an address that had none before. */
async function mailTo(email: string) {
  const { sendMail } = await createMailing()
  for (let tries = 0; tries < 100 && mailbox.to(email).length === 0; tries += 1) {
    await sendMail({})
    await systemRuntime.delay(20)
  }
  return mailbox.to(email).at(-1)
}
const password = 'a good password'

/** The account and the tokens of a request. */
interface Caller {
  readonly refreshToken?: string
}

const handle = 'h'.repeat(16)
const forgedToken = `${handle}.${'A'.repeat(43)}`

/** A body that the route accepts. */
export function goodBody({ name }: Route, { refreshToken }: Caller): object {
  const bodies: Readonly<Record<string, object>> = {
    register: { email: freshEmail(), password },
    refresh: { refresh_token: refreshToken },
    reauthenticate: { password },
    changePassword: {
      new_password: 'another good password',
      password,
      refresh_token: refreshToken,
    },
    deleteAccount: { refresh_token: refreshToken },
    setLanguage: { language: 'de' },
    logoutEverywhere: { keep_current: true, refresh_token: refreshToken },
    forgotPassword: { email: freshEmail() },
    emailCode: { email: freshEmail() },
    resetPassword: { handle, code: 'AAAA-AAAA', new_password: 'another good password' },
    loginByCode: { handle, code: 'AAAA-AAAA' },
    verifyEmail: { handle, code: 'AAAA-AAAA', password },
    changeEmail: { new_email: freshEmail(), refresh_token: refreshToken },
    confirmEmail: { handle, code: 'AAAA-AAAA' },
    undoEmailChange: { token: `${handle}.${'A'.repeat(43)}` },
    acceptInvitation: { token: forgedToken, password },
    checkRevocations: { ids: ['i'.repeat(16)] },
  }
  return bodies[name] ?? {}
}

/** A valid request of the route. */
export async function goodRequest(
  { family, route }: MountedRoute,
  service: TestService,
): Promise<RequestParts> {
  const account = await registerAccount(service.app)
  const parameter = await parameterOf(route, service, account)
  const path = pathUnder('', family, route).replace(/:\w+/, parameter)
  const parts = { service, path, method: route.method, headers: {} }
  if (route.credential.startsWith('oauth_client')) {
    const headers = { ...form, Authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` }
    return { ...parts, headers, body: `token=${account.token}` }
  }
  const takesToken = route.credential === 'access_token' || route.credential === 'session_tokens'
  const bearing = takesToken ? { Authorization: `Bearer ${account.token}` } : {}
  if (route.method !== 'POST') return { ...parts, headers: bearing }
  const body = await bodyFor(route, account)
  return { ...parts, headers: { ...json, ...bearing }, body: JSON.stringify(body) }
}

type NewAccount = Awaited<ReturnType<typeof registerAccount>>

/** A code that proves the email, and the password, because no session shows that it is the same person. */
async function verificationFor({ app }: MailingService, account: NewAccount) {
  const { email, token, password } = account
  await postWith(app, '/auth/email-verification', token, {})
  return { token: linkTokenIn(await mailTo(email)), password }
}

/** A code for another email, or the link that takes a change back. */
async function emailChangeFor(
  { app }: MailingService,
  { email, token, refreshToken }: NewAccount,
  { name }: Route,
) {
  const newEmail = freshEmail()
  const body = { new_email: newEmail, refresh_token: refreshToken }
  const asked = await postWith(app, '/auth/change-email', token, body)
  const mail = await mailTo(newEmail)
  if (name === 'confirmEmail') return { token: linkTokenIn(mail), password }
  await changeAccount(email, 'email_verified_at = unixepoch()')
  await post(app, '/auth/confirm-email', { handle: asked.body.handle, code: codeIn(mail) })
  return { token: linkTokenIn(await mailTo(email)) }
}

/** A code of the account for this route, with its handle. */
async function codeFor(route: Route, account: NewAccount): Promise<object> {
  const { name } = route
  const service = await createMailing()
  const { email } = account
  if (name === 'verifyEmail') return verificationFor(service, account)
  if (name === 'confirmEmail' || name === 'undoEmailChange') {
    return emailChangeFor(service, account, route)
  }
  const path = name === 'loginByCode' ? '/auth/email-code' : '/auth/forgot-password'
  const { body } = await post(service.app, path, { email })
  return { handle: body.handle, code: codeIn(await mailTo(email)) }
}

/** A body for an account. */
async function bodyFor(route: Route, account: NewAccount) {
  const { email } = account
  if (route.name === 'login') return credentialsOf(account)
  if (route.name === 'forgotPassword' || route.name === 'emailCode') return { email }
  if (/^(verifyEmail|confirmEmail)$/.test(route.name)) return codeFor(route, account)
  if (route.name === 'acceptInvitation') {
    return { token: linkTokenIn(await inviteByMail(await createMailing())), password }
  }
  const good = goodBody(route, account)
  const isByCode = /^(resetPassword|loginByCode|undoEmailChange)$/.test(route.name)
  return isByCode ? { ...good, ...(await codeFor(route, account)) } : good
}

/** A segment that exists: other tests revoke as well, and old segments disappear. */
async function parameterOf({ path }: Route, { app }: TestService, { refreshToken }: Caller) {
  if (path.includes(':page')) return '0'
  if (!path.includes(':segment')) return refreshToken?.slice(0, 16) ?? ''
  const page = await (await app.request('/auth/feed/snapshot/0')).text()
  return String(segmentOf(JSON.parse(page.split('\n')[0] ?? '').head + 1))
}

/** The same request where tokens travel in cookies: the cookies hold what headers and body held. */
export async function goodCookieRequest(
  mounted: MountedRoute,
  variables: Record<string, string>,
): Promise<RequestParts> {
  const parts = await goodRequest(mounted, await createService(variables))
  const service = await createService({ ...variables, TOKEN_TRANSPORT: 'cookie' })
  if (mounted.route.credential.startsWith('oauth_client')) return { ...parts, service }
  const account = await registerAccount(parts.service.app)
  const cookies = [
    `__Host-access_token=${account.token}`,
    `__Secure-refresh_token=${account.refreshToken}`,
  ]
  const body = mounted.route.name === 'logoutEverywhere' ? { keep_current: true } : undefined
  return {
    ...parts,
    ...(body && { body: JSON.stringify(body) }),
    service,
    path: mounted.route.path.includes(':id')
      ? `/auth/sessions/${account.refreshToken.slice(0, 16)}`
      : parts.path,
    headers: { ...json, Cookie: cookies.join('; ') },
  }
}

function credentialsOf({ email, password }: { email: string; password: string }) {
  return { email, password }
}

/** A service for such requests. */
export function createService(
  variables: Record<string, string>,
  database?: Database,
  unchecked?: Partial<Config>,
) {
  const parts = { mailer: mailbox, ...(database && { database }) }
  return createTestService({ ...settings, ...variables }, parts, unchecked)
}

/** Sends the request. */
export async function sendParts({ service, path, method, headers, body }: RequestParts) {
  const init = { method, headers: { ...headers }, ...(body !== undefined && { body }) }
  const answer = await service.app.request(path, init)
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

type Provoke = (parts: RequestParts, variables: Record<string, string>) => Promise<RequestParts>

const withHeaders = (parts: RequestParts, headers: Record<string, string>) => ({
  ...parts,
  headers: { ...parts.headers, ...headers },
})
const withToken = (parts: RequestParts, token: string): RequestParts =>
  parts.headers['Content-Type']?.includes('form')
    ? { ...parts, body: `token=${token}` }
    : withHeaders(parts, { Authorization: `Bearer ${token}` })
const withBody = (parts: RequestParts, body: object) => ({ ...parts, body: JSON.stringify(body) })
const withService = (parts: RequestParts, service: TestService) => ({ ...parts, service })

function bodyOf({ body }: RequestParts): Record<string, unknown> {
  return JSON.parse(String(body))
}

async function signed(
  { service }: RequestParts,
  changes: Record<string, unknown>,
  header: Record<string, unknown> = {},
  key = secretKey,
): Promise<string> {
  const [issuer, now] = ['https://auth.example.com', service.clock.now()]
  const ids = { sid: 's'.repeat(16), jti: 'j'.repeat(16), gen: 'g'.repeat(16) }
  const claims = { iss: issuer, aud: issuer, sub: '1', ...ids, iat: now, exp: now + 900 }
  const token = new SignJWT({ ...claims, ...changes })
  token.setProtectedHeader({ alg: 'HS256', ...header } as never)
  return token.sign(new TextEncoder().encode(key))
}

const presentSigned =
  (changes: Record<string, unknown>, header = {}, key = secretKey): Provoke =>
  async (parts) =>
    withToken(parts, await signed(parts, changes, header, key))

const away: Database = {
  hasReplicas: false,
  withClient: () => Promise.reject(new TypeError('fetch failed')),
}
/** Only the first answers are slow, and useless. */
function createSlow(slowAnswers: number): Database {
  let asked = 0
  return {
    hasReplicas: false,
    withClient(use) {
      asked += 1
      if (asked > slowAnswers) return database.withClient(use)
      return systemRuntime.delay(1_000).then(() => Promise.reject(new TypeError('slow')))
    },
  }
}

async function withoutPlaceInQueue(parts: RequestParts, variables: Record<string, string>) {
  const isKnown = /reauthenticate|change-password/.test(parts.path)
  // A code is looked up before there is a place in the queue.
  const slow = createSlow(
    /(reset-password|verify-email|confirm-email|accept-invitation)$/.test(parts.path) ? 1 : 3,
  )
  const service = await createService({ ...variables, BCRYPT_COST: '14' }, slow)
  // At this cost the queue has one place for strangers, and one for those who are known. These
  // requests hold them while they read.
  const body = JSON.stringify({ email: 'a@b', password: 'x' })
  void service.app.request('/auth/login', { method: 'POST', headers: json, body })
  if (isKnown) void sendParts(withService(parts, service))
  await systemRuntime.delay(20)
  return withService(parts, service)
}

async function usedUp(parts: RequestParts): Promise<string> {
  const refreshToken = String(bodyOf(parts).refresh_token)
  await refreshWith(parts.service.app, refreshToken)
  return refreshToken
}

/** Gives a new account the email of a code, which its handle or its own id names. */
async function takeNewEmail(id: string) {
  const { email } = await registerAccount((await createMailing()).app)
  const named = `SELECT new_email_normalized FROM portcullis_codes WHERE id = '${id}'
    OR id = (SELECT code_id FROM portcullis_code_handles WHERE id = '${id}')`
  await changeAccount(email, `email_normalized = (${named})`)
}

/** Reason → the change that makes a valid request refused for it. */
export const provocations: Partial<Record<Reason, Provoke>> = {
  token_missing: async ({ headers: { Authorization: _, ...headers }, ...parts }) => ({
    ...parts,
    headers,
  }),
  logout_token_missing: async ({ headers: { Authorization: _, ...headers }, ...parts }) => ({
    ...parts,
    headers,
  }),
  bearer_malformed: async (parts) => withHeaders(parts, { Authorization: 'Token x' }),
  token_too_long: async (parts) => withToken(parts, 'A'.repeat(4_097)),
  token_not_canonical: async (parts) => withToken(parts, 'a.b'),
  token_header_unacceptable: presentSigned({}, { typ: 'other' }),
  token_key_unknown: presentSigned({}, { kid: 'other' }),
  token_signature_wrong: presentSigned({}, {}, 'x'.repeat(32)),
  token_claims_unacceptable: presentSigned({ sub: '007' }),
  token_issuer_wrong: presentSigned({ iss: 'https://elsewhere.example.com' }),
  token_audience_wrong: presentSigned({ aud: 'https://elsewhere.example.com' }),
  token_from_the_future: presentSigned({ iat: 4_000_000_000, exp: 4_000_000_900 }),
  token_expired: presentSigned({ exp: 1 }),
  account_gone: presentSigned({ sub: '999999999' }),
  async token_revoked(parts) {
    const { Authorization = '' } = parts.headers
    await logout(parts.service.app, Authorization.replace('Bearer ', ''))
    return parts
  },
  async key_set_unavailable(parts, variables) {
    const token = await signed(parts, {}, { kid: brokenKey.kid })
    const service = await createService(variables, undefined, { signingKeys: [brokenKey] })
    return withService(withToken(parts, token), service)
  },
  // Where tokens travel in cookies, this holds whether or not the route reads a body.
  unsupported_media_type: async (parts, variables) =>
    withService(
      withHeaders(parts, { 'Content-Type': 'text/csv' }),
      await createService({ ...variables, TOKEN_TRANSPORT: 'cookie' }),
    ),
  invalid_json: async (parts) => ({ ...parts, body: '[' }),
  body_missing: async ({ body: _, ...parts }) => parts,
  body_not_object: async (parts) => ({ ...parts, body: '[]' }),
  invalid_input: async (parts) =>
    parts.method === 'GET'
      ? { ...parts, path: `${parts.path}?limit=0&follow=0` }
      : withBody(parts, { email: 1, keep_current: 1, ids: 1 }),
  body_too_large: async (parts) => ({ ...parts, body: 'x'.repeat(16_385) }),
  async body_incomplete(parts) {
    parts.service.clock.delay = async () => {}
    return { ...parts, body: new ReadableStream() }
  },
  async cross_site_request(parts, variables) {
    const service = await createService({ ...variables, TOKEN_TRANSPORT: 'cookie' })
    const headers = { ...form, Origin: 'https://evil.example.com' }
    return withService(withHeaders(parts, headers), service)
  },
  email_taken: async (parts) => {
    if (parts.path.endsWith('/register')) {
      const { email } = await registerAccount(parts.service.app)
      return withBody(parts, { email, password })
    }
    // The code is for an email that is free. Somebody takes it before the code is used.
    const { token, handle } = bodyOf(parts)
    await takeNewEmail(String(token ?? handle).slice(0, 16))
    return parts
  },
  registration_closed: async (parts, variables) =>
    withService(parts, await createService({ ...variables, REGISTRATION: 'closed' })),
  invalid_credentials: async (parts) => withBody(parts, { email: freshEmail(), password }),
  email_unverified: async (parts, variables) =>
    withService(parts, await createService({ ...variables, REQUIRE_VERIFIED_EMAIL: 'login' })),
  password_wrong: async (parts) =>
    withBody(parts, { ...bodyOf(parts), password: 'another password' }),
  async login_not_fresh(parts) {
    const { password: _, ...body } = bodyOf(parts)
    await pretend('authenticated_at = authenticated_at - 301', String(body.refresh_token))
    return withBody(parts, body)
  },
  code_wrong: async (parts) => {
    const { token: _, ...body } = bodyOf(parts)
    if (parts.path.endsWith('/undo-email-change')) return withBody(parts, { token: 'x' })
    if (parts.path.includes('accept-invitation')) {
      return withBody(parts, { ...body, token: forgedToken })
    }
    return withBody(parts, { ...body, handle, code: 'AAAA-AAAA' })
  },
  async password_needed(parts) {
    const { password: _, ...body } = bodyOf(parts)
    return withBody(parts, body)
  },
  async mail_refused(parts) {
    for (let asked = 0; asked < 5; asked += 1) await sendParts(parts)
    return parts
  },
  mail_off: async (parts, variables) => withService(parts, await createTestService(variables)),
  login_queue_full: withoutPlaceInQueue,
  async too_many_from_address(parts, variables) {
    const { path, method, headers } = parts
    const perAddress = ['REGISTRATIONS', 'LOGINS', 'REFRESHES', 'MAILS'].map(
      (what) => `${what}_PER_ADDRESS`,
    )
    const one = Object.fromEntries(perAddress.map((name) => [name, '1']))
    const service = await createTestService(
      { ...settings, ...variables, ...one },
      { clientAddress: () => '192.0.2.1', mailer: createMailbox() },
    )
    await service.app.request(path, { method, headers })
    return withService(parts, service)
  },
  async too_many_at_once(parts, variables) {
    const { limits } = parts.service.config
    const requests = { ...limits.requests, perProcess: { check: 0, introspect: 0 } }
    const unchecked = { limits: { ...limits, requests } }
    return withService(parts, await createService(variables, undefined, unchecked))
  },
  async too_many_attempts(parts, variables) {
    const service = await createService({ ...variables, FREE_ATTEMPTS: '1' })
    const wrong = withBody(parts, { ...bodyOf(parts), password: 'another password' })
    const { path, method, headers, body } = wrong
    await service.app.request(path, { method, headers, ...(body && { body }) })
    return withService(parts, service)
  },
  account_changing: async (parts, variables) =>
    withService(
      parts,
      await createTestService(
        { ...settings, ...variables },
        { claims: claimsDuringChange, mailer: createMailbox() },
      ),
    ),
  async snapshot_busy(parts) {
    await insertRevocations(3_000)
    const { app } = parts.service
    // The clients do not read them.
    for (let answers = 0; answers < 8; answers += 1) await app.request('/auth/feed/snapshot/0')
    return parts
  },
  refresh_token_missing: async (parts, variables) =>
    withService(parts, await createService({ ...variables, TOKEN_TRANSPORT: 'cookie' })),
  async refresh_token_unmatched(parts, variables) {
    const service = await createService({ ...variables, TOKEN_TRANSPORT: 'cookie' })
    const Cookie = `__Secure-refresh_token=${'s'.repeat(16)}.1.${'A'.repeat(43)}`
    return withService(withHeaders(parts, { Cookie }), service)
  },
  refresh_token_invalid: async (parts) =>
    withBody(parts, { ...bodyOf(parts), refresh_token: 'nonsense' }),
  async refresh_superseded(parts) {
    const first = String(bodyOf(parts).refresh_token)
    const second = tokensOf(await refreshWith(parts.service.app, first))
    await refreshWith(parts.service.app, second.refreshToken)
    return parts
  },
  async refresh_token_reused(parts) {
    await passTime(31, await usedUp(parts))
    return parts
  },
  async refresh_too_frequent(parts) {
    const refreshToken = String(bodyOf(parts).refresh_token)
    await pretend('refreshes = 60, refreshes_since = unixepoch()', refreshToken)
    return parts
  },
  async session_revoked(parts) {
    await pretend('revoked_at = unixepoch()', String(bodyOf(parts).refresh_token))
    return parts
  },
  async session_expired(parts) {
    await pretend('expires_at = unixepoch() - 1', String(bodyOf(parts).refresh_token))
    return parts
  },
  session_unknown: async (parts) => ({ ...parts, path: `/auth/sessions/${'n'.repeat(16)}` }),
  oauth_request_invalid: async (parts) => ({ ...parts, body: 'nothing=1' }),
  client_unknown: async (parts) =>
    withHeaders(parts, { Authorization: `Basic ${btoa('api:wrong')}` }),
  not_found: async (parts) => ({ ...parts, path: parts.path.replace(/\d+$/, '999999999') }),
  database_unavailable: async (parts, variables) =>
    withService(parts, await createService(variables, away)),
  async internal(parts, variables) {
    const service = await createService(variables)
    service.clock.elapsedMs = () => {
      throw new RangeError('the clock is broken')
    }
    return withService(parts, service)
  },
}
