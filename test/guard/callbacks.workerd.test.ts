// Functions of the application that throw or give invalid values. No request is let in because of
// that. Nothing stays pending, and the next request works as before.

import { createExecutionContext } from 'cloudflare:test'
import { Hono } from 'hono'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createLocalKeySet,
  createVerifier,
  type GuardOptions,
  requireAccessToken,
  type VerificationContext,
} from '../../src/index.ts'
import { createTestIssuer } from '../../src/testing.ts'

const log = vi.spyOn(console, 'error').mockImplementation(() => {})
const lines = () => log.mock.calls.splice(0).map(([line]) => JSON.parse(String(line)))
beforeEach(() => log.mockClear())

const fail = (): never => {
  throw new Error('It is broken.')
}

function setUp(options: Partial<GuardOptions> = {}) {
  const issuer = createTestIssuer()
  const asked: string[] = []
  const service = {
    fetch(request: Request) {
      asked.push(new URL(request.url).pathname)
      return issuer.service.fetch(request)
    },
  }
  const verifier = createVerifier({ ...issuer.options, service: () => service, ...options })
  const verify = async (context: VerificationContext = {}) => {
    const auth = await verifier.verify(await issuer.token(), context)
    return auth.ok ? 'let in' : auth.error
  }
  return { issuer, asked, verifier, verify }
}

describe('waitUntil of an ExecutionContext, without the context', () => {
  const { waitUntil } = createExecutionContext()

  it('is explained in the log once, and lets in the same requests', async () => {
    expect(() => waitUntil(Promise.resolve())).toThrow(TypeError)
    const { verify } = setUp()
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => verify({ waitUntil })))
    expect(new Set(outcomes)).toEqual(new Set(['let in']))
    expect(await verify({ waitUntil })).toBe('let in')
    expect(lines()).toEqual([
      {
        event: 'wait_until_failed',
        problem: expect.stringMatching(/waitUntil: \(work\) => ctx\.waitUntil\(work\)/),
      },
    ])
  })

  it('leaves background work to a request that waits for it', async () => {
    const { issuer, asked, verify } = setUp({ revocation: { maxStalenessSeconds: 10 } })
    const background: Promise<unknown>[] = []
    expect(await verify({ waitUntil: (work) => void background.push(work) })).toBe('let in')
    await Promise.all(background)
    asked.splice(0)
    issuer.advance(6)
    expect([await verify({ waitUntil }), asked]).toEqual(['let in', []])
    issuer.advance(5)
    const outcomes = await Promise.all([verify({ waitUntil }), verify({ waitUntil })])
    expect([outcomes, asked.length > 0]).toEqual([['let in', 'let in'], true])
  })

  it('works as a method of the context', async () => {
    const { asked, verify } = setUp()
    expect(await verify(createExecutionContext())).toBe('let in')
    expect([asked.length > 0, lines()]).toEqual([true, []])
  })
})

describe.each([{ revocation: 'strict' }, {}] as const)('a verifier with %j', (policy) => {
  it.each([
    ['service throws', fail],
    ['service gives nothing', () => undefined as never],
    ['the binding throws', () => ({ fetch: fail })],
    ['the binding gives no promise', () => ({ fetch: () => 7 as never })],
    ['the binding gives no response', () => ({ fetch: async () => undefined as never })],
  ])('answers 503 while %s, and works afterwards', async (_, broken) => {
    let isBroken = true
    const { issuer, verify } = setUp()
    const serviceOf = () => (isBroken ? broken() : issuer.service)
    const verifier = createVerifier({ ...issuer.options, ...policy, service: serviceOf })
    const token = await issuer.token()
    expect(await verifier.verify(token)).toMatchObject({
      ok: false,
      error: { reason: 'key_set_unavailable', problem: expect.stringMatching(/key set at /) },
    })
    expect(lines()).toMatchObject([{ event: 'key_set_unavailable' }])
    isBroken = false
    issuer.advance(1)
    expect((await verifier.verify(token)).ok).toBe(true)
    expect(await verify()).toBe('let in')
  })

  const keySet = { current: () => undefined, find: fail }

  it.each([
    ['keys throws', fail],
    ['keys gives nothing', () => undefined as never],
    ['keys has no keys', () => createLocalKeySet({ keys: [] })],
    ['keys are of another issuer', () => ({ ...keySet, issuer: 'https://other.test' })],
    ['a key set throws', () => keySet],
    ['a key set throws at once', () => ({ ...keySet, current: fail })],
  ])('answers 503 while %s, with one line in the log', async (_, keys) => {
    const { verify } = setUp({ ...policy, keys })
    for (let request = 0; request < 3; request += 1) {
      expect(await verify()).toMatchObject({
        status: 503,
        problem: expect.stringMatching(
          /^The verifier failed: .*; check its options, and that Node is 22\.12 or newer\.$/,
        ),
      })
    }
    expect(lines()).toMatchObject([{ event: 'verifier_failed' }])
  })

  const mute = { ok: false, reason: 'as in 0.5' } as never
  const parts = { pull: async () => mute, check: async () => mute }

  it.each([
    ['throws', fail],
    ['gives nothing', () => undefined as never],
    ['throws when it is asked', () => ({ pull: fail, check: fail })],
    ['rejects', () => ({ pull: async () => fail(), check: async () => fail() })],
    ['answers nothing', () => ({ pull: async () => mute, check: async () => undefined as never })],
    ['answers in another form', () => parts],
    ['does not say', () => ({ ...parts, check: async () => ({ ok: true, value: {} }) as never })],
    [
      'does not say by which clock',
      () => ({ ...parts, check: async () => ({ ok: true, value: { isRevoked: false } }) as never }),
    ],
  ])('refuses every token while revocationSource %s', async (_, revocationSource) => {
    const { verify } = setUp({ ...policy, revocationSource })
    const outcomes = [await verify(), await verify()]
    expect(outcomes).toMatchObject([
      { reason: 'revocations_unavailable' },
      { reason: 'revocations_unavailable' },
    ])
    expect(lines().map(({ event }) => event)).toContain('revocation_check_failed')
  })

  it('asks revocationSource again after it has thrown', async () => {
    let isBroken = true
    const value = { isRevoked: false, nowMs: 0 }
    const { issuer, verify } = setUp({
      ...policy,
      revocationSource: () => (isBroken ? fail() : source),
    })
    const source = {
      ...parts,
      check: async () =>
        ({ ok: true, value: { ...value, nowMs: issuer.runtime.nowMs() } }) as const,
    }
    expect(await verify()).toMatchObject({ reason: 'revocations_unavailable' })
    isBroken = false
    issuer.advance(1)
    expect(await verify()).toBe('let in')
  })
})

describe('a guard', () => {
  it('decides by what it knows while revocationSource throws', async () => {
    const issuer = createTestIssuer()
    let isBroken = false
    const own = createTestIssuerSource(issuer)
    const app = new Hono()
      .use(
        requireAccessToken({
          ...issuer.options,
          revocationSource: () => ({
            pull: (after) => (isBroken ? fail() : own.pull(after)),
            check: fail,
          }),
        }),
      )
      .get('/', (c) => c.text('in'))
    const token = await issuer.token()
    const ask = async () =>
      (await app.request('/', { headers: { Authorization: `Bearer ${token}` } })).status
    await ask()
    await vi.waitFor(async () => expect(await ask()).toBe(200))
    isBroken = true
    issuer.advance(6)
    expect([await ask(), await ask()]).toEqual([200, 200])
    issuer.advance(5)
    expect(await ask()).toBe(503)
    isBroken = false
    issuer.advance(5)
    expect(await ask()).toBe(200)
  })

  it("lets nobody in when the application's refusal fails", async () => {
    const issuer = createTestIssuer()
    const app = new Hono()
      .use(requireAccessToken({ ...issuer.options, onRefused: fail }))
      .get('/', (c) => c.text('in'))
    expect((await app.request('/')).status).toBe(500)
    const headers = { Authorization: `Bearer ${await issuer.token()}` }
    expect((await app.request('/', { headers })).status).toBe(200)
  })
})

/** An empty feed, by the issuer's clock. */
function createTestIssuerSource(issuer: ReturnType<typeof createTestIssuer>) {
  return {
    async pull(after: number) {
      const nowMs = issuer.runtime.nowMs()
      const place = { first: 1, head: 0, from: after + 1, through: 0 }
      return { ok: true, value: { ...place, epoch: 'e', nowMs, rows: [], ageMs: 0 } } as const
    },
  }
}
