import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import type { SigningJwk } from '../../../src/token/signing-key.ts'
import { createSigningJwk } from '../../support/issuer.ts'
import {
  type Answer,
  ask,
  bearing,
  createTestService,
  freshEmail,
  post,
  refreshWith,
  registerAccount,
  tokensOf,
} from '../../support/service.ts'

const active = await createSigningJwk('ES256', 'active')
const next = await createSigningJwk('EdDSA', 'next')
const retired = await createSigningJwk('ES256', 'retired')
const keySetPath = '/.well-known/jwks.json'

function serving(...keys: readonly object[]) {
  return createTestService({ SIGNING_KEYS: JSON.stringify({ keys }) })
}

describe('the key set', () => {
  it('publishes the public halves of all three keys, and nothing else of them', async () => {
    const { body } = await ask((await serving(next, active, retired)).app, keySetPath)
    const members = ['alg', 'crv', 'kid', 'kty', 'use', 'x']
    expect((body.keys as SigningJwk[]).map(({ kid }) => kid)).toEqual([
      next.kid,
      active.kid,
      retired.kid,
    ])
    expect((body.keys as object[]).map((key) => Object.keys(key).sort())).toEqual([
      members,
      [...members, 'y'],
      [...members, 'y'],
    ])
  })

  it('is empty with SECRET_KEY alone', async () => {
    const { status, body } = await ask((await createTestService()).app, keySetPath)
    expect([status, body]).toEqual([200, { keys: [] }])
  })

  it('may be cached for a minute, and answers 304 when it has not changed', async () => {
    const { app } = await serving(active)
    const { headers } = await ask(app, keySetPath)
    expect(headers.get('Content-Type')).toBe('application/jwk-set+json')
    expect(headers.get('Cache-Control')).toBe('public, max-age=60, must-revalidate')
    const etag = headers.get('ETag') ?? ''
    expect(etag).toMatch(/^"[^"]+"$/)
    const again = await app.request(keySetPath, { headers: { 'If-None-Match': etag } })
    expect([again.status, await again.text()]).toEqual([304, ''])
    const other = await (await serving(next, active)).app.request(keySetPath, {
      headers: { 'If-None-Match': etag },
    })
    expect(other.status).toBe(200)
  })
})

describe('the metadata', () => {
  it('says where the key set and the standard endpoints are (RFC 8414)', async () => {
    const { status, body } = await ask(
      (await createTestService()).app,
      '/.well-known/oauth-authorization-server',
    )
    expect(status).toBe(200)
    expect(body).toEqual({
      issuer: 'https://auth.example.com',
      jwks_uri: 'https://auth.example.com/.well-known/jwks.json',
      response_types_supported: [],
      grant_types_supported: [],
      revocation_endpoint: 'https://auth.example.com/oauth/revoke',
      revocation_endpoint_auth_methods_supported: [
        'none',
        'client_secret_basic',
        'client_secret_post',
      ],
      introspection_endpoint: 'https://auth.example.com/oauth/introspect',
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    })
  })

  it('is in front of the path of an issuer that has one, and everything else below that path', async () => {
    const { app } = await createTestService({ ISSUER: 'https://example.com/id' })
    const { body } = await ask(app, '/.well-known/oauth-authorization-server/id')
    expect(body.jwks_uri).toBe('https://example.com/id/.well-known/jwks.json')
    expect((await ask(app, '/id/.well-known/jwks.json')).status).toBe(200)
    expect((await ask(app, '/id/health')).status).toBe(200)
    expect((await ask(app, '/id/auth/status')).status).toBe(401)
    const revocation = await ask(app, '/id/oauth/revoke', { method: 'POST' })
    expect([revocation.status, revocation.body.error]).toEqual([400, 'invalid_request'])
    expect((await ask(app, '/auth/status')).status).toBe(404)
  })

  it('is in front of every path that an issuer may have', async () => {
    const path = '/v1.0/~Team_a-2'
    const { app } = await createTestService({ ISSUER: `https://example.com${path}` })
    const metadata = await ask(app, `/.well-known/oauth-authorization-server${path}`)
    expect(metadata.body.jwks_uri).toBe(`https://example.com${path}/.well-known/jwks.json`)
    expect((await ask(app, `${path}/auth/status`)).status).toBe(401)
    expect((await ask(app, '/v1x0/~Team_a-2/auth/status')).status).toBe(404)
  })
})

describe('SIGNING_KEYS', () => {
  it.each(['ES256', 'EdDSA'] as const)(
    'signs with the active key (%s), for anybody to verify',
    async (alg) => {
      const signing = await createSigningJwk(alg)
      const { app } = await serving(retired, next, signing)
      const { token } = await registerAccount(app)
      expect(decodeProtectedHeader(token)).toEqual({ alg, typ: 'JWT', kid: signing.kid })
      const { body } = await ask(app, keySetPath)
      const keySet = createLocalJWKSet(body as unknown as Parameters<typeof createLocalJWKSet>[0])
      const { payload } = await jwtVerify(token, keySet, { issuer: 'https://auth.example.com' })
      expect(payload.sub).toMatch(/^\d+$/)
      expect((await ask(app, '/auth/status', bearing(token))).status).toBe(200)
    },
  )

  it('accepts a key with the algorithm Ed25519, and publishes it as EdDSA (RFC 9864)', async () => {
    const signing = await createSigningJwk('EdDSA')
    const { app } = await serving({ ...signing, alg: 'Ed25519' })
    const { token } = await registerAccount(app)
    expect(decodeProtectedHeader(token).alg).toBe('EdDSA')
    const { body } = await ask(app, keySetPath)
    expect(body.keys).toMatchObject([{ kid: signing.kid, alg: 'EdDSA' }])
  })

  it('still verifies tokens of retired keys, and already those of the next key', async () => {
    const { app } = await serving(next, active, retired)
    const before = (await createTestService()).app
    const others = [
      (await serving({ ...retired, state: 'active' })).app,
      (await serving({ ...next, state: 'active' })).app,
    ]
    for (const issuing of others) {
      const { token } = await registerAccount(issuing)
      expect((await ask(app, '/auth/status', bearing(token))).status).toBe(200)
    }
    const { token } = await registerAccount(app)
    expect((await ask(before, '/auth/status', bearing(token))).status).toBe(401)
  })
})

describe('a service that gets SIGNING_KEYS', () => {
  const keys = { SIGNING_KEYS: JSON.stringify({ keys: [active] }) }

  it('refuses tokens that SECRET_KEY has signed, until the client refreshes', async () => {
    const { token, refreshToken } = await registerAccount((await createTestService()).app)
    const { app } = await createTestService(keys)
    const refused = await ask(app, '/auth/status', bearing(token))
    expect([refused.status, refused.body.code]).toEqual([401, 'token_invalid'])
    const refreshed = tokensOf(await refreshWith(app, refreshToken))
    expect(decodeProtectedHeader(refreshed.token).alg).toBe('ES256')
    expect((await ask(app, '/auth/status', bearing(refreshed.token))).status).toBe(200)
  })

  it('refuses them in cookies as well, and accepts them there as the proof for a refresh', async () => {
    const inCookies = { TOKEN_TRANSPORT: 'cookie' }
    const account = { email: freshEmail(), password: 'a good password' }
    const before = await post((await createTestService(inCookies)).app, '/auth/register', account)
    const { app } = await createTestService({ ...inCookies, ...keys })
    const statusOf = (Cookie: string) => ask(app, '/auth/status', { headers: { Cookie } })
    const cookie = cookiesOf(before)
    expect((await statusOf(cookie)).status).toBe(401)
    const headers = { 'Content-Type': 'application/json', Cookie: cookie }
    const refreshed = await ask(app, '/auth/refresh', { method: 'POST', headers })
    expect(refreshed.status).toBe(200)
    expect((await statusOf(cookiesOf(refreshed))).status).toBe(200)
    expect((await ask(app, '/auth/logout', { method: 'POST', headers })).status).toBe(200)
    expect((await statusOf(cookiesOf(refreshed))).status).toBe(401)
  })
})

/** The cookies that the browser sends back: names and values. */
function cookiesOf({ headers }: Answer): string {
  const set = headers.getSetCookie().filter((cookie) => !cookie.includes('; Max-Age=0;'))
  return set.map((cookie) => cookie.split(';')[0]).join('; ')
}

describe('the public documents', () => {
  const documents = [keySetPath, '/.well-known/oauth-authorization-server', '/openapi.json']
  const headers = { Origin: 'https://anybody.example.net' }

  it.each([
    {},
    { CORS_ORIGINS: 'https://app.example.com' },
    { CORS_ORIGINS: 'https://app.example.com', TOKEN_TRANSPORT: 'cookie' },
  ])('are readable for pages of all origins, without credentials: %j', async (settings) => {
    const { app } = await createTestService(settings)
    for (const path of documents) {
      for (const Origin of [headers.Origin, 'https://app.example.com']) {
        const answer = await app.request(path, { headers: { Origin } })
        expect(answer.status).toBe(200)
        expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*')
        expect(answer.headers.get('Access-Control-Allow-Credentials')).toBeNull()
        const again = { ...headers, 'If-None-Match': answer.headers.get('ETag') ?? '' }
        const unchanged = await app.request(path, { headers: again })
        expect(unchanged.status).toBe(304)
        expect(unchanged.headers.get('Access-Control-Allow-Origin')).toBe('*')
      }
    }
  })

  it('are readable under an issuer with a path, and are the only such routes', async () => {
    const { app } = await createTestService({ ISSUER: 'https://example.com/id' })
    const originOf = async (path: string) =>
      (await app.request(path, { headers })).headers.get('Access-Control-Allow-Origin')
    expect(await originOf(`/id${keySetPath}`)).toBe('*')
    expect(await originOf('/.well-known/oauth-authorization-server/id')).toBe('*')
    expect(await originOf('/id/auth/status')).toBeNull()
    expect(await originOf('/id/auth/feed/snapshot/0')).toBeNull()
    expect(await originOf(keySetPath)).toBeNull()
  })
})
