import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { bearing, createClientOf, freshEmail, listenToAnswers, send } from '../support/client.ts'
import { matchDocument, operationOf } from '../support/openapi.ts'
import type { Expected } from './row.ts'
import { rows } from './rows.ts'
import { type Platform, startTarget, type Target } from './targets.ts'

const oauthSecret = 's'.repeat(32)
const combinations = (['workerd', 'Deno'] as const).flatMap((platform) =>
  (['classic', 'standard'] as const).map((contract) => ({ platform, contract })),
)

describe.each(combinations)('on $platform, in the $contract contract', ({ platform, contract }) => {
  const running = useTarget(platform, {
    HTTP_CONTRACT: contract,
    CORS_ORIGINS: 'https://app.example.com,http://localhost:3000',
    OAUTH_CLIENTS: `api:${oauthSecret}`,
  })

  // The OpenAPI document must describe every answer below.
  const held = new Set<string>()
  beforeAll(() =>
    listenToAnswers((method, { pathname }, answer) => {
      const operation = operationOf(method, pathname)
      if (operation) held.add(`${operation} ${matchDocument(operation, contract, answer)}`)
    }),
  )
  afterAll(() => {
    listenToAnswers(() => {})
    expect(held.size).toBeGreaterThan(50)
  })

  it('gives the first account the id 1, and shows it as it was registered', async () => {
    const client = createClientOf(running.target.baseUrl)
    const email = ' Ada.Lovelace@Example.COM '
    const registered = await client.register({
      email,
      password: 'a good password',
      admin: true,
      id: 7,
    })
    const { body } = await client.status(String(registered.body.auth_token))
    expect(body).toEqual({
      status: 'success',
      data: {
        user_id: 1,
        email: 'Ada.Lovelace@Example.COM',
        email_verified: false,
        admin: false,
        roles: [],
        language: null,
        registered_on: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
      },
    })
  })

  it.each(rows)('$request: $situation', async (row) => {
    const answer = await row.send(running.target)
    const expected = (contract === 'standard' && row.standard) || row.classic
    const isHead = row.request.startsWith('HEAD')
    expect([answer.status, answer.text]).toEqual([
      expected.status,
      isHead ? '' : expect.any(String),
    ])
    if (!isHead) expectEnvelope(answer.body, expected)
    expect(answer.headers.get('Content-Type')).toMatch(/^application\/json/)
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    expect(answer.headers.get('X-Request-Id')).toMatch(/^[\w=-]{1,64}$/)
    expect(answer.headers.get('Allow')).toBe(expected.allow ?? null)
    expectChallenge(answer.headers.get('WWW-Authenticate'), expected)
  })

  it('lists every invalid field of a registration', async () => {
    const client = createClientOf(running.target.baseUrl)
    const { body } = await client.register({ email: 'ada', password: 'short' })
    expect(body.errors).toEqual([
      { field: 'email', message: expect.stringContaining('254 bytes') },
      { field: 'password', message: 'Give a password of at least 8 characters.' },
    ])
  })

  it('takes the scheme in any case, and the token only from the header', async () => {
    const { baseUrl } = running.target
    const token = await createClientOf(baseUrl).token()
    for (const scheme of ['bearer', 'BEARER', 'Bearer  ']) {
      const headers = { Authorization: `${scheme} ${token}` }
      expect((await send(`${baseUrl}/auth/status`, { headers })).status).toBe(200)
    }
  })

  it('answers HEAD where it answers GET, without a body', async () => {
    const { baseUrl } = running.target
    const token = await createClientOf(baseUrl).token()
    for (const [path, init] of [
      ['/health', {}],
      ['/ready', {}],
      ['/auth/status', bearing(token)],
    ] as const) {
      const { status, text } = await send(`${baseUrl}${path}`, { method: 'HEAD', ...init })
      expect([path, status, text]).toEqual([path, 200, ''])
    }
  })

  it('keeps every byte of a long password, and treats its normal forms as equal', async () => {
    const client = createClientOf(running.target.baseUrl)
    const passwords = [
      `word${'p'.repeat(68)}`,
      `word${'p'.repeat(69)}`,
      `wd${'é'.repeat(35)}x`,
      `word${'\u00e9'.repeat(40)}`,
      `word${'a\u0000b'.repeat(30)}`,
      `word${'🔐'.repeat(255)}`,
    ]
    for (const password of passwords) {
      const email = freshEmail()
      expect((await client.register({ email, password })).status).toBe(201)
      expect((await client.login({ email, password: password.normalize('NFD') })).status).toBe(200)
      for (const other of [`${password}p`, password.slice(0, -1), `${password.slice(0, -1)}q`]) {
        expect((await client.login({ email, password: other })).body.code).toBe(
          'invalid_credentials',
        )
      }
    }
  })

  it('treats a disabled account as one that does not exist', async () => {
    const client = createClientOf(running.target.baseUrl)
    const account = { email: freshEmail(), password: 'a good password' }
    const token = String((await client.register(account)).body.auth_token)
    await running.target.database.query(
      'UPDATE portcullis_users SET disabled_at = 1 WHERE email = ?',
      account.email,
    )
    expect((await client.status(token)).body.code).toBe('token_invalid')
    expect((await client.logout(token)).body.code).toBe('token_invalid')
    expect((await client.login(account)).body.code).toBe('invalid_credentials')
  })

  it('reports a revoked token as revoked, even after its account is deleted', async () => {
    const client = createClientOf(running.target.baseUrl)
    const account = { email: freshEmail(), password: 'a good password' }
    const token = String((await client.register(account)).body.auth_token)
    await client.logout(token)
    await running.target.database.query(
      'DELETE FROM portcullis_users WHERE email = ?',
      account.email,
    )
    expect((await client.status(token)).body.code).toBe('token_revoked')
    expect((await client.logout(token)).body.code).toBe('token_revoked')
  })

  it('ends only the session of the token, not the other sessions of the account', async () => {
    const client = createClientOf(running.target.baseUrl)
    const account = { email: freshEmail(), password: 'a good password' }
    const first = String((await client.register(account)).body.auth_token)
    const second = String((await client.login(account)).body.auth_token)
    await client.logout(first)
    expect((await client.status(first)).status).toBe(401)
    expect((await client.status(second)).status).toBe(200)
  })

  it('introspects and revokes as in RFC 7662 and RFC 7009, in both contracts', async () => {
    const client = createClientOf(running.target.baseUrl)
    const { token, refreshToken } = await client.tokens()
    const introspect = (asked: string) => client.introspect(asked, `api:${oauthSecret}`)
    expect((await introspect(token)).body).toMatchObject({ active: true, token_type: 'Bearer' })
    expect((await introspect(refreshToken)).body).toEqual({ active: false })
    for (const revoked of ['nonsense', token, token, refreshToken]) {
      const { status, text } = await client.revoke(revoked)
      expect([status, text]).toEqual([200, ''])
      expect((await introspect(revoked)).body).toEqual({ active: false })
    }
    const stranger = await client.introspect(token, 'api:wrong')
    expect([stranger.status, stranger.body.error, stranger.body.status]).toEqual([
      401,
      'invalid_client',
      undefined,
    ])
    expect(stranger.headers.get('WWW-Authenticate')).toMatch(/^Basic /)
    const without = await client.revoke('')
    expect([without.status, without.body.error]).toEqual([400, 'invalid_request'])
  })

  it('answers preflights from listed origins, and names no other origin', async () => {
    const url = `${running.target.baseUrl}/auth/login`
    const preflight = (Origin: string) => {
      const headers = {
        Origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type',
      }
      return send(url, { method: 'OPTIONS', headers })
    }
    const ours = await preflight('https://app.example.com')
    expect([ours.status, ours.headers.get('Access-Control-Allow-Origin')]).toEqual([
      204,
      'https://app.example.com',
    ])
    expect(ours.headers.get('Access-Control-Allow-Headers')).toContain('Content-Type')
    expect(ours.headers.get('Access-Control-Allow-Credentials')).toBeNull()
    const theirs = await preflight('https://evil.example.com')
    expect(theirs.headers.get('Access-Control-Allow-Origin')).toBeNull()
    const simple = await send(`${running.target.baseUrl}/health`, {
      headers: { Origin: 'http://localhost:3000' },
    })
    expect(simple.headers.get('Access-Control-Allow-Origin')).toBe('http://localhost:3000')
    expect(simple.headers.get('Vary')).toContain('Origin')
  })

  it('keeps a harmless request id of the client', async () => {
    const { baseUrl } = running.target
    const echoed = async (id: string) =>
      (await send(`${baseUrl}/health`, { headers: { 'X-Request-Id': id } })).headers.get(
        'X-Request-Id',
      )
    expect(await echoed('trace-4711')).toBe('trace-4711')
    expect(await echoed('x'.repeat(65))).toMatch(/^[\w-]{16}$/)
    expect(await echoed('a b<script>')).toMatch(/^[\w-]{16}$/)
  })

  it('reports that it is alive and ready, and its version', async () => {
    const client = createClientOf(running.target.baseUrl)
    const version = expect.stringMatching(/^\d+\.\d+\.\d+$/)
    expect((await client.health()).body).toEqual({
      status: 'success',
      message: 'Alive.',
      version,
    })
    expect((await client.ready()).body).toEqual({ status: 'success', message: 'Ready.', version })
  })
})

describe.each(['workerd', 'Deno'] as const)(
  'on %s, with only the required settings',
  (platform) => {
    const running = useTarget(platform, {
      ACCESS_TOKEN_LIFETIME_SECONDS: '1',
      MAILER: 'none',
    })

    it('sends no CORS headers', async () => {
      const headers = { Origin: 'https://app.example.com', 'Access-Control-Request-Method': 'POST' }
      const preflight = await send(`${running.target.baseUrl}/auth/login`, {
        method: 'OPTIONS',
        headers,
      })
      expect([preflight.status, preflight.headers.get('Allow')]).toEqual([405, 'POST'])
      expect(preflight.headers.get('Access-Control-Allow-Origin')).toBeNull()
    })

    it.each(['forgot-password', 'email-code'])('sends no mail: %s', async (path) => {
      const { baseUrl } = running.target
      const body = JSON.stringify({ email: freshEmail() })
      const headers = { 'Content-Type': 'application/json' }
      const asked = await send(`${baseUrl}/auth/${path}`, { method: 'POST', headers, body })
      expect([asked.status, asked.body]).toEqual([
        404,
        { status: 'fail', message: 'This service sends no mail.', code: 'mail_off' },
      ])
    })

    it('refuses a token after its expiry', async () => {
      const client = createClientOf(running.target.baseUrl)
      const token = await client.token()
      await expect
        .poll(async () => (await client.status(token)).body.code, { timeout: 5_000 })
        .toBe('token_expired')
      expect((await client.logout(token)).body.code).toBe('token_expired')
    })
  },
)

function useTarget(platform: Platform, variables: Record<string, string>): { target: Target } {
  const running = {} as { target: Target }
  beforeAll(async () => {
    running.target = await startTarget(platform, inject('bundle'), variables)
  })
  afterAll(() => running.target?.stop())
  return running
}

function expectEnvelope(body: Record<string, unknown>, { status, message, code, has }: Expected) {
  const isSuccess = status < 202
  expect(body.status).toBe(isSuccess ? 'success' : 'fail')
  expect(body.code).toBe(isSuccess ? undefined : code)
  expect(body.message).toEqual(message ?? (isSuccess ? undefined : expect.any(String)))
  for (const member of has ?? []) expect(body).toHaveProperty(member)
}

function expectChallenge(header: string | null, { challenge }: Expected) {
  if (!challenge || challenge === 'bare') return expect(header).toBe(challenge ? 'Bearer' : null)
  expect(header).toMatch(new RegExp(`^Bearer error="${challenge}", error_description="[^"\\\\]+"$`))
}
