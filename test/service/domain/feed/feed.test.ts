// What the service reads for its feed. The database is its own, and its history can be changed.

import { createClient } from '@libsql/client/node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { checkRevocations } from '../../../../src/service/domain/feed/check.ts'
import { RevocationFeed } from '../../../../src/service/domain/feed/feed.ts'
import type { Database } from '../../../../src/service/store/database.ts'
import { openRemoteDatabase } from '../../../../src/service/store/remote-database.ts'
import { createDatabaseSource } from '../../../../src/service/store/revocation-source.ts'
import { type ServedDatabase, startDatabase } from '../../../support/database.ts'
import { type Fault, startProxy } from '../../../support/proxy.ts'
import { VirtualTime } from '../../../support/virtual-time.ts'

let served: ServedDatabase
let database: Database
beforeAll(async () => {
  served = await startDatabase()
  database = openRemoteDatabase({ url: served.url })
})
afterAll(() => served.stop())

const silent = { log: () => {} }
const idOf = (word: string, number: number) =>
  `${word}${String(number).padStart(16 - word.length, '0')}`

async function insert(word: string, count: number): Promise<void> {
  const client = createClient({ url: served.url })
  await client.execute({
    sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
      INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
      SELECT ? || printf('%0*d', ? - length(?), i), unixepoch(), unixepoch() + 900 FROM n`,
    args: [count, word, 16, word],
  })
  client.close()
}

/** The state after a backup is restored by the documented procedure. */
async function restore(head: number): Promise<void> {
  await cutTo(head)
  await served.query('UPDATE portcullis_feed_state SET epoch = lower(hex(randomblob(12)))')
}

/** The state after a backup is restored without the procedure. */
async function cutTo(head: number): Promise<void> {
  await served.query('DELETE FROM portcullis_revoked_tokens WHERE seq > ?', head)
  await served.query(
    "UPDATE sqlite_sequence SET seq = ? WHERE name = 'portcullis_revoked_tokens'",
    head,
  )
}

const idsIn = (rows: readonly string[] = []) =>
  (rows.join('').match(/.{23}/g) ?? []).map((row) => row.slice(0, 16))

async function pageOf(feed: RevocationFeed, number: number) {
  const page = await feed.findPage(number)
  return page.ok ? page.value : undefined
}

describe('the feed of the service', () => {
  it('appends new rows to a segment, and starts again with another history', async () => {
    const time = new VirtualTime()
    const feed = new RevocationFeed(database, time.runtime, silent)
    await insert('a', 3)
    expect(idsIn((await feed.findSegment(0))?.rows)).toHaveLength(3)
    time.nowMs += 1_000
    await insert('b', 2)
    const ids = idsIn((await feed.findSegment(0))?.rows)
    expect(ids.sort()).toEqual([
      idOf('a', 1),
      idOf('a', 2),
      idOf('a', 3),
      idOf('b', 1),
      idOf('b', 2),
    ])
    await restore(1)
    await insert('c', 2)
    time.nowMs += 1_000
    expect(idsIn((await feed.findSegment(0))?.rows).sort()).toEqual([
      idOf('a', 1),
      idOf('c', 1),
      idOf('c', 2),
    ])
  })

  it('shows no page of a longer history, although it has read one a moment ago', async () => {
    const time = new VirtualTime()
    const feed = new RevocationFeed(database, time.runtime, silent)
    await insert('d', 5)
    const before = await pageOf(feed, 0)
    await cutTo(2)
    time.nowMs += 1_000
    expect(await pageOf(feed, 0)).toMatchObject({ epoch: before?.epoch, head: 2, through: 2 })
    expect(idsIn((await feed.findSegment(0))?.rows)).toHaveLength(2)
  })

  it('shows a page of the new history while it shares a read of the old one', async () => {
    const feed = new RevocationFeed(database, new VirtualTime().runtime, silent)
    const before = await feed.findSegment(0)
    await restore(1)
    const page = await pageOf(feed, 0)
    expect(page).toMatchObject({ head: 1, through: 1 })
    expect(page?.epoch).not.toBe(before?.epoch)
  })

  it('keeps its read when an older read ends late', async () => {
    const time = new VirtualTime()
    const held = Promise.withResolvers<void>()
    const waits = [held.promise]
    let reads = 0
    const slow: Database = {
      ...database,
      async withClient(use) {
        reads += 1
        const wait = waits.shift()
        const answer = await database.withClient(use)
        await wait
        return answer
      },
    }
    const feed = new RevocationFeed(slow, time.runtime, silent)
    const late = feed.findSegment(0)
    time.nowMs += 2_001
    const shown = await feed.findSegment(0)
    held.resolve()
    await late
    expect([await feed.findSegment(0), reads]).toEqual([shown, 2])
  })

  it('is read again soon when the client of a read has hung up, and less soon in an outage', async () => {
    const time = new VirtualTime()
    let isAway = false
    const readAtMs: number[] = []
    const hanging: Database = {
      ...database,
      async withClient(use) {
        readAtMs.push(time.nowMs)
        return isAway ? new Promise(() => {}) : database.withClient(use)
      },
    }
    const feed = new RevocationFeed(hanging, time.runtime, silent)
    await feed.findSegment(0)
    isAway = true
    for (let ms = 0; ms < 7_000; ms += 50) {
      time.nowMs += 50
      void feed.renewTail()
    }
    expect(readAtMs).toEqual([0, 1_000, 1_250, 1_750, 2_750, 4_750, 6_750])
    isAway = false
    time.nowMs += 2_000
    await feed.renewTail()
    isAway = true
    readAtMs.length = 0
    for (let ms = 0; ms < 2_000; ms += 50) {
      time.nowMs += 50
      void feed.renewTail()
    }
    expect(readAtMs.map((atMs) => atMs - time.nowMs)).toEqual([-1_000, -750, -250])
  })

  it('reads as often as before after its clock was set back, and shows what it reads', async () => {
    const time = new VirtualTime()
    time.nowMs = 1_000_000
    const feed = new RevocationFeed(database, time.runtime, silent)
    const head = (await feed.findSegment(0))?.head ?? 0
    await insert('s', 1)
    time.nowMs = 500
    expect(await feed.renewTail()).toBe('read')
    expect(feed.tailDueInMs()).toBe(1_000)
    expect(await feed.findSegment(0)).toMatchObject({ head: head + 1, ageMs: 0 })
  })

  it('does not keep a read during which its clock was set back', async () => {
    const time = new VirtualTime()
    time.nowMs = 1_000
    let isSetBack = false
    const slow: Database = {
      ...database,
      async withClient(use) {
        const answer = await database.withClient(use)
        if (isSetBack) time.nowMs = 0
        isSetBack = false
        return answer
      },
    }
    const feed = new RevocationFeed(slow, time.runtime, silent)
    isSetBack = true
    await expect(feed.findSegment(0)).rejects.toThrow('cannot be read')
    expect(await feed.findSegment(0)).toMatchObject({ ageMs: 0 })
  })

  it('asks a failing database once for all waiting requests, and not again at once', async () => {
    const time = new VirtualTime()
    let reads = 0
    let isAway = true
    const failing: Database = {
      hasReplicas: false,
      async withClient(use) {
        reads += 1
        await time.delay(100)
        if (isAway) throw new TypeError('fetch failed')
        return database.withClient(use)
      },
    }
    const feed = new RevocationFeed(failing, time.runtime, silent)
    const asking = Array.from({ length: 20 }, () => feed.findSegment(0).catch(({ name }) => name))
    await time.advance(300)
    expect(new Set(await Promise.all(asking))).toEqual(new Set(['DatabaseUnavailable']))
    expect(reads).toBe(1)
    await time.advance(300)
    isAway = false
    const after = feed.findSegment(0)
    await time.advance(100)
    // The database has a clock of its own.
    await expect.poll(() => reads).toBe(2)
    expect(await after).toBeDefined()
  })
})

describe('a logout in the isolate of the feed', () => {
  /** A feed that was just read, and so many that follow it. */
  async function createFollowed(followers = 1) {
    const time = new VirtualTime()
    const feed = new RevocationFeed(database, time.runtime, silent)
    const { head = 0, epoch = '' } = (await feed.findSegment(0)) ?? {}
    const question = { after: head, epoch, nonce: 'n'.repeat(16), askedAtMs: 0 }
    for (let each = 0; each < followers; each += 1) {
      feed.streams.begin({ ...question, forMs: 20_000, beatMs: 2_500 })
    }
    return { time, feed, head, wakeReader: vi.spyOn(feed.streams, 'wakeReader') }
  }

  it.each([
    [1, 100],
    [200, 100],
    [1_000, 500],
  ])(
    'is read at once, while %i follow, and the next one after %i ms',
    async (followers, pauseMs) => {
      const { time, feed, head } = await createFollowed(followers)
      expect(feed.tailDueInMs()).toBe(1_000)
      feed.noteWritten(head + 1)
      expect(feed.tailDueInMs()).toBeLessThanOrEqual(0)
      expect(await feed.renewTail()).toBe('read')
      time.nowMs += 40
      expect(feed.tailDueInMs()).toBe(pauseMs - 40)
    },
  )

  it('wakes a stream to read it, unless one was woken to read another', async () => {
    const { time, feed, head, wakeReader } = await createFollowed()
    feed.noteWritten(head)
    expect(wakeReader).toHaveBeenCalledTimes(0)
    await insert('l', 2)
    for (const place of [head + 2, head + 1, head + 2]) feed.noteWritten(place)
    expect(wakeReader).toHaveBeenCalledTimes(1)
    await feed.renewTail()
    expect(feed.tailDueInMs()).toBe(1_000)
    time.nowMs += 10
    feed.noteWritten(head + 3)
    expect(wakeReader).toHaveBeenCalledTimes(2)
  })

  it('is looked for no longer than 2 s, in a history that was cut since then', async () => {
    const { time, feed, head, wakeReader } = await createFollowed()
    feed.noteWritten(head + 100)
    time.nowMs += 1_999
    await feed.renewTail()
    expect(feed.tailDueInMs()).toBe(100)
    time.nowMs += 1
    expect(feed.tailDueInMs()).toBe(999)
    feed.noteWritten(head + 1)
    expect(feed.tailDueInMs()).toBeLessThanOrEqual(99)
    expect(wakeReader).toHaveBeenCalledTimes(2)
  })

  it('is read in its time after the clock was set back', async () => {
    const { time, feed, head } = await createFollowed()
    time.nowMs = 900
    feed.noteWritten(head + 1)
    await feed.renewTail()
    time.nowMs = 0
    await feed.renewTail()
    expect(feed.tailDueInMs()).toBe(1_000)
    feed.noteWritten(head + 2)
    expect(feed.tailDueInMs()).toBe(0)
  })
})

describe('the database as a source', () => {
  it('gives the places after one, exactly as of now, and says which ids are revoked', async () => {
    const source = createDatabaseSource(database)
    const [row] = await served.query(
      'SELECT seq, id FROM portcullis_revoked_tokens ORDER BY seq DESC',
    )
    const head = Number(row?.seq)
    const pulled = await source.pull(head - 1, {})
    expect(pulled).toMatchObject({ ok: true, value: { head, from: head, through: head, ageMs: 0 } })
    expect(pulled.ok && idsIn(pulled.value.rows)).toEqual([row?.id])
    expect(await source.pull(head, {})).toMatchObject({ value: { through: head, rows: [] } })
    const check = (...ids: string[]) => source.check(ids, {})
    expect(await check(idOf('x', 1), String(row?.id))).toMatchObject({ value: { isRevoked: true } })
    expect(await check(idOf('x', 1))).toMatchObject({ value: { isRevoked: false } })
  })

  it.each<Fault>([
    ...(['hangs', 'cuts the connection', 'cuts the answer', 'redirects', 'answers HTML'] as const),
    ...(['answers other columns', 'answers other types', 'answers an empty object'] as const),
  ])('reports an outage where the database %s, and recovers afterwards', async (fault) => {
    const proxy = await startProxy(served.url)
    const source = createDatabaseSource(openRemoteDatabase({ url: proxy.url, timeoutMs: 300 }))
    proxy.setFault(fault)
    const questions = [source.pull(0, {}), source.check([idOf('x', 1)], {})] as const
    for (const answer of await Promise.all(questions)) {
      expect(answer).toMatchObject({
        ok: false,
        error: expect.stringContaining('The revocations cannot be read'),
      })
    }
    proxy.setFault('none')
    // The proxy has closed its earlier connections.
    await expect.poll(async () => (await source.pull(0, {})).ok, { timeout: 10_000 }).toBe(true)
    await proxy.stop()
  })

  it('names the problem', async () => {
    const away: Database = { ...database, withClient: () => Promise.reject(new TypeError('x')) }
    const source = createDatabaseSource(away)
    expect(await source.pull(0, {})).toMatchObject({
      ok: false,
      error: expect.stringContaining('The revocations cannot be read'),
    })
    expect(await source.check([idOf('x', 1)], {})).toMatchObject({ ok: false })
  })
})

describe.each(['segments', 'checks'])('a database that is not the only one, by %s', (kind) => {
  /** A feed that reads on request, and its log lines. */
  function createWatched(of: Database) {
    const time = new VirtualTime()
    const lines: string[] = []
    const feed = new RevocationFeed(of, time.runtime, { log: (line) => lines.push(line) })
    const read = async () => {
      time.nowMs += 1_000
      if (kind === 'segments') await feed.findSegment(0)
      else await checkRevocations({ database: of, feed }, [idOf('x', 1)])
    }
    const events = () => lines.map((line) => JSON.parse(line).event)
    return { time, feed, read, events, lines }
  }
  const headNow = async () =>
    Number((await served.query('SELECT seq FROM sqlite_sequence'))[0]?.seq)
  beforeAll(async () => {
    await served.query('DELETE FROM portcullis_revoked_tokens')
    await served.query('UPDATE sqlite_sequence SET seq = 10')
  })

  it('is detected as a replica or a backup: its history gets shorter. The log says so once a minute', async () => {
    const { time, read, events, lines } = createWatched(database)
    await read()
    await served.query('UPDATE sqlite_sequence SET seq = 8')
    for (let reads = 0; reads < 5; reads += 1) await read()
    expect(events()).toEqual(['history_behind'])
    expect(lines[0]).toContain(
      'ends at 8, and ended at 10 before. If the database has replicas, set DATABASE_REPLICAS',
    )
    time.nowMs += 60_000
    await read()
    expect(events()).toEqual(['history_behind', 'history_behind'])
  })

  it('is detected as a replica that lacks what was written through it', async () => {
    const { feed, read, events } = createWatched(database)
    await read()
    feed.history.noteWritten((await headNow()) + 1)
    await read()
    expect(events()).toEqual(['history_behind'])
  })

  it('is not assumed where the answer was on its way during a write', async () => {
    const held = Promise.withResolvers<void>()
    const slow: Database = {
      ...database,
      async withClient(use) {
        const answer = await database.withClient(use)
        await held.promise
        return answer
      },
    }
    const { feed, read, events } = createWatched(slow)
    held.resolve()
    await read()
    const reading = read()
    feed.history.noteWritten((await headNow()) + 1)
    await reading
    expect(events()).toEqual([])
  })

  it('is detected as one of two: their histories alternate', async () => {
    const other = await startDatabase()
    const both = [database, openRemoteDatabase({ url: other.url })]
    let turn = 0
    const alternating: Database = {
      ...database,
      withClient: (use) => (both[turn] as Database).withClient(use),
    }
    const { read, events, lines } = createWatched(alternating)
    await read()
    turn = 1
    await read()
    expect(events()).toEqual([])
    turn = 0
    await read()
    expect(events()).toEqual(['history_left_before'])
    expect(lines[0]).toContain('Two databases')
    await other.stop()
  })

  it('is not assumed after a restore: the new history stays', async () => {
    const { read, events } = createWatched(database)
    await read()
    await restore(2)
    for (let reads = 0; reads < 3; reads += 1) await read()
    expect(events()).toEqual([])
  })
})

describe('the snapshot of a long history', () => {
  let reads = 0
  const counting: Database = {
    get hasReplicas() {
      return database.hasReplicas
    },
    withClient(use) {
      reads += 1
      return database.withClient(use)
    },
  }
  const rowsOfPage = 3
  /** Four pages, with rows in each. */
  async function insertPages(): Promise<void> {
    await served.query('DELETE FROM portcullis_revoked_tokens')
    for (const page of [0, 1, 2, 3]) {
      await served.query('UPDATE sqlite_sequence SET seq = ?', page * 400_000 + 1)
      await insert(`p${page}`, rowsOfPage)
    }
  }
  const readsFor = async (feed: RevocationFeed, page: number) => {
    const before = reads
    const found = await feed.findPage(page)
    return [found.ok ? idsIn(found.value.rows).length : found.error, reads - before]
  }

  it('is read page by page once a minute, in whatever order they are requested', async () => {
    await insertPages()
    const time = new VirtualTime()
    const feed = new RevocationFeed(counting, time.runtime, silent)
    expect(await readsFor(feed, 0)).toEqual([rowsOfPage, 2])
    for (const page of [1, 2, 3]) expect(await readsFor(feed, page)).toEqual([rowsOfPage, 1])
    const before = reads
    for (let asked = 0; asked < 40; asked += 1) await feed.findPage(asked % 4)
    expect(await feed.findPage(4)).toEqual({ ok: false, error: 'not_found' })
    expect(reads).toBe(before)
    time.nowMs += 60_000
    expect(await readsFor(feed, 0)).toEqual([rowsOfPage, 2])
  })

  it('keeps the pages that there is room for, and reads the others at most once a minute', async () => {
    await insertPages()
    const time = new VirtualTime()
    const feed = new RevocationFeed(counting, time.runtime, {
      ...silent,
      keptCharacters: 3 * rowsOfPage * 23,
    })
    for (const page of [0, 1, 2, 3]) await feed.findPage(page)
    expect(await readsFor(feed, 0)).toEqual(['snapshot_busy', 0])
    expect(await readsFor(feed, 1)).toEqual([rowsOfPage, 0])
    const asking = Array.from({ length: 40 }, (_, asked) => feed.findPage(asked % 4))
    const before = reads
    await Promise.all(asking)
    expect(reads).toBe(before)
    time.nowMs += 60_000
    expect(await readsFor(feed, 0)).toEqual([rowsOfPage, 2])
    expect(await readsFor(feed, 0)).toEqual([rowsOfPage, 0])
  })

  it('skips a page whose rows are all pruned', async () => {
    await insertPages()
    await served.query('DELETE FROM portcullis_revoked_tokens WHERE seq < 800000')
    const feed = new RevocationFeed(counting, new VirtualTime().runtime, silent)
    expect(await readsFor(feed, 0)).toEqual([0, 1])
    expect(await readsFor(feed, 1)).toEqual([0, 0])
    expect(await feed.findPage(1)).toMatchObject({ value: { from: 400_000, through: 799_999 } })
    expect(await readsFor(feed, 2)).toEqual([rowsOfPage, 1])
  })
})
