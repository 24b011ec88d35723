// An application that creates its own guards once, without any test code. Each test has its own
// issuer in the place of the binding, as in an application's tests.

import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import {
  type Authentication,
  createSecretKeySet,
  createVerifier,
  requireAccessToken,
  requireFreshLogin,
  type ServiceBinding,
} from '../../src/index.ts'
import { createTestIssuer, type TestIssuer } from '../../src/testing.ts'

interface Bindings {
  readonly AUTH: ServiceBinding
}

const options = {
  issuer: 'https://auth.test',
  audience: 'https://auth.test',
  service: ({ AUTH }: Bindings) => AUTH,
}
const verifier = createVerifier(options)
const app = new Hono<{ Bindings: Bindings }>()
  .use('/', requireAccessToken(options))
  .use('/strict', requireAccessToken({ ...options, revocation: 'strict' }))
  .use('/none', requireAccessToken({ ...options, revocation: 'none' }))
  .use('/lenient', requireAccessToken({ ...options, revocation: { acceptStaleSeconds: 600 } }))
  .use('/fresh', requireAccessToken(options), requireFreshLogin({ maxAgeSeconds: 300 }))
  .all('*', (c) => c.text('in'))

async function ask(issuer: TestIssuer, token: string, path = '/') {
  const headers = { Authorization: `Bearer ${token}` }
  const answer = await app.request(path, { headers }, { AUTH: issuer.service })
  const { code } =
    answer.status === 200 ? { code: undefined } : await answer.json<{ code: string }>()
  return code ?? answer.status
}

const paths = ['/', '/strict', '/none', '/lenient', '/fresh']
const askAll = async (issuer: TestIssuer, token: string) => {
  const answers = []
  for (const path of paths) answers.push(await ask(issuer, token, path))
  return answers
}

describe('a guard of the application, with one test issuer after another', () => {
  it.each([1, 2, 3])('lets time pass with `advance`: the token expires (issuer %i)', async () => {
    const issuer = createTestIssuer()
    const token = await issuer.token()
    issuer.advance(898)
    expect(await ask(issuer, token)).toBe(200)
    issuer.advance(2)
    expect(await ask(issuer, token)).toBe('token_expired')
    expect(await ask(issuer, await issuer.token())).toBe(200)
  })

  it.each([1, 2, 3])('knows its revocations at once, and no others (issuer %i)', async () => {
    const issuer = createTestIssuer()
    const [one, other] = [await issuer.token(), await issuer.token()]
    issuer.revoke(one)
    expect(await askAll(issuer, one)).toEqual(
      paths.map((path) => (path === '/none' ? 200 : 'token_revoked')),
    )
    expect(await askAll(issuer, other)).toEqual(paths.map(() => 200))
  })

  it.each([1, 2, 3])('learns what is revoked elsewhere within its bound (issuer %i)', async () => {
    const issuer = createTestIssuer()
    const token = await issuer.token()
    expect(await ask(issuer, token)).toBe(200)
    issuer.revoke(token, { elsewhere: true })
    expect(await ask(issuer, token)).toBe(200)
    issuer.advance(10)
    expect(await ask(issuer, token)).toBe('token_revoked')
  })

  it.each([1, 2, 3])('becomes stale, and recovers at once (issuer %i)', async () => {
    const issuer = createTestIssuer()
    const token = await issuer.token()
    expect(await askAll(issuer, token)).toEqual(paths.map(() => 200))
    issuer.goStale()
    const away = 'unavailable'
    expect(await askAll(issuer, token)).toEqual([away, away, 200, 200, away])
    issuer.recover()
    expect(await ask(issuer, token)).toBe(200)
    expect(await ask(issuer, token, '/strict')).toBe(200)
  })

  it('still refuses revoked and expired tokens while the service is away', async () => {
    const issuer = createTestIssuer()
    const [revoked, other] = [await issuer.token(), await issuer.token()]
    const brief = await issuer.token({ exp: issuer.runtime.now() + 300 })
    issuer.revoke(revoked, { elsewhere: true })
    issuer.advance(10)
    expect([await ask(issuer, revoked), await ask(issuer, other)]).toEqual(['token_revoked', 200])
    expect(await ask(issuer, brief)).toBe(200)
    issuer.goStale()
    expect(await ask(issuer, revoked)).toBe('token_revoked')
    expect(await ask(issuer, brief)).toBe('token_expired')
    expect(await ask(issuer, other)).toBe('unavailable')
  })

  it.each([{ revocation: 'none' }, { revocation: { acceptStaleSeconds: 600 } }] as const)(
    'refuses every token while the service is away and a guard with %j has no keys yet',
    async (policy) => {
      const issuer = createTestIssuer({ issuer: 'https://never-asked.test' })
      const { audience, service } = issuer.options
      const cold = new Hono().use(
        requireAccessToken({ issuer: issuer.issuer, audience, service, ...policy }),
      )
      issuer.goStale()
      const headers = { Authorization: `Bearer ${await issuer.token()}` }
      expect((await cold.request('/', { headers })).status).toBe(503)
    },
  )

  it('does not affect a guard with keys of its own', async () => {
    const issuer = createTestIssuer()
    const keys = () => createSecretKeySet('correct horse battery staple 0123456789')
    const own = new Hono().use(requireAccessToken({ ...issuer.options, keys }))
    const headers = { Authorization: `Bearer ${await issuer.token()}` }
    expect((await own.request('/', { headers })).status).toBe(401)
  })

  it('starts fresh with an issuer after one that stayed away', async () => {
    const away = createTestIssuer()
    away.goStale()
    const cold = new Hono<{ Bindings: Bindings }>().use(requireAccessToken(options))
    cold.get('/', (c) => c.text('in'))
    const askCold = async (issuer: TestIssuer) => {
      const headers = { Authorization: `Bearer ${await issuer.token()}` }
      return (await cold.request('/', { headers }, { AUTH: issuer.service })).status
    }
    expect([await askCold(away), await askCold(away)]).toEqual([503, 503])
    expect(await askCold(createTestIssuer())).toBe(200)
  })

  it('treats two issuers of one name as one, in any order', async () => {
    const [one, other] = [createTestIssuer(), createTestIssuer()]
    const tokens = [await one.token(), await other.token(), await one.token()]
    const [first = '', second = '', third = ''] = tokens
    expect([await ask(one, second), await ask(other, first)]).toEqual([200, 200])
    one.revoke(third, { elsewhere: true })
    other.advance(10)
    expect([await ask(other, third), await ask(one, first)]).toEqual(['token_revoked', 200])
  })

  it('asks for the password again once the login is old', async () => {
    const issuer = createTestIssuer()
    const token = await issuer.token()
    issuer.advance(299)
    expect(await ask(issuer, token, '/fresh')).toBe(200)
    issuer.advance(2)
    expect(await ask(issuer, token, '/fresh')).toBe('login_not_fresh')
    expect(await ask(issuer, await issuer.token(), '/fresh')).toBe(200)
  })

  it('tells a long connection when it has to end', async () => {
    const issuer = createTestIssuer()
    const context = { env: { AUTH: issuer.service } }
    const verified = await verifier.verify(await issuer.token(), context)
    const { value } = verified as { value: Authentication }
    const token = await issuer.token({ sid: value.sessionId })
    expect(await verifier.isRevoked(value, context)).toBe(false)
    issuer.revoke(token, { elsewhere: true })
    expect(await verifier.isRevoked(value, context)).toBe(false)
    issuer.advance(10)
    expect(await verifier.isRevoked(value, context)).toBe(true)
  })
})
