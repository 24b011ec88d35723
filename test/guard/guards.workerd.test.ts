import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import {
  createLocalKeySet,
  createRemoteKeySet,
  createSecretKeySet,
  createVerifier,
  type GuardedEnv,
  type GuardOptions,
  type OptionallyGuardedEnv,
  optionalAccessToken,
  refusalResponse,
  requireAccessToken,
  requireFreshLogin,
} from '../../src/index.ts'
import { keyRevocationId } from '../../src/token/access-token.ts'
import { importSecretSigningKey, publicJwkSet } from '../../src/token/signing-key.ts'
import { audience, createBinding, createSigningJwk, issuer, issueWith } from '../support/issuer.ts'
import { bearing, createFakeClock, secretKey } from '../support/service.ts'

const signing = await createSigningJwk()

/** Guards that check only tokens and keys. Those of revocation are tested in revocation/. */
const signatureOnly = { issuer, audience, revocation: 'none' } as const

interface Bindings {
  readonly AUTH: ReturnType<typeof createBinding>
}

function setUp(options: Partial<GuardOptions<Bindings>> = {}) {
  const clock = createFakeClock()
  const env: Bindings = { AUTH: createBinding(signing) }
  const guard = {
    ...signatureOnly,
    service: (bindings: Bindings) => bindings.AUTH,
    ...options,
  }
  const app = new Hono<{ Bindings: Bindings }>()
    .use('/api/*', requireAccessToken<Bindings, { plan?: string }>({ ...guard, runtime: clock }))
    .get('/api/me', (c) => c.json(c.var.auth))
    .get('/api/plan', (c) => c.text(c.var.auth.claims.plan ?? 'none'))
  const get = (token?: string, path = '/api/me') =>
    app.request(path, token === undefined ? {} : bearing(token), env)
  return { clock, env, app, get, issue: () => issueWith(signing, clock) }
}

describe('requireAccessToken', () => {
  it('gives the authentication to the handlers behind it', async () => {
    const { get, issue, clock } = setUp()
    const answer = await get(await issue())
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({
      subject: '7',
      sessionId: 's'.repeat(16),
      revocationIds: [
        expect.stringMatching(/^[\w-]{16}$/),
        's'.repeat(16),
        'g'.repeat(16),
        await keyRevocationId(signing.kid),
      ],
      claims: expect.objectContaining({ iss: issuer, aud: audience, exp: clock.now() + 900 }),
    })
  })

  it.each([
    ['no token', undefined, 401, 'token_missing', 'Bearer'],
    [
      'no bearer',
      'a b',
      401,
      'token_malformed',
      'Bearer error="invalid_request", error_description="Bearer token malformed."',
    ],
    [
      'no JWT',
      'abc',
      401,
      'token_invalid',
      'Bearer error="invalid_token", error_description="Invalid token. Please log in again."',
    ],
  ])(
    'answers %s with a challenge and problem details',
    async (_, token, status, code, challenge) => {
      const answer = await setUp().get(token)
      expect(answer.status).toBe(status)
      expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
      expect(answer.headers.get('WWW-Authenticate')).toBe(challenge)
      expect(answer.headers.get('Cache-Control')).toBe('no-store')
      expect(await answer.json()).toMatchObject({ title: 'Unauthorized', status, code })
    },
  )

  it('answers 503 without details while the keys are unavailable', async () => {
    const { env, get, issue } = setUp()
    env.AUTH.answerWith(() => new Response('<html>'))
    const answer = await get(await issue())
    expect(answer.status).toBe(503)
    expect(answer.headers.get('Retry-After')).toBe('5')
    expect(answer.headers.get('WWW-Authenticate')).toBeNull()
    expect(await answer.json()).toEqual({
      title: 'Service Unavailable',
      status: 503,
      detail: 'Tokens cannot be verified for the moment. Please try again.',
      code: 'unavailable',
    })
  })

  it("answers with the application's own answer, which gets the exact reason and the cure", async () => {
    const { env, get, issue } = setUp({
      onRefused: ({ reason, problem }, c) => c.json({ reason, problem }, 418),
    })
    expect(await (await get('abc')).json()).toEqual({ reason: 'token_not_canonical' })
    env.AUTH.answerWith(() => Response.json({ keys: [] }))
    const answer = await get(await issue())
    expect(answer.status).toBe(418)
    expect(await answer.json()).toEqual({
      reason: 'key_set_unavailable',
      problem: expect.stringContaining('set SIGNING_KEYS on the service'),
    })
  })

  it('keeps the headers that others have set on the answer', async () => {
    const clock = createFakeClock()
    const app = new Hono()
      .use(async (c, next) => {
        c.header('X-Mine', 'kept')
        await next()
      })
      .use(requireAccessToken({ issuer, audience, runtime: clock }))
    const answer = await app.request('/')
    expect([answer.status, answer.headers.get('X-Mine')]).toEqual([401, 'kept'])
  })

  it('refuses a token for another audience or of another issuer, signed with the same key', async () => {
    const { clock, get } = setUp()
    expect((await get(await issueWith(signing, clock, { audience: 'https://b' }))).status).toBe(401)
    expect((await get(await issueWith(signing, clock, { issuer: 'https://b' }))).status).toBe(401)
    const any = setUp({ audience: 'any' })
    expect(
      (await any.get(await issueWith(signing, any.clock, { audience: 'https://b' }))).status,
    ).toBe(200)
  })

  it("sends no request once it has the keys, and verifies a token's signature once", async () => {
    const { env, get, issue } = setUp()
    const token = await issue()
    for (let request = 0; request < 10; request += 1) await get(token)
    await get(await issue())
    expect(env.AUTH.asked).toHaveLength(1)
  })

  it('refuses a known token after its expiry', async () => {
    const { clock, get, issue } = setUp()
    const token = await issue()
    expect((await get(token)).status).toBe(200)
    clock.advance(899)
    expect((await get(token)).status).toBe(200)
    clock.advance(1)
    const answer = await get(token)
    expect([answer.status, (await answer.json()) as object]).toMatchObject([
      401,
      { code: 'token_expired' },
    ])
  })

  it('refuses a known token after its key is removed', async () => {
    const { clock, env, get } = setUp()
    const token = await issueWith(signing, clock, { accessTokenLifetimeSeconds: 3_600 })
    expect((await get(token)).status).toBe(200)
    env.AUTH.serve(await createSigningJwk())
    clock.advance(601)
    expect((await get(token)).status).toBe(200)
    await expect.poll(async () => (await get(token)).status).toBe(401)
  })

  it('gives claims that a request cannot change for the next one', async () => {
    const { clock } = setUp()
    const verifier = createVerifier({
      ...signatureOnly,
      keys: () => createLocalKeySet(publicJwkSet([signing])),
      runtime: clock,
    })
    const auth = await verifier.verify(await issueWith(signing, clock))
    expect(auth.ok && Object.isFrozen(auth.value) && Object.isFrozen(auth.value.claims)).toBe(true)
  })

  it('refuses the name that an option had until 0.5', () => {
    const options = { issuer: 'https://auth.example.com', audience: 'any', revocations: () => {} }
    expect(() => requireAccessToken(options)).toThrow(
      /has no option revocations; it has .*revocationSource/,
    )
  })

  it('is typed: handlers before it have no authentication', () => {
    const app = new Hono()
    // @ts-expect-error There is no guard in front of this handler.
    app.get('/open', (c) => c.json(c.var.auth.subject))
    app.get('/guarded', requireAccessToken({ issuer, audience }), (c) => {
      const subject: string = c.var.auth.subject
      // @ts-expect-error Custom claims are declared.
      const plan = c.var.auth.claims.plan
      return c.json({ subject, plan })
    })
    app.get('/maybe', optionalAccessToken({ issuer, audience }), (c) => {
      // @ts-expect-error There may be no token.
      const subject = c.var.auth.subject
      return c.json({ subject, known: c.var.auth?.subject })
    })
    const elsewhere = new Hono<GuardedEnv>().get('/', (c) => c.text(c.var.auth.subject))
    app.use('/orders', requireAccessToken({ issuer, audience })).route('/orders', elsewhere)
    new Hono<OptionallyGuardedEnv>().get('/', (c) => c.text(c.var.auth?.subject ?? ''))
    // The types of a chain have it for every path, guarded or not.
    const chain = new Hono().use('/guarded', requireAccessToken({ issuer, audience }))
    chain.get('/open', (c) => c.text(c.var.auth.subject))
    // @ts-expect-error The audience has to be said.
    expect(() => requireAccessToken({ issuer })).toThrow(TypeError)
  })
})

describe('optionalAccessToken', () => {
  it('lets in a request without a token, and refuses a bad one', async () => {
    const clock = createFakeClock()
    const keys = () => createLocalKeySet(publicJwkSet([signing]))
    const app = new Hono()
      .use(optionalAccessToken({ ...signatureOnly, keys, runtime: clock }))
      .get('/', (c) => c.text(c.var.auth?.subject ?? 'nobody'))
    expect(await (await app.request('/')).text()).toBe('nobody')
    const token = await issueWith(signing, clock)
    expect(await (await app.request('/', bearing(token))).text()).toBe('7')
    expect((await app.request('/', bearing('abc'))).status).toBe(401)
    clock.advance(900)
    expect((await app.request('/', bearing(token))).status).toBe(401)
  })
})

describe('a verifier', () => {
  const clock = createFakeClock()

  it('takes a request or a token, and gives refusals to code without Hono', async () => {
    const verifier = createVerifier({
      ...signatureOnly,
      service: (env: Bindings) => env.AUTH,
      runtime: clock,
    })
    const token = await issueWith(signing, clock)
    const context = { env: { AUTH: createBinding(signing) } }
    const request = new Request('https://api.example.com/', bearing(token))
    expect(await verifier.verify(request, context)).toMatchObject({
      ok: true,
      value: { subject: '7' },
    })
    expect(await verifier.verify(token, context)).toMatchObject({ ok: true })
    const refused = await verifier.verify(new Request('https://api.example.com/'), context)
    expect(refused).toMatchObject({ ok: false, error: { reason: 'token_missing', status: 401 } })
    const answer = refused.ok ? new Response() : refusalResponse(refused.error)
    expect([answer.status, answer.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer'])
  })

  it("verifies HS256 with the service's secret, in the service's Worker, also as a pipe leaves it", async () => {
    const signingKey = () => importSecretSigningKey(secretKey)
    const token = await issueWith(signing, clock, { signingKey })
    const keys = () => createSecretKeySet(`${secretKey}\n`)
    expect(
      await createVerifier({ ...signatureOnly, keys, runtime: clock }).verify(token),
    ).toMatchObject({
      ok: true,
    })
    const published = () => createLocalKeySet(publicJwkSet([signing]))
    const outcome = await createVerifier({
      ...signatureOnly,
      keys: published,
      runtime: clock,
    }).verify(token)
    expect(outcome).toMatchObject({ ok: false, error: { reason: 'token_key_unknown' } })
  })

  it('also verifies HS256 with the previous secret during an exchange', async () => {
    const signingKey = () => importSecretSigningKey(secretKey)
    const token = await issueWith(signing, clock, { signingKey })
    const reasonWith = async (...secrets: [string, string?]) => {
      const keys = () => createSecretKeySet(...secrets)
      const outcome = await createVerifier({ ...signatureOnly, keys, runtime: clock }).verify(token)
      return outcome.ok || outcome.error.reason
    }
    const next = `the next ${secretKey}`
    expect(await reasonWith(next, `${secretKey}\n`)).toBe(true)
    expect(await reasonWith(secretKey, next)).toBe(true)
    expect(await reasonWith(next, `${secretKey}!`)).toBe('token_signature_wrong')
    for (const none of [undefined, '']) {
      expect(await reasonWith(next, none)).toBe('token_signature_wrong')
    }
  })

  it('never uses the keys of one issuer for another', async () => {
    const other = 'https://other.example.com'
    const keys = () => createLocalKeySet(publicJwkSet([signing]))
    const ours = createVerifier({ ...signatureOnly, keys, runtime: clock })
    const strange = await createSigningJwk()
    const forged = await issueWith({ ...strange, kid: signing.kid }, clock)
    expect((await ours.verify(forged)).ok).toBe(false)
    const token = await issueWith(signing, clock)
    const theirs = createVerifier({ issuer: other, audience, keys, runtime: clock })
    expect((await ours.verify(token)).ok).toBe(true)
    expect((await theirs.verify(token)).ok).toBe(false)
  })

  it('refuses a fetched key set of another issuer', async () => {
    const keys = () => createRemoteKeySet({ issuer: 'https://other.example.com' })
    const verifier = createVerifier({ ...signatureOnly, keys, runtime: clock })
    expect(await verifier.verify('a.b.c')).toMatchObject({
      ok: false,
      error: {
        status: 503,
        problem: expect.stringMatching(/key set of https:\/\/other\.example\.com, and/),
      },
    })
  })

  it.each([
    [{ issuer: '', audience }, /issuer/],
    [{ issuer: 'auth', audience }, /issuer/],
    [{ issuer, audience: '' }, /audience/],
    [{ issuer: undefined as unknown as string, audience }, /issuer/],
    [{ issuer, audience: undefined as unknown as string }, /audience/],
  ])('refuses the options %j', (options, sentence) => {
    expect(() => createVerifier(options)).toThrow(sentence)
  })

  it.each([
    [null, /lacks now, nowMs, elapsedMs, delay, randomBytes/],
    [{}, /lacks now, nowMs, elapsedMs, delay, randomBytes/],
    [{ ...createFakeClock(), delay: undefined }, /runtime must have .* and lacks delay\./],
  ])('refuses the runtime %j', (broken, sentence) => {
    const runtime = broken as never
    const makers = [
      () => createVerifier({ issuer, audience, runtime }),
      () => requireAccessToken({ issuer, audience, runtime }),
      () => optionalAccessToken({ issuer, audience, runtime }),
    ]
    for (const make of makers) {
      expect(make).toThrow(TypeError)
      expect(make).toThrow(sentence)
    }
    expect(() => createRemoteKeySet({ issuer, runtime })).toThrow(/lacks .*delay/)
    expect(() => requireFreshLogin({ maxAgeSeconds: 1, runtime: {} as never })).toThrow(
      'runtime must have the functions now, and lacks now.',
    )
  })

  it.each(['', 'short', undefined as unknown as string])('refuses a secret like %j', (secret) => {
    expect(() => createSecretKeySet(secret)).toThrow(/at least 32 bytes/)
    const previous = secret || 'x'
    expect(() => createSecretKeySet(secretKey, previous)).toThrow(/at least 32 bytes/)
  })

  it.each([undefined, {}, { keys: [{ kty: 'RSA' }] }])('refuses a key set like %j', (set) => {
    expect(() => createLocalKeySet(set as never)).toThrow(TypeError)
  })
})
