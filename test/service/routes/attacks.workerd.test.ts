// The same attacks on every route, from the list of routes. A route that is added later is attacked
// as well.

import { describe, expect, it } from 'vitest'
import { catalogue } from '../../../src/errors/catalogue.ts'
import { pathUnder } from '../../../src/service/http/mount-routes.ts'
import { goodBody, mountedRoutes } from '../../support/route-requests.ts'
import { ask, bearing, createTestService, logout, registerAccount } from '../../support/service.ts'

const { app, clock, log } = await createTestService({ CORS_ORIGINS: 'https://app.example.com' })
const named = mountedRoutes.map(({ family, route }) => {
  const path = pathUnder('', family, route)
  const body = JSON.stringify(goodBody(route, {}))
  return { ...route, path, name: `${route.method} ${path}`, body }
})
const paths = [...new Set(named.map(({ path }) => path))]
const documentedStatuses = new Set(
  Object.values(catalogue).flatMap((entry) => [
    entry.status,
    'standard' in entry && 'status' in entry.standard ? entry.standard.status : entry.status,
  ]),
)

/** Public documents that clients may store, in formats of their own. */
const documents = named
  .filter(({ hasEtag, asksDatabase }) => hasEtag && !asksDatabase)
  .map(({ path }) => path)
const takeToken = named.filter(({ credential }) =>
  ['access_token', 'session_tokens'].includes(credential),
)

const bodies: [string, RequestInit][] = [
  ['no body', {}],
  ['an empty object', { headers: { 'Content-Type': 'application/json' }, body: '{}' }],
  ['a list', { headers: { 'Content-Type': 'application/json' }, body: '[]' }],
  ['null', { headers: { 'Content-Type': 'application/json' }, body: 'null' }],
  ['deep nesting', { headers: { 'Content-Type': 'application/json' }, body: '['.repeat(16_000) }],
  [
    'bytes that are not UTF-8',
    { headers: { 'Content-Type': 'application/json' }, body: new Uint8Array([0xff, 0xfe]) },
  ],
  ['a form', { body: new URLSearchParams({ email: 'a@b', password: 'x' }) }],
  ['too much', { headers: { 'Content-Type': 'application/json' }, body: 'x'.repeat(16_385) }],
  [
    'numbers for text',
    { headers: { 'Content-Type': 'application/json' }, body: '{"email":1,"password":2}' },
  ],
  [
    'half a character',
    {
      headers: { 'Content-Type': 'application/json' },
      body: '{"email":"\\ud800@example.com","password":"\\ud800 and more"}',
    },
  ],
  [
    'a prototype',
    {
      headers: { 'Content-Type': 'application/json' },
      body: '{"__proto__":{"email":"a@b.c","password":"12345678"}}',
    },
  ],
]
const tokens = [
  ['', 'nothing'],
  ['Bearer', 'no token'],
  ['Bearer ', 'an empty token'],
  ['Basic YTpi', 'another scheme'],
  ['Bearer a b', 'two tokens'],
  ['Bearer ..', 'dots'],
  ['Bearer eyJhbGciOiJub25lIn0.e30.', 'no algorithm'],
  [`Bearer ${'A'.repeat(8_000)}`, 'a long token'],
] as const

describe.each(named)('$name', ({ method, path }) => {
  it.each(bodies)('answers %s as documented', async (_, init) => {
    if (method !== 'POST') return expectDocumented(await ask(app, path, { method }))
    expectDocumented(await ask(app, path, { method, ...init }))
  })

  it('answers every other method with the allowed ones', async () => {
    const all = ['PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY']
    for (const other of all.filter((candidate) => candidate !== method)) {
      const { status, headers, body } = await ask(app, path, { method: other })
      const said = path.startsWith('/oauth/') ? body.error : body.code
      expect([status, said]).toEqual([
        405,
        path.startsWith('/oauth/') ? 'invalid_request' : 'method_not_allowed',
      ])
      expect(headers.get('Allow')?.split(', ')).toContain(method)
    }
  })

  it('answers nothing below itself', async () => {
    // Below the sessions is the path of a single session, which answers other methods.
    const status = path === '/auth/sessions' ? 405 : 404
    expect((await ask(app, `${path}/more`, { method })).status).toBe(status)
    expect((await ask(app, `${path}/`, { method })).status).toBe(404)
  })
})

describe.each(takeToken)('$name, which takes a token,', ({ method, path, body }) => {
  const presenting = (headers: Record<string, string>): RequestInit =>
    method === 'POST'
      ? { method, headers: { 'Content-Type': 'application/json', ...headers }, body }
      : { method, headers }

  it.each(tokens)('refuses %j: %s', async (authorization) => {
    const headers: Record<string, string> = authorization ? { Authorization: authorization } : {}
    const answer = await ask(app, path, presenting(headers))
    expectDocumented(answer)
    expect(answer.status).toBeOneOf([401, 403])
  })

  it('reads a token only from the header', async () => {
    const { token } = await registerAccount(app)
    const places: [string, RequestInit][] = [
      [`${path}?access_token=${token}&token=${token}`, {}],
      [path, { headers: { Cookie: `__Host-access_token=${token}; access_token=${token}` } }],
      [path, { headers: { 'X-Access-Token': token } }],
    ]
    if (method === 'POST') {
      places.push([path, { body: new URLSearchParams({ access_token: token }) }])
    }
    for (const [place, init] of places) {
      expect((await ask(app, place, { method, ...init })).status).toBeOneOf([401, 403])
    }
  })

  it('refuses an expired token, and a forged one, in the words of the contract', async () => {
    const { token } = await registerAccount(app)
    clock.advance(900)
    expect((await ask(app, path, presenting(bearing(token).headers))).body.code).toBe(
      'token_expired',
    )
    const forged = `${token.slice(0, -9)}AAAAAAAAA`
    expect((await ask(app, path, presenting(bearing(forged).headers))).body.code).toBe(
      'token_invalid',
    )
  })

  it('refuses a revoked token', async () => {
    const { token } = await registerAccount(app)
    expect((await logout(app, token)).status).toBe(200)
    const { status, body } = await ask(app, path, presenting(bearing(token).headers))
    expect([status, body.code]).toEqual([401, 'token_revoked'])
  })
})

describe('a path without a route', () => {
  it.each([
    ['/oauth/nowhere', 'error', 'invalid_request'],
    ['/oauth', 'error', 'invalid_request'],
    ['/oauthing', 'code', 'not_found'],
    ['/auth/nowhere', 'code', 'not_found'],
  ])('%s is refused in the form of its family', async (path, member, word) => {
    const { status, body } = await ask(app, path)
    expect([status, body[member]]).toEqual([404, word])
  })
})

describe('the list of routes', () => {
  it('has every route that the app has', () => {
    const mounted = app.routes.filter(({ method }) => method !== 'ALL')
    expect(new Set(mounted.map(({ method, path }) => `${method} ${path}`))).toEqual(
      new Set(named.map(({ name }) => name)),
    )
  })
})

describe('every answer', () => {
  it.each([
    ...paths,
    '/',
    '/nowhere',
    '/auth',
    '/auth/nowhere',
    '/auth/%2e%2e/health',
    '/auth//login',
  ])(
    'at %s carries a request id and the security headers, and is stored only where allowed',
    async (path) => {
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
        const { status, headers } = await ask(app, path, { method })
        expect(headers.get('X-Request-Id')).toMatch(/^[\w-]{16}$/)
        expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
        expect(headers.get('Strict-Transport-Security')).toContain('max-age=')
        const isPublic = documents.includes(path) && status === 200
        const caching = isPublic ? 'public, max-age=60, must-revalidate' : 'no-store'
        expect(headers.get('Cache-Control')).toBe(caching)
      }
    },
  )

  it('writes one line in the log, without what the client sent', async () => {
    const before = log.length
    const canary = 'canary-4711'
    await ask(app, `/auth/${canary}?token=${canary}`, bearing(canary))
    await ask(app, `/auth/login?x=${canary}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Cookie: canary, 'X-Request-Id': `${canary}!` },
      body: JSON.stringify({ email: `${canary}@example.com`, password: canary }),
    })
    const lines = log.slice(before).map((line) => JSON.parse(line))
    expect(lines).toMatchObject([
      { event: 'request', method: 'GET', status: 404, reason: 'not_found' },
      { event: 'request', method: 'POST', route: '/auth/login', reason: 'invalid_credentials' },
    ])
    expect(JSON.stringify(lines)).not.toContain(canary)
  })
})

function expectDocumented({ status, headers, body }: Awaited<ReturnType<typeof ask>>) {
  expect([200, 201, ...documentedStatuses]).toContain(status)
  expect(status).toBeLessThan(500)
  expect(headers.get('Content-Type')).toMatch(/^application\/(jwk-set\+)?json/)
  if (!('status' in body))
    return expect(['keys', 'issuer', 'error', 'openapi']).toContain(Object.keys(body)[0])
  expect(body.status).toBe(status < 202 ? 'success' : 'fail')
}
