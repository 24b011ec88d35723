import { SignJWT } from 'jose'
import { describe, expect, inject, it } from 'vitest'
import { catalogue, refusalFor } from '../../../src/errors/catalogue.ts'
import type { Reason } from '../../../src/errors/reasons.ts'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import type { Database } from '../../../src/service/store/database.ts'
import { openRemoteDatabase } from '../../../src/service/store/remote-database.ts'
import { insertLastingRevocation } from '../../../src/service/store/revoked-tokens.ts'
import { keyRevocationId } from '../../../src/token/access-token.ts'
import { generateKeyPair } from '../../../src/token/key-pair.ts'
import worker from '../../../src/worker.ts'
import { createMailingService, type MailingService } from '../../support/mail.ts'
import { linkTokenIn } from '../../support/mailed-code.ts'
import {
  type Answer,
  ask,
  bearing,
  brokenKey,
  claimsDuringChange,
  createTestService,
  database,
  endSession,
  freshEmail,
  insertRevocations,
  logout,
  passTime,
  post,
  postForm,
  postWith,
  pretend,
  refreshWith,
  registerAccount,
  secretKey,
  type TestService,
  testEntry,
  tokensOf,
} from '../../support/service.ts'

type Provocation = (service: TestService) => Promise<Answer>

const claims = {
  iss: 'https://auth.example.com',
  aud: 'https://auth.example.com',
  sub: '1',
  sid: 's'.repeat(16),
  jti: 'j'.repeat(16),
  gen: 'g'.repeat(16),
}

async function statusWith(service: TestService, token: string): Promise<Answer> {
  return ask(service.app, '/auth/status', bearing(token))
}

function statusOfClaims(
  changes: Record<string, unknown>,
  header = {},
  key = secretKey,
): Provocation {
  return async (service) => {
    const now = service.clock.now()
    const token = new SignJWT({ ...claims, iat: now, exp: now + 900, ...changes })
    token.setProtectedHeader({ alg: 'HS256', ...header })
    return statusWith(service, await token.sign(new TextEncoder().encode(key)))
  }
}

/** A database that was never reached, or a bug in the store, as the service sees it. */
function brokenDatabase(error: Error): Database {
  return { hasReplicas: false, withClient: () => Promise.reject(error) }
}

/** A database that gives no answer before `isOver`, and then an invalid one. */
function slowDatabase(isOver: Promise<void>): Database {
  const withClient = () => isOver.then(() => Promise.reject(new TypeError('fetch failed')))
  return { hasReplicas: false, withClient }
}

function readyOver(url: string): Provocation {
  return async ({ config }) => {
    const variables = { HTTP_CONTRACT: config.contract }
    const database = openRemoteDatabase({ url })
    return ask((await createTestService(variables, { database })).app, '/ready')
  }
}

const pages = { ACCOUNT_PAGES_URL: 'https://app.example.com' }

/** The mail of an account that wants to prove its email. */
async function verificationMail(service: MailingService) {
  const { email, token } = await registerAccount(service.app)
  await postWith(service.app, '/auth/email-verification', token, {})
  await service.settle()
  return service.mailbox.to(email).at(-1)
}

const provocations = {
  token_missing: ({ app }) => ask(app, '/auth/status'),
  logout_token_missing: ({ app }) => ask(app, '/auth/logout', { method: 'POST' }),
  bearer_malformed: ({ app }) =>
    ask(app, '/auth/status', { headers: { Authorization: 'Token x' } }),
  token_too_long: (service) => statusWith(service, 'A'.repeat(4_097)),
  token_not_canonical: (service) => statusWith(service, 'a.b'),
  token_header_unacceptable: statusOfClaims({}, { typ: 'other' }),
  token_key_unknown: statusOfClaims({}, { kid: 'other' }),
  key_set_unavailable: async ({ config }) => {
    const variables = { HTTP_CONTRACT: config.contract }
    const service = await createTestService(variables, {}, { signingKeys: [brokenKey] })
    return statusOfClaims({}, { kid: brokenKey.kid })(service)
  },
  token_signature_wrong: statusOfClaims({}, {}, 'x'.repeat(32)),
  token_claims_unacceptable: statusOfClaims({ sub: '007' }),
  token_issuer_wrong: statusOfClaims({ iss: 'https://elsewhere.example.com' }),
  token_audience_wrong: statusOfClaims({ aud: 'https://elsewhere.example.com' }),
  token_from_the_future: statusOfClaims({ iat: 4_000_000_000, exp: 4_000_000_900 }),
  token_expired: statusOfClaims({ exp: 1 }),
  token_revoked: async (service) => {
    const { token } = await registerAccount(service.app)
    await logout(service.app, token)
    return statusWith(service, token)
  },
  account_gone: statusOfClaims({ sub: '999999999' }),
  email_taken: async ({ app }) => {
    const { email, password } = await registerAccount(app)
    return post(app, '/auth/register', { email, password })
  },
  registration_closed: async ({ config }) => {
    const variables = { HTTP_CONTRACT: config.contract, REGISTRATION: 'closed' }
    const { app } = await createTestService(variables)
    return post(app, '/auth/register', { email: freshEmail(), password: 'a good password' })
  },
  invalid_credentials: ({ app }) => post(app, '/auth/login', { email: 'a@b', password: 'x' }),
  email_unverified: async ({ config }) => {
    const { email, password } = await registerAccount((await createTestService()).app)
    const variables = { HTTP_CONTRACT: config.contract, REQUIRE_VERIFIED_EMAIL: 'login' }
    return post((await createMailingService(variables)).app, '/auth/login', { email, password })
  },
  login_queue_full: async ({ config }) => {
    const database = slowDatabase(systemRuntime.delay(300))
    const variables = { HTTP_CONTRACT: config.contract, BCRYPT_COST: '14' }
    const { app } = await createTestService(variables, { database })
    const credentials = { email: 'a@b', password: 'x' }
    // At this cost the queue has one place, and the first login holds it while it reads.
    const [, second] = await Promise.all([
      post(app, '/auth/login', credentials),
      post(app, '/auth/login', credentials),
    ])
    return second
  },
  too_many_from_address: async ({ config }) => {
    const variables = { HTTP_CONTRACT: config.contract, LOGINS_PER_ADDRESS: '1' }
    const { app } = await createTestService(variables, { clientAddress: () => '192.0.2.1' })
    await post(app, '/auth/login', {})
    return post(app, '/auth/login', {})
  },
  too_many_at_once: async ({ config }) => {
    const perProcess = { check: 0, introspect: 0 }
    const limits = { ...config.limits, requests: { ...config.limits.requests, perProcess } }
    const variables = { HTTP_CONTRACT: config.contract }
    const { app } = await createTestService(variables, {}, { limits })
    return post(app, '/auth/feed/check', { ids: ['i'.repeat(16)] })
  },
  too_many_attempts: async ({ config }) => {
    const variables = { HTTP_CONTRACT: config.contract, FREE_ATTEMPTS: '1' }
    const { app } = await createTestService(variables)
    const credentials = { email: freshEmail(), password: 'x' }
    await post(app, '/auth/login', credentials)
    return post(app, '/auth/login', credentials)
  },
  account_changing: async ({ config }) => {
    const variables = { HTTP_CONTRACT: config.contract }
    const { refreshToken } = await registerAccount((await createTestService(variables)).app)
    const changing = await createTestService(variables, { claims: claimsDuringChange })
    return refreshWith(changing.app, refreshToken)
  },
  snapshot_busy: async ({ app }) => {
    await insertRevocations(3_000)
    // The clients do not read them.
    for (let answers = 0; answers < 8; answers += 1) await app.request('/auth/feed/snapshot/0')
    return ask(app, '/auth/feed/snapshot/0')
  },
  refresh_token_missing: async ({ config }) => {
    const variables = { HTTP_CONTRACT: config.contract, TOKEN_TRANSPORT: 'cookie' }
    return post((await createTestService(variables)).app, '/auth/refresh', {})
  },
  refresh_token_unmatched: async ({ config }) => {
    const variables = { HTTP_CONTRACT: config.contract, TOKEN_TRANSPORT: 'cookie' }
    const headers = {
      'Content-Type': 'application/json',
      Cookie: `__Secure-refresh_token=${'s'.repeat(16)}.1.${'A'.repeat(43)}`,
    }
    return ask((await createTestService(variables)).app, '/auth/refresh', {
      method: 'POST',
      headers,
    })
  },
  refresh_token_invalid: ({ app }) => refreshWith(app, 'nonsense'),
  refresh_superseded: async ({ app }) => {
    const first = await registerAccount(app)
    const second = tokensOf(await refreshWith(app, first.refreshToken))
    await refreshWith(app, second.refreshToken)
    return refreshWith(app, first.refreshToken)
  },
  refresh_token_reused: async ({ app }) => {
    const { refreshToken } = await registerAccount(app)
    await refreshWith(app, refreshToken)
    await passTime(31, refreshToken)
    return refreshWith(app, refreshToken)
  },
  refresh_too_frequent: async ({ app }) => {
    const { refreshToken } = await registerAccount(app)
    await pretend('refreshes = 60, refreshes_since = unixepoch()', refreshToken)
    return refreshWith(app, refreshToken)
  },
  session_revoked: async ({ app }) => {
    const { token, refreshToken } = await registerAccount(app)
    await logout(app, token)
    return refreshWith(app, refreshToken)
  },
  session_expired: async ({ app }) => {
    const { refreshToken } = await registerAccount(app)
    await pretend('expires_at = unixepoch()', refreshToken)
    return refreshWith(app, refreshToken)
  },
  session_unknown: async ({ app }) => {
    const { token } = await registerAccount(app)
    return endSession(app, token, 'x'.repeat(16))
  },
  password_wrong: async ({ app }) => {
    const { token } = await registerAccount(app)
    return postWith(app, '/auth/reauthenticate', token, { password: 'another password' })
  },
  login_not_fresh: async ({ app }) => {
    const { token, refreshToken } = await registerAccount(app)
    await pretend('authenticated_at = authenticated_at - 301', refreshToken)
    const body = { new_password: 'another good password', refresh_token: refreshToken }
    return postWith(app, '/auth/change-password', token, body)
  },
  client_unknown: ({ app }) => postForm(app, '/oauth/introspect', { token: 'x' }),
  oauth_request_invalid: ({ app }) => postForm(app, '/oauth/revoke', {}),
  cross_site_request: async ({ config }) => {
    const variables = { HTTP_CONTRACT: config.contract, TOKEN_TRANSPORT: 'cookie' }
    const headers = { Origin: 'https://evil.example.com', 'Content-Type': 'text/plain' }
    const init = { method: 'POST', headers, body: '{}' }
    return ask((await createTestService(variables)).app, '/auth/logout', init)
  },
  body_too_large: ({ app }) => post(app, '/auth/login', { email: 'x'.repeat(17_000) }),
  code_wrong: ({ app }) => {
    const code = { handle: 'h'.repeat(16), code: 'AAAA-AAAA' }
    return post(app, '/auth/login-by-code', code)
  },
  password_needed: async ({ config }) => {
    const service = await createMailingService({ HTTP_CONTRACT: config.contract, ...pages })
    const token = linkTokenIn(await verificationMail(service))
    return post(service.app, '/auth/verify-email', { token })
  },
  mail_refused: async ({ config }) => {
    const { app } = await createMailingService({ HTTP_CONTRACT: config.contract })
    const { token } = await registerAccount(app)
    const asking = () => postWith(app, '/auth/email-verification', token, {})
    for (let asked = 0; asked < 5; asked += 1) await asking()
    return asking()
  },
  mail_off: ({ app }) => post(app, '/auth/email-code', { email: 'ada@example.com' }),
  body_incomplete: ({ app, clock }) => {
    clock.delay = async () => {}
    return ask(app, '/auth/login', { method: 'POST', body: new ReadableStream() })
  },
  unsupported_media_type: ({ app }) =>
    ask(app, '/auth/login', {
      method: 'POST',
      body: 'email=a',
      headers: { 'Content-Type': 'text/plain' },
    }),
  body_missing: ({ app }) => ask(app, '/auth/login', { method: 'POST' }),
  invalid_json: ({ app }) =>
    ask(app, '/auth/login', {
      method: 'POST',
      body: '{',
      headers: { 'Content-Type': 'application/json' },
    }),
  body_not_object: ({ app }) => post(app, '/auth/login', [1]),
  invalid_input: ({ app }) => post(app, '/auth/login', {}),
  not_found: ({ app }) => ask(app, '/nowhere'),
  method_not_allowed: ({ app }) => ask(app, '/auth/login'),
  database_unavailable: async ({ config }) => {
    const database = brokenDatabase(new TypeError('fetch failed: http://user:pass@db'))
    const variables = { HTTP_CONTRACT: config.contract }
    return ask((await createTestService(variables, { database })).app, '/ready')
  },
  schema_outdated: readyOver(inject('emptyDatabaseUrl')),
  schema_too_new: readyOver(inject('futureDatabaseUrl')),
  signing_key_revoked: async ({ config }) => {
    const key = { ...(await generateKeyPair('ES256', systemRuntime)), state: 'active' as const }
    await insertLastingRevocation(database, await keyRevocationId(key.kid), testEntry, '')
    const variables = {
      HTTP_CONTRACT: config.contract,
      SIGNING_KEYS: JSON.stringify({ keys: [key] }),
    }
    return ask((await createTestService(variables)).app, '/ready')
  },
  misconfigured: async () => {
    const request = new Request('https://auth.example.com/health')
    const answer = await worker.fetch(request as never, {} as never, {} as never)
    return { status: answer.status, headers: answer.headers, body: await answer.json() }
  },
  internal: async ({ app }) => {
    app.get('/bug', () => {
      throw new RangeError('a secret detail')
    })
    return ask(app, '/bug')
  },
} satisfies Record<Reason, Provocation>

/** The time until the next try is counted. */
const counted: Reason[] = ['too_many_attempts', 'too_many_from_address', 'too_many_at_once']

/** Reasons of the OAuth endpoints only, which have their own form. */
const oauthReasons: Reason[] = ['client_unknown', 'oauth_request_invalid']

describe.each(['classic', 'standard'] as const)('in the %s contract', (contract) => {
  it.each(Object.keys(catalogue) as Reason[])('answers %s as in the catalogue', async (reason) => {
    const service = await createTestService({ HTTP_CONTRACT: contract })
    const { status, headers, body } = await provocations[reason](service)
    const expected = refusalFor(reason, contract)
    expect(status).toBe(expected.status)
    expect(body).toMatchObject(
      oauthReasons.includes(reason)
        ? { error: expected.code, error_description: expected.message }
        : { status: 'fail', code: expected.code, message: expected.message },
    )
    expect(headers.get('WWW-Authenticate')).toBe(challengeOf(expected))
    const retryAfter = headers.get('Retry-After')
    // What the catalogue has for these is only the usual time.
    if (counted.includes(reason)) expect(retryAfter).toMatch(/^([1-9]|[1-5]\d|60)$/)
    else expect(retryAfter).toBe(expected.retryAfterSeconds?.toString() ?? null)
    const limit = status === 429 ? `"${reason}";r=0;t=${retryAfter}` : null
    expect(headers.get('RateLimit')).toBe(limit)
    expect(headers.get('Cache-Control')).toBe('no-store')
    const line = service.log.at(-1)
    if (line) expect(JSON.parse(line)).toMatchObject({ status: expected.status, reason })
  })

  it('tells a client only its request id after a bug, and writes everything into the log', async () => {
    const service = await createTestService({ HTTP_CONTRACT: contract })
    const { body, headers } = await provocations.internal(service)
    expect(Object.keys(body).sort()).toEqual(['code', 'message', 'request_id', 'status'])
    expect(body.request_id).toBe(headers.get('X-Request-Id'))
    expect(JSON.parse(service.log[0] ?? '')).toMatchObject({
      status: 500,
      requestId: body.request_id,
      error: 'RangeError: a secret detail',
      stack: expect.stringContaining('refusals.workerd.test.ts'),
    })
  })
})

describe('an outage', () => {
  it('is logged by its kind, without the message of the database client', async () => {
    const database = brokenDatabase(new TypeError('fetch failed: http://user:pass@db'))
    const { app, log } = await createTestService({}, { database })
    await post(app, '/auth/login', { email: 'a@b', password: 'x' })
    expect(JSON.parse(log[0] ?? '')).toMatchObject({
      status: 503,
      reason: 'database_unavailable',
      error: expect.stringMatching(
        /^DatabaseUnavailable: The database gave no usable answer \(TypeError\): check /,
      ),
    })
    expect(log.join()).not.toContain('pass')
  })
})

function challengeOf({ challenge, message }: ReturnType<typeof refusalFor>): string | null {
  // The catalogue does not know this number.
  const maxAge = challenge === 'insufficient_user_authentication' ? ', max_age="300"' : ''
  if (challenge === undefined) return null
  if (challenge === 'basic') return 'Basic realm="OAuth clients", charset="UTF-8"'
  return challenge === 'bare'
    ? 'Bearer'
    : `Bearer error="${challenge}", error_description="${message}"${maxAge}`
}
