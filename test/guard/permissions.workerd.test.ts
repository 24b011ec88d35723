import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { requireAccessToken, requireFreshLogin, requireRole } from '../../src/index.ts'
import { createTestIssuer, type TestTokenClaims } from '../../src/testing.ts'

const issuer = createTestIssuer()
const guard = requireAccessToken(issuer.options)
const bearing = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })

describe('a guard that asks for a role', () => {
  const app = new Hono()
    .use('/admin', guard)
    .use('/admin', requireRole('admin'))
    .use('/forgotten', requireRole('admin'))
    .get('*', (c) => c.text('in'))

  it('lets in a user with the role', async () => {
    const token = await issuer.token({ roles: ['editor', 'admin'] })
    expect((await app.request('/admin', bearing(token))).status).toBe(200)
  })

  it.each([[{ roles: [] }], [{ roles: ['administrator'] }], [{ roles: undefined }]])(
    'refuses %j with 403 and insufficient_scope',
    async (claims) => {
      const answer = await app.request(
        '/admin',
        bearing(await issuer.token(claims as TestTokenClaims)),
      )
      expect(answer.status).toBe(403)
      expect(answer.headers.get('WWW-Authenticate')).toContain('error="insufficient_scope"')
      expect(await answer.json()).toMatchObject({ title: 'Forbidden', code: 'role_missing' })
    },
  )

  it('lets nobody in where the guard before it is missing', async () => {
    const token = await issuer.token({ roles: ['admin'] })
    expect((await app.request('/forgotten', bearing(token))).status).toBe(401)
  })

  it("answers with the application's own answer", async () => {
    const own = new Hono()
      .use(guard)
      .use(requireRole('admin', { onRefused: ({ reason }, c) => c.text(reason, 404) }))
    const answer = await own.request('/', bearing(await issuer.token()))
    expect([answer.status, await answer.text()]).toEqual([404, 'role_missing'])
  })

  it('throws without a role', () => {
    expect(() => requireRole('')).toThrow(TypeError)
  })

  it.each([
    [{ all: ['editor', 'billing'] }, ['billing', 'admin', 'editor'], 200],
    [{ all: ['editor', 'billing'] }, ['editor'], 403],
    [{ all: ['editor', 'billing'] }, [], 403],
    [{ all: ['editor'] }, ['editor'], 200],
    [{ any: ['admin', 'support'] }, ['support'], 200],
    [{ any: ['admin', 'support'] }, ['editor', 'admin'], 200],
    [{ any: ['admin', 'support'] }, ['editor'], 403],
    [{ any: ['admin', 'support'] }, undefined, 403],
  ] as const)('asks for %j and answers roles %j with %d', async (roles, held, status) => {
    const several = new Hono()
      .use(guard)
      .use(requireRole(roles))
      .get('*', (c) => c.text('in'))
    const token = await issuer.token({ roles: held } as TestTokenClaims)
    expect((await several.request('/', bearing(token))).status).toBe(status)
  })

  it('keeps a copy of the list', async () => {
    const any = ['admin']
    const several = new Hono()
      .use(guard)
      .use(requireRole({ any }))
      .get('*', (c) => c.text('in'))
    any.push('editor')
    const token = await issuer.token({ roles: ['editor'] })
    expect((await several.request('/', bearing(token))).status).toBe(403)
  })

  it.each([
    ['', '""'],
    [undefined, 'undefined'],
    [null, 'null'],
    [7, '7'],
    [['admin'], '["admin"]'],
    [{}, '{}'],
    [{ all: [] }, '{"all":[]}'],
    [{ any: [] }, '{"any":[]}'],
    [{ all: ['editor', ''] }, '{"all":["editor",""]}'],
    [{ any: 'admin' }, '{"any":"admin"}'],
    [{ any: [7] }, '{"any":[7]}'],
    [{ all: ['editor'], any: '' }, '{"all":["editor"],"any":""}'],
    [{ all: ['editor'], any: ['admin'] }, '{"all":["editor"],"any":["admin"]}'],
  ])('refuses to ask for %j, and names the value', (roles, came) => {
    const make = () => requireRole(roles as never)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(
      `requireRole takes a role, { all: [roles] } or { any: [roles] }, with at least one role, none empty or with spaces; it got ${came}.`,
    )
  })
})

describe('a guard that asks for a fresh login', () => {
  const app = new Hono()
    .use('/pay', guard)
    .use(requireFreshLogin({ maxAgeSeconds: 300, runtime: issuer.runtime }))
    .get('*', (c) => c.text('in'))
  const agedToken = (seconds: number) => issuer.token({ auth_time: issuer.runtime.now() - seconds })

  it('lets in a user who gave the password within the time', async () => {
    expect((await app.request('/pay', bearing(await agedToken(300)))).status).toBe(200)
  })

  it('answers 401 to other users, and says how fresh the login must be', async () => {
    const answer = await app.request('/pay', bearing(await agedToken(301)))
    expect(answer.status).toBe(401)
    expect(answer.headers.get('WWW-Authenticate')).toBe(
      'Bearer error="insufficient_user_authentication", error_description="Give your password again for this.", max_age="300"',
    )
    expect(await answer.json()).toMatchObject({ code: 'login_not_fresh' })
  })

  it('refuses a token without the time, and a missing guard before it', async () => {
    const token = await issuer.token({ auth_time: undefined } as unknown as TestTokenClaims)
    expect((await app.request('/pay', bearing(token))).status).toBe(401)
    expect((await app.request('/', bearing(await agedToken(0)))).status).toBe(401)
  })

  it('may ask for a second', async () => {
    const strict = new Hono()
      .use(guard, requireFreshLogin({ maxAgeSeconds: 1, runtime: issuer.runtime }))
      .get('*', (c) => c.text('in'))
    const answers = await Promise.all(
      [1, 2].map(async (age) => strict.request('/', bearing(await agedToken(age)))),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 401])
  })

  it.each([0, -1, 1.5, Number.NaN])('throws for %d seconds', (maxAgeSeconds) => {
    expect(() => requireFreshLogin({ maxAgeSeconds })).toThrow(TypeError)
  })
})

describe('a guard that reads the cookie', () => {
  const app = new Hono()
    .use(
      requireAccessToken({
        ...issuer.options,
        transport: 'cookie',
        trustedOrigins: ['https://app.example.com'],
      }),
    )
    .all('*', (c) => c.text('in'))
  const ask = async (method: string, headers: Record<string, string>) => {
    const Cookie = `a=b; __Host-access_token=${await issuer.token()}`
    return app.request('https://api.example.com/', { method, headers: { Cookie, ...headers } })
  }

  it('finds the token only in the cookie', async () => {
    expect((await ask('GET', {})).status).toBe(200)
    const token = await issuer.token()
    expect((await app.request('/', bearing(token))).status).toBe(401)
    const headers = { Cookie: `access_token=${token}` }
    expect((await app.request('/', { headers })).status).toBe(401)
  })

  it.each([
    ['POST', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }, 403],
    ['POST', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://evil.example.com' }, 403],
    ['DELETE', { Origin: 'https://evil.example.com' }, 403],
    ['POST', { Origin: 'null' }, 403],
    ['POST', { 'Sec-Fetch-Site': 'none', Origin: 'null' }, 403],
    ['POST', { 'Sec-Fetch-Site': 'none', Origin: 'https://evil.example.com' }, 403],
    ['POST', { 'Sec-Fetch-Site': 'same-site' }, 403],
    ['POST', { 'Sec-Fetch-Site': 'unheard-of' }, 403],
    ['POST', { Origin: 'https://app.example.com.evil.example' }, 403],
    // Another scheme, where a proxy ends TLS: to us the request looks as if from that page's own
    // origin.
    ['POST', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://api.example.com' }, 403],
    ['QUERY', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['PROPFIND', { Origin: 'https://evil.example.com' }, 403],
    ['POST', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['GET', { Upgrade: 'websocket', Origin: 'https://evil.example.com' }, 403],
    ['GET', { 'Sec-Fetch-Site': 'cross-site' }, 200],
    ['POST', { 'Sec-Fetch-Site': 'same-origin' }, 200],
    ['POST', { Origin: 'https://api.example.com' }, 200],
    ['POST', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://app.example.com' }, 200],
    ['POST', { 'Sec-Fetch-Site': 'none' }, 200],
    ['QUERY', { Origin: 'https://app.example.com' }, 200],
    // A form of a page with `Referrer-Policy: no-referrer`.
    ['POST', { 'Sec-Fetch-Site': 'same-origin', Origin: 'null' }, 200],
    ['POST', {}, 200],
  ])('answers a %s with %j: %d', async (method, headers, status) => {
    for (let times = 0; times < 2; times += 1) {
      expect((await ask(method, headers as Record<string, string>)).status).toBe(status)
    }
  })
})
