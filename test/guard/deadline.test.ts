// How long one request waits while the service is slow. The HTTP is real; a virtual clock decides
// when answers arrive.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createVerifier, type RevocationOption, requireAccessToken } from '../../src/index.ts'
import { TestFeed } from '../../src/testing/test-feed.ts'
import { publicJwkSet } from '../../src/token/signing-key.ts'
import { bearing } from '../support/client.ts'
import { audience, createSigningJwk, issueWith } from '../support/issuer.ts'
import { VirtualTime } from '../support/virtual-time.ts'

vi.spyOn(console, 'error').mockImplementation(() => {})

const signing = await createSigningJwk()
const slowMs = 2_900

let time: VirtualTime
let asked: string[]
/** How long every answer takes on the virtual clock. */
let answerMs: number
/** Paths that answer 404. */
let missing: RegExp
/** Called for every question. */
let onQuestion: () => void
let close: () => void
let issuer: string

beforeEach(async () => {
  time = new VirtualTime()
  time.wallAheadMs = 1_800_000_000_000
  asked = []
  answerMs = 0
  missing = /^$/
  onQuestion = () => {}
  const feed = new TestFeed(time.runtime)
  const server = createServer(async (request, response) => {
    const path = String(request.url)
    asked.push(path.replace(/^.*\/(.*\/.*)$/, '$1').replace(/\?.*/, '?'))
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const delay = answerMs === 0 ? undefined : time.delay(answerMs)
    onQuestion()
    await delay
    if (missing.test(path)) return response.writeHead(404).end('{}')
    if (path.endsWith('jwks.json')) return response.end(JSON.stringify(publicJwkSet([signing])))
    const body = chunks.length > 0 ? Buffer.concat(chunks) : null
    const question = new Request(issuer + path, { method: request.method ?? 'GET', body })
    response.end(await (await feed.answer(question)).text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  close = () => {
    server.closeAllConnections()
    server.close()
  }
})

afterEach(() => close())

function setUp(revocation: RevocationOption = { maxStalenessSeconds: 10 }) {
  const verifier = createVerifier({ issuer, audience, revocation, runtime: time.runtime })
  const background: Promise<unknown>[] = []
  const context = { waitUntil: (work: Promise<unknown>) => void background.push(work) }
  const token = issueWith(signing, time.runtime as never, { issuer })
  const ask = async () => {
    const auth = await verifier.verify(await token, context)
    return auth.ok ? 'let in' : auth.error.reason
  }
  return { verifier, ask, settle: () => Promise.all(background.splice(0)) }
}

/** Answers each question at its time, until the work is done. Gives the time that this took. */
async function measure<T>(work: () => Promise<T>): Promise<{ outcome: T; tookMs: number }> {
  const beganAtMs = time.nowMs
  let isOver = false
  let wake = Promise.withResolvers<void>()
  onQuestion = () => wake.resolve()
  const working = work().then((outcome) => {
    isOver = true
    wake.resolve()
    return { outcome, tookMs: time.nowMs - beganAtMs }
  })
  while (!isOver) {
    await wake.promise
    wake = Promise.withResolvers<void>()
    if (!isOver) await time.advance(answerMs)
  }
  onQuestion = () => {}
  return working
}

/** A verifier with keys and recent revocations, whose bound has passed. */
async function setUpStale(revocation?: RevocationOption) {
  const world = setUp(revocation)
  expect(await world.ask()).toBe('let in')
  await world.settle()
  await time.advance(10_000)
  asked = []
  answerMs = slowMs
  return world
}

describe('one request', () => {
  it('waits 3 s for keys and revocations together', async () => {
    answerMs = slowMs
    const { ask } = setUp()
    expect(await measure(ask)).toEqual({ outcome: 'revocations_unavailable', tookMs: 3_000 })
    expect(asked[0]).toBe('.well-known/jwks.json')
  })

  it('waits 3 s for a feed whose pages are missing', async () => {
    const { ask } = await setUpStale()
    missing = /since|snapshot/
    expect(await measure(ask)).toEqual({ outcome: 'revocations_unavailable', tookMs: 3_000 })
    expect(asked).toEqual(['since/0', 'since/0?'])
  })

  it('waits 3 s for a load that another request has begun', async () => {
    const { ask } = await setUpStale()
    missing = /since/
    const all = await measure(() => Promise.all([ask(), ask(), ask()]))
    expect(all.outcome).toEqual(Array(3).fill('revocations_unavailable'))
    expect(all.tookMs).toBeLessThanOrEqual(3_020)
  })

  it('is decided by what is known, where its guard accepts that', async () => {
    const { ask } = await setUpStale({ maxStalenessSeconds: 10, acceptStaleSeconds: 60 })
    missing = /since/
    expect(await measure(ask)).toEqual({ outcome: 'let in', tookMs: 3_000 })
  })

  it('leaves a load that it has begun to later requests', async () => {
    const { ask, settle } = await setUpStale()
    missing = /since/
    await measure(ask)
    missing = /^$/
    const settled = settle()
    await measure(() => settled)
    answerMs = 0
    asked = []
    expect([await ask(), asked]).toEqual(['let in', []])
  })

  it('waits 3 s in all before several guards', async () => {
    answerMs = 700
    const guard = (revocation: RevocationOption) =>
      requireAccessToken({ issuer, audience, revocation, runtime: time.runtime })
    const app = new Hono()
      .use(guard({ maxStalenessSeconds: 10 }))
      .use(guard('strict'))
      .get('/', (c) => c.text('let in'))
    const token = await issueWith(signing, time.runtime as never, { issuer })
    const ask = async () => (await app.request('/', bearing(token))).status
    const { outcome, tookMs } = await measure(ask)
    // The clock moves on by whole answers, so it may be one further.
    expect([outcome, tookMs <= 3_000 + answerMs]).toEqual([503, true])
  })

  it('does not count time between two guards against the second', async () => {
    const guard = (revocation: RevocationOption) =>
      requireAccessToken({ issuer, audience, revocation, runtime: time.runtime })
    const app = new Hono()
      .use(guard({ maxStalenessSeconds: 10 }))
      .use(async (_, next) => {
        await time.advance(5_000)
        await next()
      })
      .use(guard('strict'))
      .get('/', (c) => c.text('let in'))
    const token = await issueWith(signing, time.runtime as never, { issuer })
    expect((await app.request('/', bearing(token))).status).toBe(200)
  })

  it("waits 3 s for an application's own key set", async () => {
    const never = new Promise<never>(() => {})
    const keys = () => ({ current: () => undefined, find: () => never })
    const verifier = createVerifier({ issuer, audience, keys, runtime: time.runtime })
    const token = await issueWith(signing, time.runtime as never, { issuer })
    const verifying = verifier.verify(token, { deadlineMs: undefined as never })
    await time.advance(0)
    await time.advance(3_000)
    expect(await verifying).toMatchObject({ error: { reason: 'key_set_unavailable' } })
  })

  it('logs that it has waited too long', async () => {
    const { verifier } = await setUpStale('strict')
    answerMs = 3_500
    const ids = { revocationIds: ['a'.repeat(16)] }
    expect(await measure(() => verifier.isRevoked(ids))).toEqual({ outcome: true, tookMs: 3_000 })
    await time.advance(1_000)
    const refused = await measure(async () =>
      verifier.verify(await issueWith(signing, time.runtime as never, { issuer })),
    )
    expect(refused).toMatchObject({
      outcome: { error: { problem: expect.stringMatching(/did not answer within 3 s/) } },
    })
  })
})
