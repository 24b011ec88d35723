// Guards over a feed in memory, with a clock that tests advance: what each policy lets in, and what
// it asks.

import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createVerifier,
  type GuardRefusal,
  type RevocationOption,
  requireAccessToken,
} from '../../../src/index.ts'
import { createTestIssuer } from '../../../src/testing.ts'

const log = vi.spyOn(console, 'error').mockImplementation(() => {})
beforeEach(() => {
  log.mockClear()
  // Time passes only where a test advances it, however slow the machine is.
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
})
afterEach(() => void vi.useRealTimers())

/** A guarded app over a feed that records its questions. */
function setUp(revocation?: RevocationOption) {
  const issuer = createTestIssuer()
  const asked: string[] = []
  const background: Promise<unknown>[] = []
  const service = {
    async fetch(request: Request) {
      const { pathname, searchParams } = new URL(request.url)
      const path = pathname.replace('/auth/feed/', '')
      if (path !== '/.well-known/jwks.json') {
        asked.push(path + (searchParams.has('follow') ? ', followed' : ''))
      }
      return issuer.service.fetch(request)
    },
  }
  const refusals: GuardRefusal[] = []
  const guard = requireAccessToken({
    ...issuer.options,
    service: () => service,
    ...(revocation && { revocation }),
    onRefused(refusal, c) {
      refusals.push(refusal)
      return c.text(refusal.reason, refusal.status)
    },
  })
  const app = new Hono().use(guard).get('/', (c) => c.text(c.var.auth.subject))
  const context = {
    waitUntil: (work: Promise<unknown>) => void background.push(work),
    passThroughOnException() {},
    props: {},
  }
  const ask = async (token: string) => {
    const headers = { Authorization: `Bearer ${token}` }
    return (await app.request('/', { headers }, {}, context)).text()
  }
  const settle = () => Promise.all(background)
  /** The questions since the last call. */
  const questions = () => asked.splice(0)
  return { issuer, ask, settle, questions, refusals }
}

describe('a guard with a bound', () => {
  it('checks the first token exactly, and loads all revocations in the background', async () => {
    const { issuer, ask, settle, questions } = setUp()
    const token = await issuer.token()
    expect(await ask(token)).toBe('1')
    await settle()
    expect(questions().sort()).toEqual(['check', 'since/0', 'snapshot/0'])
    expect(await ask(token)).toBe('1')
    expect(await ask(await issuer.token({ sub: '2' }))).toBe('2')
    expect(questions()).toEqual(['since/0, followed'])
  })

  it('asks nothing under half of the bound, and in the background up to the bound', async () => {
    const { issuer, ask, settle, questions } = setUp()
    const token = await issuer.token()
    await ask(token)
    await settle()
    issuer.advance(4.9)
    await ask(token)
    await settle()
    questions()
    await ask(token)
    expect(questions()).toEqual([])
    issuer.advance(0.1)
    await Promise.all([ask(token), ask(token), ask(token)])
    await settle()
    expect(questions()).toEqual(['since/0'])
    issuer.advance(4.9)
    await ask(token)
    expect(questions()).toEqual([])
  })

  it('lets a token that was revoked elsewhere pass for less than the bound', async () => {
    const { issuer, ask, settle } = setUp()
    const token = await issuer.token()
    await ask(token)
    await settle()
    issuer.revoke(token, { elsewhere: true })
    issuer.advance(4.9)
    expect(await ask(token)).toBe('1')
    issuer.advance(0.1)
    expect(await ask(token)).toBe('1')
    await settle()
    expect(await ask(token)).toBe('token_revoked')
  })

  it('pulls before it answers once the bound is reached, once for all requests', async () => {
    const { issuer, ask, settle, questions } = setUp({ maxStalenessSeconds: 60 })
    const tokens = await Promise.all(Array.from({ length: 20 }, () => issuer.token()))
    await ask(tokens[0] ?? '')
    await settle()
    questions()
    issuer.revoke(tokens[7] ?? '', { elsewhere: true })
    issuer.advance(60)
    const answers = await Promise.all(tokens.map(ask))
    expect(answers.filter((answer) => answer === '1')).toHaveLength(19)
    expect(answers[7]).toBe('token_revoked')
    expect(questions()).toEqual(['since/0'])
  })

  it('answers 503 beyond the bound while the feed is unavailable, names the cure, and recovers', async () => {
    const { issuer, ask, settle, refusals } = setUp()
    const token = await issuer.token({ exp: issuer.runtime.now() + 10_000 })
    await ask(token)
    await settle()
    issuer.goStale()
    expect(await ask(token)).toBe('revocations_unavailable')
    expect(refusals[0]).toMatchObject({ status: 503, code: 'unavailable' })
    expect(refusals[0]?.headers['Retry-After']).toBe('5')
    expect(refusals[0]?.problem).toMatch(/The test issuer is away; check that the service runs/)
    expect(JSON.parse(String(log.mock.calls[0]?.[0]))).toMatchObject({
      event: 'revocation_feed_unavailable',
      issuer: 'https://auth.test',
    })
    issuer.recover()
    issuer.advance(0.5)
    expect(await ask(token)).toBe('1')
  })

  it('backs off: 0.5, 1, 2, 4, 5 and 5 s', async () => {
    const { issuer, ask, settle, questions } = setUp()
    const token = await issuer.token({ exp: issuer.runtime.now() + 10_000 })
    await ask(token)
    await settle()
    issuer.goStale()
    questions()
    for (const pause of [0.5, 1, 2, 4, 5, 5]) {
      await ask(token)
      // One question, and one more after a lost connection.
      expect(questions()).toHaveLength(2)
      // The issuer's clock also runs by itself: a busy machine needs a margin.
      issuer.advance(pause * 0.7)
      expect(await ask(token)).toBe('revocations_unavailable')
      expect(questions()).toEqual([])
      issuer.advance(pause * 0.3 + 0.01)
    }
  })

  it('accepts for longer while the feed is unavailable, where acceptStaleSeconds says so', async () => {
    const { issuer, ask, settle } = setUp({ acceptStaleSeconds: 400 })
    const token = await issuer.token({ exp: issuer.runtime.now() + 10_000 })
    const revoked = await issuer.token({ exp: issuer.runtime.now() + 10_000 })
    issuer.revoke(revoked, { elsewhere: true })
    await ask(token)
    await settle()
    issuer.goStale()
    expect(await ask(token)).toBe('1')
    expect(await ask(revoked)).toBe('token_revoked')
    issuer.advance(108)
    expect(await ask(token)).toBe('1')
    issuer.advance(2)
    expect(await ask(token)).toBe('revocations_unavailable')
  })

  it('knows at once what was revoked in its own isolate', async () => {
    const { issuer, ask, settle, questions } = setUp()
    const token = await issuer.token()
    await ask(token)
    await settle()
    await ask(token)
    questions()
    issuer.revoke(token)
    expect(await ask(token)).toBe('token_revoked')
    expect(questions()).toEqual([])
  })

  it('refuses a revoked token, and one whose key was revoked, also while it is cold', async () => {
    const { issuer, ask } = setUp()
    const token = await issuer.token()
    issuer.revoke(token, { elsewhere: true })
    expect(await ask(token)).toBe('token_revoked')
  })

  it('answers 503 while it is cold and nothing answers', async () => {
    const { issuer, ask, settle, questions } = setUp()
    const token = await issuer.token()
    await ask(token)
    await settle()
    const cold = setUp()
    const other = await cold.issuer.token({ exp: cold.issuer.runtime.now() + 10_000 })
    // The keys are known, but the revocations are not.
    const verifier = createVerifier({ ...cold.issuer.options, revocation: 'none' })
    expect((await verifier.verify(other)).ok).toBe(true)
    cold.issuer.goStale()
    expect(await cold.ask(other)).toMatch(/unavailable/)
    expect(questions().length).toBeGreaterThan(0)
  })

  it('shares its knowledge with the guards of other routes, whatever their bounds', async () => {
    const { issuer, ask, settle, questions } = setUp()
    const token = await issuer.token()
    await ask(token)
    await settle()
    await ask(token)
    questions()
    const other = createVerifier({ ...issuer.options, revocation: { maxStalenessSeconds: 300 } })
    expect(await other.verify(await issuer.token())).toMatchObject({ ok: true })
    issuer.revoke(token)
    expect(await other.verify(token)).toMatchObject({ error: { reason: 'token_revoked' } })
    expect(await ask(token)).toBe('token_revoked')
    expect(questions()).toEqual([])
  })

  it.each([
    { maxStalenessSeconds: 4 },
    { maxStalenessSeconds: 300, acceptStaleSeconds: 86_400 },
    { acceptStaleSeconds: 0 },
    {},
  ])('accepts the revocation option %j', (revocation) => {
    const { options } = createTestIssuer()
    expect(requireAccessToken({ ...options, revocation })).toBeTypeOf('function')
  })

  it.each([
    { maxStalenessSeconds: 3.9 },
    { maxStalenessSeconds: 300.1 },
    { maxStalenessSeconds: Number.NaN },
    { acceptStaleSeconds: -1 },
    { acceptStaleSeconds: 86_401 },
    'sometimes' as 'none',
    null as never,
    10 as never,
  ])('refuses the revocation option %j', (revocation) => {
    const { options } = createTestIssuer()
    expect(() => requireAccessToken({ ...options, revocation })).toThrow(TypeError)
  })
})

describe('a strict guard', () => {
  it('asks with every request, once', async () => {
    const { issuer, ask, questions } = setUp('strict')
    const token = await issuer.token()
    expect(await ask(token)).toBe('1')
    expect(await ask(token)).toBe('1')
    expect(questions()).toEqual(['check', 'check'])
    issuer.revoke(token, { elsewhere: true })
    expect(await ask(token)).toBe('token_revoked')
  })

  it('answers 503 when nothing answers', async () => {
    const { issuer, ask, refusals } = setUp('strict')
    const token = await issuer.token({ exp: issuer.runtime.now() + 10_000 })
    expect(await ask(token)).toBe('1')
    issuer.goStale()
    expect(await ask(token)).toBe('revocations_unavailable')
    expect(refusals[0]?.problem).toMatch(/away/)
  })
})

describe("a guard with 'none'", () => {
  it('asks nothing, and knows no revocation', async () => {
    const { issuer, ask, questions } = setUp('none')
    const token = await issuer.token()
    issuer.revoke(token)
    expect(await ask(token)).toBe('1')
    expect(questions()).toEqual([])
  })
})

describe('isRevoked', () => {
  it('tells a long connection when it has to end', async () => {
    const issuer = createTestIssuer()
    const verifier = createVerifier(issuer.options)
    const token = await issuer.token()
    const auth = await verifier.verify(token)
    if (!auth.ok) throw new Error(auth.error.reason)
    const kept = JSON.parse(JSON.stringify(auth.value))
    expect(await verifier.isRevoked(kept)).toBe(false)
    issuer.revoke(token, { elsewhere: true })
    issuer.advance(10)
    expect(await verifier.isRevoked(kept)).toBe(true)
    const other = await verifier.verify(await issuer.token())
    if (!other.ok) throw new Error(other.error.reason)
    expect(await verifier.isRevoked(other.value)).toBe(false)
    issuer.goStale()
    expect(await verifier.isRevoked(other.value)).toBe(true)
  })
})
