import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createRemoteSource } from '../../../src/guard/revocation/remote-source.ts'
import { TestFeed } from '../../../src/testing/test-feed.ts'
import { parseFeed, renderFeed } from '../../../src/token/feed-format.ts'
import type { FollowedFeed, RevocationSource } from '../../../src/token/revocation-source.ts'
import { VirtualTime } from '../../support/virtual-time.ts'

const issuer = 'https://auth.example.com'
const idOf = (number: number) => `id${String(number).padStart(14, '0')}`

let time: VirtualTime
let feed: TestFeed
let asked: string[]
let databaseAheadMs: number
/** The network between the guard and the service. */
let between: (request: Request, pass: () => Promise<Response>) => Promise<Response>
let source: RevocationSource
/** The state of a view at this moment. */
let followed: FollowedFeed | undefined

beforeEach(() => {
  time = new VirtualTime()
  time.wallAheadMs = 1_800_000_000_000
  databaseAheadMs = 0
  feed = new TestFeed({ nowMs: () => time.runtime.nowMs() + databaseAheadMs })
  asked = []
  between = (_, pass) => pass()
  source = createSource()
})

function createSource(): RevocationSource {
  followed = undefined
  const service = {
    fetch(request: Request) {
      const { pathname, search } = new URL(request.url)
      asked.push(pathname.replace('/auth/feed/', '') + (search ? '?' : ''))
      return between(request, () => feed.answer(request))
    },
  }
  return createRemoteSource({ issuer, service: () => service }, time.runtime)
}

function revoke(count: number): void {
  for (let number = 0; number < count; number += 1) feed.revoke(idOf(number), 1_800_000_900)
}

async function pull(after: number) {
  const page = await source.pull(after, {}, followed)
  if (!page.ok) throw new Error(page.error)
  const { epoch, head } = page.value
  followed = { epoch, head: Math.max(head, followed?.epoch === epoch ? followed.head : 0) }
  return page.value
}

async function problemOf(question: Promise<{ ok: boolean; error?: string }>) {
  const { ok, error } = await question
  return ok ? 'none' : error
}

/** A shared cache that keeps every answer forever, by its URL. */
function keepForGood(keyOf = (request: Request) => request.url) {
  const kept = new Map<string, string>()
  return async (request: Request, pass: () => Promise<Response>) => {
    if (request.method !== 'GET') return pass()
    const text = kept.get(keyOf(request)) ?? (await (await pass()).text())
    kept.set(keyOf(request), text)
    return new Response(text)
  }
}

describe('the feed of a service', () => {
  it('is asked for a page of the snapshot first, and then for one segment after another', async () => {
    revoke(1_500)
    const snapshot = await pull(0)
    expect(snapshot).toMatchObject({ through: 1_500, ageMs: Number.POSITIVE_INFINITY })
    expect(await pull(1_500)).toMatchObject({ from: 1_000, through: 1_500, ageMs: 0 })
    revoke(700)
    expect(await pull(1_500)).toMatchObject({ from: 1_000, through: 1_999, head: 2_200 })
    expect(await pull(1_999)).toMatchObject({ from: 2_000, through: 2_200 })
    expect(asked).toEqual(['snapshot/0', 'since/1?', 'since/1', 'since/2'])
  })

  it('is asked for the snapshot again, from the current place, when it is far ahead', async () => {
    revoke(500)
    await pull(0)
    await pull(500)
    revoke(4_500)
    expect(await pull(500)).toMatchObject({ from: 0, through: 999, head: 5_000 })
    asked = []
    expect(await pull(999)).toMatchObject({ from: 1_000, through: 1_999 })
    revoke(3_000)
    await pull(1_999)
    expect(await pull(2_999)).toMatchObject({ from: 0, through: 8_000 })
    expect(asked).toEqual(['since/1', 'since/2', 'snapshot/0'])
  })

  it('is asked past caches with the first question, and again after ten minutes', async () => {
    await pull(0)
    asked = []
    for (const minutes of [0, 5, 9, 10, 11, 19, 20]) {
      time.nowMs = minutes * 60_000
      await pull(0)
    }
    expect(asked).toEqual([
      'since/0?',
      ...Array(2).fill('since/0'),
      'since/0?',
      ...Array(2).fill('since/0'),
      'since/0?',
    ])
  })

  it('is asked past caches when an answer was held back, or the clock was set', async () => {
    await pull(0)
    await pull(0)
    between = keepForGood()
    await pull(0)
    time.nowMs += 3_001
    asked = []
    revoke(1)
    expect(await pull(0)).toMatchObject({ head: 1, ageMs: 0 })
    expect(asked).toEqual(['since/0', 'since/0?'])
  })

  it('has its true age through a cache that hides the age', async () => {
    await pull(0)
    await pull(0)
    between = keepForGood()
    await pull(0)
    time.nowMs += 2_500
    const { ageMs } = await pull(0)
    expect(ageMs).toBeGreaterThanOrEqual(2_500)
    expect(ageMs).toBeLessThan(2_600)
  })

  it('is asked past caches after the clock was set back a little', async () => {
    await pull(0)
    await pull(0)
    time.nowMs += 60_000
    databaseAheadMs += 5_000
    asked = []
    await pull(0)
    await pull(0)
    expect(asked).toEqual(['since/0', 'since/0?', 'since/0'])
  })

  it('is asked past caches when one of several caches is behind another', async () => {
    await pull(0)
    await pull(0)
    const before = await (await feed.answer(new Request(`${issuer}/auth/feed/since/0`))).text()
    revoke(1)
    time.nowMs += 500
    expect(await pull(0)).toMatchObject({ head: 1 })
    between = async (request, pass) =>
      request.url.includes('nonce') ? pass() : new Response(before)
    asked = []
    expect(await pull(0)).toMatchObject({ head: 1 })
    expect(asked).toEqual(['since/0', 'since/0?'])
  })

  it('is never older than its stated age, whatever caches hold back', async () => {
    const travel = fc.record({
      gapMs: fc.nat({ max: 20_000 }),
      thereMs: fc.nat({ max: 1_500 }),
      backMs: fc.nat({ max: 1_500 }),
      isHeldBack: fc.boolean(),
    })
    const holds = fc.asyncProperty(fc.array(travel, { maxLength: 40 }), async (travels) => {
      source = createSource()
      const kept = new Map<string, { text: string; atMs: number }>()
      let readAtMs = 0
      for (const { gapMs, thereMs, backMs, isHeldBack } of travels) {
        time.nowMs += gapMs
        between = async (request, pass) => {
          time.nowMs += thereMs
          const known = kept.get(request.url)
          const answer =
            isHeldBack && known ? known : { text: await (await pass()).text(), atMs: time.nowMs }
          kept.set(request.url, answer)
          readAtMs = answer.atMs
          time.nowMs += backMs
          return new Response(answer.text)
        }
        const askedAtMs = time.nowMs
        const { ageMs } = await pull(0)
        expect(askedAtMs - readAtMs).toBeLessThanOrEqual(ageMs)
      }
    })
    await fc.assert(holds, { numRuns: 300 })
  })

  it('is refused from a cache that ignores the query', async () => {
    await pull(0)
    between = keepForGood((request) => new URL(request.url).pathname)
    await pull(0)
    time.nowMs += 3_001
    expect(await problemOf(source.pull(0, {}, followed))).toMatch(/ignores the query; turn it off/)
  })

  it('is refused where another part comes than was asked for', async () => {
    revoke(1_500)
    await pull(0)
    between = async (request) => {
      const nonce = new URL(request.url).searchParams.get('nonce')
      const wrong = await feed.answer(new Request(`${issuer}/auth/feed/since/0`))
      const page = parseFeed(await wrong.text())
      if (!page.ok) throw new Error(page.error)
      return new Response(
        renderFeed({ ...page.value, proof: nonce ? { nonce, ageMs: 0 } : undefined }),
      )
    }
    expect(await problemOf(source.pull(1_500, {}, followed))).toMatch(/with the wrong part/)
  })

  it('is loaded despite a snapshot that a cache has kept', async () => {
    revoke(10)
    between = keepForGood()
    expect(await pull(0)).toMatchObject({ through: 10 })
    revoke(6_000)
    source = createSource()
    expect(await pull(0)).toMatchObject({ through: 10, head: 10 })
    expect(await pull(10)).toMatchObject({ head: 6_010, through: 999 })
    asked = []
    expect(await pull(999)).toMatchObject({ through: 6_010 })
    expect(asked).toEqual(['snapshot/0', 'snapshot/0?'])
  })

  it('is unavailable where another service answers, and the log says so', async () => {
    between = async () => new Response('{"code":"not_found"}', { status: 404 })
    expect(await problemOf(source.pull(0, {}))).toMatch(
      /revocation feed at https:\/\/auth.example.com\/auth\/feed answers with status 404; check the issuer/,
    )
    expect(await problemOf(source.check(['a'.repeat(16)], {}))).toMatch(/no usable answer/)
  })
})

describe('the feed of a service whose backup was restored', () => {
  /** A service that has only the first page of another history. */
  function answerFrom(epoch: string, head: number) {
    const state = { epoch, nowMs: time.runtime.nowMs(), first: head + 1, head, rows: [] }
    between = async (request) => {
      const { pathname, searchParams } = new URL(request.url)
      if (!pathname.endsWith('/snapshot/0')) return new Response('{}', { status: 404 })
      const nonce = searchParams.get('nonce')
      const proof = nonce === null ? undefined : { nonce, ageMs: 40_000 }
      return new Response(renderFeed({ ...state, from: 0, through: head, proof }))
    }
  }

  it('gives the first page where both the segment and the page are gone', async () => {
    followed = { epoch: 'lost', head: 450_000 }
    answerFrom('restored', 500)
    const page = await pull(450_000)
    expect(asked).toEqual(['since/450?', 'snapshot/1?', 'snapshot/0?'])
    // What was read every second is the epoch.
    const times = { ageMs: 40_000, epochAgeMs: 1_000, isSnapshot: true }
    expect(page).toMatchObject({ epoch: 'restored', head: 500, ...times })
  })

  it('is asked past caches that still have the old history', async () => {
    revoke(3)
    await pull(0)
    await pull(3)
    between = keepForGood()
    await pull(3)
    between = async (request, pass) => {
      const answer = await (await pass()).text()
      const isFromCache = !request.url.includes('nonce')
      return new Response(isFromCache ? answer : answer.replace('"test"', '"restored"'))
    }
    followed = { epoch: 'restored', head: 3 }
    asked = []
    for (const _ of [1, 2]) expect(await pull(3)).toMatchObject({ epoch: 'restored', ageMs: 0 })
    // The guard compares the clocks of the new database before it asks caches.
    expect(asked).toEqual(['since/0?', 'since/0', 'since/0?'])
  })

  it('proves the epoch only by a nonce', async () => {
    await pull(0)
    expect(await pull(0)).toMatchObject({ ageMs: 0, epochAgeMs: 0 })
    expect(await pull(0)).toMatchObject({ ageMs: 0, epochAgeMs: Number.POSITIVE_INFINITY })
  })
})

describe('an exact check', () => {
  it('says whether any of the ids is revoked, and the time of the database', async () => {
    revoke(1)
    expect(await source.check([idOf(7), idOf(0)], {})).toMatchObject({
      ok: true,
      value: { isRevoked: true, nowMs: time.runtime.nowMs() },
    })
    expect(await source.check([idOf(7)], {})).toMatchObject({ value: { isRevoked: false } })
  })

  it.each([
    ['of another question', { version: 1, now_ms: 1, revoked: [], nonce: 'x'.repeat(16) }],
    ['of another version', { version: 2, now_ms: 1, revoked: [] }],
    ['without a list', { version: 1, now_ms: 1 }],
    ['without a time', { version: 1, revoked: [] }],
    ['that is a list', []],
    ['that is null', null],
  ])('refuses an answer %s', async (_, answer) => {
    between = async (request) => {
      const { nonce } = (await request.json()) as { nonce: string }
      const repeats = answer && !Array.isArray(answer) && !('nonce' in answer)
      return Response.json(repeats ? { ...answer, nonce } : answer)
    }
    expect(await problemOf(source.check([idOf(0)], {}))).toMatch(/no usable answer/)
  })
})
