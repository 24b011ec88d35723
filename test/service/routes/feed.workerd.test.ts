import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createRandomId } from '../../../src/crypto/random-id.ts'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import type { Database } from '../../../src/service/store/database.ts'
import { parseFeed, renderRow, rowCharacters } from '../../../src/token/feed-format.ts'
import {
  createCountingDatabase,
  createTestService,
  database,
  insertRevocations,
  logout,
  post,
  registerAccount,
  type TestService,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const freshId = () => createRandomId(systemRuntime)

/** A service whose reads of the database are counted. */
async function createCounted(): Promise<TestService & { reads: () => number }> {
  const counted = createCountingDatabase()
  return {
    ...(await createTestService({}, { database: counted })),
    reads: () => counted.roundTrips,
  }
}

async function get({ app }: TestService, path: string, headers: Record<string, string> = {}) {
  const answer = await app.request(path, { headers })
  const text = await answer.text()
  const feed = answer.status === 200 ? parseFeed(text) : undefined
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    feed: feed?.ok ? feed.value : undefined,
  }
}

/** The current head, including the rows of other tests. */
async function findHead(): Promise<number> {
  const { rows } = await client.execute(
    "SELECT seq FROM sqlite_sequence WHERE name = 'portcullis_revoked_tokens'",
  )
  return Number(rows[0]?.seq)
}

const segmentOf = (place: number) => Math.floor(place / 1_000)

const follow = async ({ app }: TestService, after: number, query: string) =>
  app.request(`/auth/feed/since/${segmentOf(after + 1)}?after=${after}&${query}`)

/** Gives one frame after the other. Undefined at the end. */
function framesOf({ body }: Response) {
  const reader = body?.getReader()
  return async () => {
    const { value } = (await reader?.read()) ?? {}
    const frame = value && parseFeed(new TextDecoder().decode(value).slice(0, -1))
    return frame?.ok ? frame.value : undefined
  }
}

describe('GET /auth/feed/since/{segment}', () => {
  it('shows a logout, with the minute until which it is remembered', async () => {
    const service = await createTestService()
    const { token } = await registerAccount(service.app)
    await logout(service.app, token)
    const head = await findHead()
    const { status, headers, text, feed } = await get(
      service,
      `/auth/feed/since/${segmentOf(head)}`,
    )
    const { rows } = await client.execute({
      sql: 'SELECT id, expires_at FROM portcullis_revoked_tokens WHERE seq = ?',
      args: [head],
    })
    expect(status).toBe(200)
    expect(headers.get('Content-Type')).toBe('text/plain; charset=us-ascii')
    expect(headers.get('Cache-Control')).toBe('public, max-age=1, must-revalidate')
    expect(text.slice(-rowCharacters)).toBe(
      renderRow(String(rows[0]?.id), Number(rows[0]?.expires_at)),
    )
    expect(feed).toMatchObject({ head, through: head, from: segmentOf(head) * 1_000 })
    expect(feed?.nowMs).toBeGreaterThan(systemRuntime.nowMs() - 10_000)
  })

  it('repeats a nonce, gives the age of the answer, and forbids caching', async () => {
    const service = await createTestService()
    const segment = segmentOf((await findHead()) + 1)
    const nonce = freshId()
    const { headers, feed } = await get(service, `/auth/feed/since/${segment}?nonce=${nonce}`)
    expect(feed?.proof).toEqual({ nonce, ageMs: 0 })
    expect(headers.get('Cache-Control')).toBe('no-store')
    const odd = await get(service, `/auth/feed/since/${segment}?nonce=${encodeURIComponent('"x"')}`)
    expect(odd.feed?.proof).toBeUndefined()
    expect(odd.text).not.toContain('x"')
  })

  it('is not found beyond the head, more than four segments behind, or under another spelling', async () => {
    const service = await createTestService()
    await insertRevocations(5_000)
    const latest = segmentOf((await findHead()) + 1)
    const statusOf = async (segment: unknown) =>
      (await get(service, `/auth/feed/since/${segment}`)).status
    expect(await Promise.all([latest, latest - 4].map(statusOf))).toEqual([200, 200])
    const wrong = [latest + 1, latest - 5, -1, `0${latest}`, '1e3', '', 'x', '9'.repeat(20)]
    expect(new Set(await Promise.all(wrong.map(statusOf)))).toEqual(new Set([404]))
  })

  it('has all rows of the last five segments, each once', async () => {
    const service = await createTestService()
    await insertRevocations(3_500)
    const first = await findHead()
    service.clock.advance(2)
    await insertRevocations(1_200)
    const latest = segmentOf((await findHead()) + 1)
    for (const segment of [latest - 4, latest - 3, latest - 2, latest - 1, latest]) {
      const { feed } = await get(service, `/auth/feed/since/${segment}`)
      const { rows } = await client.execute({
        sql: 'SELECT id FROM portcullis_revoked_tokens WHERE seq BETWEEN ? AND ? ORDER BY seq',
        args: [segment * 1_000, segment * 1_000 + 999],
      })
      const text = feed?.rows.join('') ?? ''
      const ids = text.match(/.{23}/g)?.map((row) => row.slice(0, 16)) ?? []
      expect(ids.sort()).toEqual(rows.map(({ id }) => String(id)).sort())
      const last = segment === latest ? feed?.head : segment * 1_000 + 999
      expect(feed).toMatchObject({ from: segment * 1_000, through: last })
    }
    expect(first).toBeGreaterThan(0)
  })

  it('reads the database once a second, for any number of requests', async () => {
    const service = await createCounted()
    const segment = segmentOf((await findHead()) + 1)
    await get(service, '/auth/feed/since/0')
    const before = service.reads()
    service.clock.advance(0.5)
    const paths = Array.from(
      { length: 50 },
      (_, index) => `/auth/feed/since/${segment - (index % 7)}`,
    )
    await Promise.all(paths.map((path) => get(service, path)))
    expect(service.reads()).toBe(before)
    service.clock.advance(1)
    await Promise.all(paths.map((path) => get(service, `${path}?nonce=${freshId()}`)))
    expect(service.reads()).toBe(before + 1)
  })

  it('is followed: frames come one after the other, and each says how long it was held', async () => {
    const service = await createTestService()
    const { token } = await registerAccount(service.app)
    const head = await findHead()
    const nonce = freshId()
    const answer = await follow(service, head, `nonce=${nonce}&follow=2&beat_ms=500`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Cache-Control')).toBe('no-store, no-transform')
    expect(answer.headers.get('X-Accel-Buffering')).toBe('no')
    const next = framesOf(answer)
    expect(await next()).toMatchObject({ head, through: head, proof: { nonce, heldMs: 0 } })
    await logout(service.app, token)
    service.clock.advance(0.2)
    const news = await next()
    expect(news).toMatchObject({ from: head + 1, through: head + 1, proof: { nonce, heldMs: 200 } })
    expect(news?.rows.join('')).toHaveLength(rowCharacters)
    service.clock.advance(2)
    expect(await next()).toBeUndefined()
  })

  it('is not found to those who follow from more than four segments behind', async () => {
    const service = await createTestService()
    await insertRevocations(5_000)
    const latest = segmentOf((await findHead()) + 1)
    const statusAfter = async (after: number) => {
      const query = `after=${after}&nonce=${freshId()}&follow=1`
      const answer = await service.app.request(`/auth/feed/since/${latest}?${query}`)
      await answer.body?.cancel()
      return answer.status
    }
    expect(await statusAfter((latest - 4) * 1_000 - 2)).toBe(404)
    expect(await statusAfter((latest - 4) * 1_000 - 1)).toBe(200)
  })

  it('is one page for those who follow after 1,000 others', async () => {
    const service = await createTestService()
    const head = await findHead()
    const ask = () => follow(service, head, `nonce=${freshId()}&follow=20`)
    const answers = await Promise.all(Array.from({ length: 1_000 }, ask))
    // It is no frame: there is no line break at its end. But it says how long it was held.
    const feed = parseFeed(await (await ask()).text())
    expect(feed).toMatchObject({ ok: true, value: { proof: { heldMs: 0 } } })
    const { feed: pulled } = await get(
      service,
      `/auth/feed/since/${segmentOf(head + 1)}?nonce=${freshId()}`,
    )
    expect(pulled?.proof?.heldMs).toBeUndefined()
    await Promise.all(answers.map(({ body }) => body?.cancel()))
    expect(await framesOf(await ask())()).toMatchObject({ proof: { heldMs: 0 } })
  })

  it.each([
    ['no nonce', 'follow=20', 'nonce'],
    ['too long a time', `follow=21&nonce=${freshId()}`, 'follow'],
    ['too short a pause', `follow=20&beat_ms=499&nonce=${freshId()}`, 'beat_ms'],
    ['too long a pause', `follow=20&beat_ms=3001&nonce=${freshId()}`, 'beat_ms'],
  ])('refuses to be followed with %s, and says what to give', async (_, query, field) => {
    const service = await createTestService()
    const answer = await follow(service, await findHead(), query)
    expect([answer.status, (await answer.json()) as object]).toMatchObject([
      422,
      { errors: [{ field }] },
    ])
  })

  it('is answered 304 to a client that already has it', async () => {
    const service = await createTestService()
    const path = `/auth/feed/since/${segmentOf((await findHead()) + 1)}`
    const { headers } = await get(service, path)
    const again = await get(service, path, { 'If-None-Match': headers.get('ETag') ?? '' })
    expect([again.status, again.text]).toEqual([304, ''])
    service.clock.advance(2)
    const later = await get(service, path, { 'If-None-Match': headers.get('ETag') ?? '' })
    expect(later.status).toBe(200)
  })

  it('starts again after a restored backup', async () => {
    const service = await createTestService()
    const before = await get(service, '/auth/feed/snapshot/0')
    await client.execute("UPDATE portcullis_feed_state SET epoch = 'another' WHERE id = 1")
    service.clock.advance(2)
    const after = await get(service, '/auth/feed/snapshot/0')
    expect([before.feed?.epoch === 'another', after.feed?.epoch]).toEqual([false, 'another'])
    await insertRevocations(1)
    service.clock.advance(2)
    const head = await findHead()
    const { feed } = await get(service, `/auth/feed/since/${segmentOf(head)}`)
    expect([feed?.epoch, feed?.rows.join('').length]).toEqual(['another', expect.any(Number)])
  })

  it('is answered 503 while the database is away, and works at once when it is back', async () => {
    let isAway = true
    const broken: Database = {
      ...database,
      withClient: (use) => (isAway ? Promise.reject(new Error('away')) : database.withClient(use)),
    }
    const service = await createTestService({}, { database: broken })
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => get(service, '/auth/feed/since/0')),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    isAway = false
    service.clock.advance(1)
    expect((await get(service, '/auth/feed/snapshot/0')).status).toBe(200)
  })
})

describe('GET /auth/feed/snapshot/{page}', () => {
  it('covers 400,000 places, and is not found beyond the last', async () => {
    const service = await createTestService()
    const { feed } = await get(service, '/auth/feed/snapshot/0')
    expect(feed).toMatchObject({ from: 0, through: feed?.head })
    expect(feed?.first).toBeGreaterThan(0)
    expect((await get(service, '/auth/feed/snapshot/1')).status).toBe(404)
  })

  it('is sent while many clients request only its headers, or already have it', async () => {
    const service = await createTestService()
    await insertRevocations(5_000)
    const path = '/auth/feed/snapshot/0'
    const { text, headers } = await get(service, path)
    const asks: RequestInit[] = [
      { method: 'HEAD' },
      { headers: { 'If-None-Match': headers.get('ETag') ?? '' } },
    ]
    const answers = []
    for (const init of Array.from({ length: 10 }, () => asks).flat()) {
      const answer = await service.app.request(path, init)
      answers.push([answer.status, answer.body, answer.headers.get('ETag')])
    }
    const etag = headers.get('ETag')
    const expected = [200, 304].map((status) => [status, null, etag])
    expect(answers).toEqual(Array.from({ length: 10 }, () => expected).flat())
    expect((await get(service, path)).text).toBe(text)
  })

  it('is read once a minute, as long as the segments continue from it', async () => {
    const service = await createCounted()
    const { feed } = await get(service, '/auth/feed/snapshot/0')
    expect(service.reads()).toBe(2)
    service.clock.advance(0.5)
    await get(service, '/auth/feed/snapshot/0')
    expect(service.reads()).toBe(2)
    service.clock.advance(1)
    const nonce = freshId()
    const again = await get(service, `/auth/feed/snapshot/0?nonce=${nonce}`)
    expect(service.reads()).toBe(3)
    expect(again.feed).toMatchObject({ nowMs: feed?.nowMs, proof: { nonce, ageMs: 1_500 } })
    await insertRevocations(5_001)
    service.clock.advance(2)
    expect((await get(service, '/auth/feed/snapshot/0')).feed?.head).toBeGreaterThan(
      feed?.head ?? 0,
    )
    service.clock.advance(61)
    const before = service.reads()
    await get(service, '/auth/feed/snapshot/0')
    expect(service.reads()).toBe(before + 2)
  })
})

describe('POST /auth/feed/check', () => {
  it('says which of the ids are revoked, as of now, in one round trip', async () => {
    const service = await createCounted()
    await insertRevocations(1)
    const { rows } = await client.execute(
      'SELECT id FROM portcullis_revoked_tokens ORDER BY seq DESC LIMIT 1',
    )
    const revoked = String(rows[0]?.id)
    const nonce = freshId()
    const { status, headers, body } = await post(service.app, '/auth/feed/check', {
      ids: [freshId(), revoked, freshId()],
      nonce,
    })
    expect([status, body]).toEqual([
      200,
      { version: 1, now_ms: expect.any(Number), revoked: [revoked], nonce },
    ])
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(service.reads()).toBe(1)
  })

  it.each([
    ['no ids', {}],
    ['an empty list', { ids: [] }],
    ['text', { ids: 'x'.repeat(16) }],
    ['an id that is none', { ids: ['short'] }],
    ['too many', { ids: Array.from({ length: 65 }, () => 'x'.repeat(16)) }],
    ['a nonce that is none', { ids: ['x'.repeat(16)], nonce: '<script>' }],
  ])('refuses %s', async (_, question) => {
    const { status, body } = await post(
      (await createTestService()).app,
      '/auth/feed/check',
      question,
    )
    expect([status, body.code]).toEqual([422, 'invalid_input'])
  })
})
