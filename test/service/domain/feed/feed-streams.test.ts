// The answers that guards follow, in virtual time, over a tail that the test changes.

import { AsyncLocalStorage } from 'node:async_hooks'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  FeedStreams,
  type FollowQuestion,
  type Renewal,
} from '../../../../src/service/domain/feed/feed-streams.ts'
import { parseFeed, renderRow } from '../../../../src/token/feed-format.ts'
import { VirtualTime } from '../../../support/virtual-time.ts'

const nonce = 'n'.repeat(16)
const rowOf = (place: number) => renderRow(`id${String(place).padStart(14, '0')}`, 900)

/** The number of the client for whose stream something runs. */
const client = new AsyncLocalStorage<number>()

let time: VirtualTime
let tail: MemoryTail
let streams: FeedStreams
let clients: number
beforeEach(() => {
  clients = 0
  time = new VirtualTime()
  tail = new MemoryTail(time)
  streams = new FeedStreams(tail, time.runtime)
  tail.onRead = () => streams.wake()
})

/** The end of a history that is read once a second. */
class MemoryTail {
  epoch = 'one'
  head = 0
  reads = 0
  /** How often a stream looked whether a read is due. */
  looks = 0
  /** The clients whose streams have read, in the order of the reads. */
  readers: (number | undefined)[] = []
  /** Another request reads, and gets no answer. */
  isAway = false
  /** Whether the next read fails. */
  isFailing = () => false
  isHurried = false
  /** How long a read takes. */
  readMs = 0
  /** Reads change nothing. */
  isStuck = false
  onRead = () => {}
  #read = { epoch: 'one', head: 0, atMs: 0 }
  #pausedUntilMs = 0
  #isReading = false
  readonly #time: VirtualTime

  constructor(time: VirtualTime) {
    this.#time = time
  }

  pageAfter(place: number, epoch: string) {
    const { head, atMs } = this.#read
    if (head - place > 5_000) return undefined
    const isNews = epoch === this.#read.epoch && head > place
    const from = isNews ? place + 1 : head + 1
    const through = Math.min(head, isNews ? from + 999 : head)
    const rows = Array.from({ length: through - from + 1 }, (_, index) => rowOf(from + index))
    return {
      ...{ epoch: this.#read.epoch, first: 1, head, from, through, rows },
      ...{ nowMs: atMs, ageMs: this.#time.nowMs - atMs },
    }
  }

  async renewTail(): Promise<Renewal> {
    this.looks += 1
    if (this.tailDueInMs() > 0 || this.#time.nowMs < this.#pausedUntilMs) return 'not due'
    if (this.isAway || this.#isReading) return 'not due'
    this.reads += 1
    this.readers.push(client.getStore())
    if (this.isFailing()) return this.#fail()
    if (this.isStuck) return 'read'
    this.#isReading = true
    if (this.readMs > 0) await this.#time.delay(this.readMs)
    this.#isReading = false
    this.take()
    return 'read'
  }

  /** What a read brings. */
  take(): void {
    this.#read = { epoch: this.epoch, head: this.head, atMs: this.#time.nowMs }
    this.onRead()
  }

  #fail(): Renewal {
    this.#pausedUntilMs = this.#time.nowMs + 500
    return 'failed'
  }

  tailDueInMs() {
    return (this.isHurried ? 100 : 1_000) - (this.#time.nowMs - this.#read.atMs)
  }
}

const ask = (change: Partial<FollowQuestion> = {}): FollowQuestion => ({
  ...{ after: 0, epoch: 'one', nonce, askedAtMs: time.nowMs, forMs: 20_000, beatMs: 2_500 },
  ...change,
})

/** Reads a stream, and notes when its frames come. */
function follow(change: Partial<FollowQuestion> = {}) {
  clients += 1
  const body = client.run(clients, () => streams.begin(ask(change)))
  const seen = { frames: [] as ReturnType<typeof frameOf>[], isOver: false }
  const reader = body?.getReader()
  const read = async (): Promise<void> => {
    const { done, value } = (await reader?.read()) ?? { done: true }
    seen.isOver = done
    if (done) return
    seen.frames.push(frameOf(new TextDecoder().decode(value)))
    return read()
  }
  void read()
  return { seen, isBegun: body !== undefined, leave: () => reader?.cancel() }
}

function frameOf(text: string) {
  expect(text.at(-1)).toBe('\n')
  const frame = parseFeed(text.slice(0, -1))
  if (!frame.ok) throw new Error(frame.error)
  const { from, through, epoch, rows, proof } = frame.value
  expect(proof?.nonce).toBe(nonce)
  return { atMs: time.nowMs, epoch, from, through, rows: rows.join(''), ...proof }
}

describe('an answer that is followed', () => {
  it('begins with a frame at once, and has one for each beat', async () => {
    const { seen } = follow()
    await time.advance(0)
    expect(seen.frames).toMatchObject([{ atMs: 0, from: 1, through: 0, heldMs: 0, ageMs: 0 }])
    await time.advance(10_000)
    // Each comes with the last read before its time.
    expect(seen.frames.map(({ atMs }) => atMs)).toEqual([0, 2_000, 4_000, 6_000, 8_000, 10_000])
    expect(seen.frames.at(-1)).toMatchObject({ heldMs: 10_000, ageMs: 0, rows: '' })
  })

  it('has a frame with the news as soon as they are read', async () => {
    const { seen } = follow()
    await time.advance(300)
    tail.head = 2
    await time.advance(699)
    expect(seen.frames).toHaveLength(1)
    await time.advance(1)
    expect(seen.frames[1]).toMatchObject({ atMs: 1_000, from: 1, through: 2 })
    expect(seen.frames[1]?.rows).toBe(rowOf(1) + rowOf(2))
    tail.head = 3
    await time.advance(1_000)
    expect(seen.frames[2]).toMatchObject({ atMs: 2_000, from: 3, through: 3, rows: rowOf(3) })
  })

  it('goes across many segments, one frame after the other', async () => {
    const { seen } = follow()
    await time.advance(0)
    tail.head = 2_500
    await time.advance(1_000)
    expect(seen.frames.slice(1).map(({ through }) => through)).toEqual([1_000, 2_000, 2_500])
  })

  it('ends after its time, and reads nothing then', async () => {
    const { seen } = follow({ forMs: 5_000 })
    await time.advance(5_000)
    expect(seen.isOver).toBe(true)
    const { reads } = tail
    await time.advance(60_000)
    expect(tail.reads).toBe(reads)
  })

  it('reads once a second, however many follow', async () => {
    for (let each = 0; each < 50; each += 1) follow()
    await time.advance(10_000)
    expect(tail.reads).toBe(10)
  })

  it('lets few of many clients look whether a read is due', async () => {
    const many = 320
    for (let client = 0; client < many; client += 1) follow()
    tail.readMs = 5
    await time.advance(1_500)
    const { looks, reads } = tail
    await time.advance(10_000)
    expect(tail.reads - reads).toBe(10)
    // For each read, about 16 of them.
    expect((tail.looks - looks) / many).toBeLessThan(1)
  })

  it('lets its clients read in turn', async () => {
    for (let each = 0; each < 5; each += 1) follow()
    await time.advance(10_000)
    const { readers } = tail
    expect(readers).toHaveLength(10)
    for (const one of [1, 2, 3, 4, 5]) {
      expect(readers.filter((reader) => reader === one).length).toBeLessThanOrEqual(2)
    }
  })

  it('lets its clients read in turn what is new in its isolate', async () => {
    for (let each = 0; each < 20; each += 1) follow()
    await time.advance(1_300)
    tail.isHurried = true
    tail.readers = []
    for (let each = 0; each < 16; each += 1) {
      tail.head += 1
      await time.advance(100)
      streams.wakeReader()
      await time.advance(0)
    }
    expect(new Set(tail.readers).size).toBeGreaterThan(12)
  })

  it('ends where two reads in a row fail, so that others can read', async () => {
    const all = Array.from({ length: 3 }, () => follow())
    await time.advance(500)
    // As on Workers, when a request has used up its subrequests.
    tail.isFailing = () => client.getStore() === 2
    await time.advance(15_000)
    expect(all.map(({ seen }) => seen.isOver)).toEqual([false, true, false])
    expect(tail.readers.filter((reader) => reader === 2)).toHaveLength(2)
    expect(all[0]?.seen.frames.at(-1)?.ageMs).toBeLessThan(1_100)
  })

  it('goes on after reads that failed, but not one after the other', async () => {
    const { seen } = follow()
    let reads = 0
    tail.isFailing = () => {
      reads += 1
      return reads % 2 === 0
    }
    await time.advance(15_000)
    expect([seen.isOver, reads > 10]).toEqual([false, true])
  })

  it('tells of news in its isolate at once', async () => {
    const { seen } = follow()
    await time.advance(1_300)
    tail.head = 1
    tail.isHurried = true
    streams.wakeReader()
    await time.advance(0)
    expect(seen.frames[1]).toMatchObject({ atMs: 1_300, through: 1 })
  })

  it('tells all of news in its isolate, by a read of those who paused last', async () => {
    const all = Array.from({ length: 20 }, () => follow())
    // Nobody reads these.
    for (let each = 0; each < 20; each += 1) streams.begin(ask())
    await time.advance(1_300)
    tail.head = 1
    tail.isHurried = true
    streams.wakeReader()
    await time.advance(0)
    expect(all.map(({ seen }) => seen.frames.at(-1)?.through)).toEqual(Array(20).fill(1))
  })

  it('has its beats, and the news that others read, while its own read hangs', async () => {
    const { seen } = follow({ beatMs: 1_100 })
    await time.advance(900)
    tail.readMs = 60_000
    await time.advance(4_000)
    tail.head = 1
    tail.take()
    await time.advance(0)
    expect(seen.frames.at(-1)).toMatchObject({ atMs: 4_900, from: 1, through: 1 })
    await time.advance(4_000)
    const gaps = seen.frames
      .slice(1)
      .map(({ atMs }, index) => atMs - (seen.frames[index]?.atMs ?? 0))
    expect(seen.frames.length).toBeGreaterThan(3)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1_100)
  })

  it('has frames that say their age while no read ends, and news afterwards', async () => {
    const { seen } = follow()
    await time.advance(0)
    tail.isAway = true
    tail.head = 1
    await time.advance(6_000)
    expect(seen.frames.at(-1)).toMatchObject({ atMs: 5_000, heldMs: 5_000, ageMs: 5_000, rows: '' })
    tail.isAway = false
    await time.advance(250)
    expect(seen.frames.at(-1)).toMatchObject({ through: 1, rows: rowOf(1), ageMs: 0 })
  })

  it('ends with a frame of another history, which has no rows', async () => {
    const { seen } = follow()
    await time.advance(0)
    tail.epoch = 'two'
    tail.head = 7
    await time.advance(1_000)
    expect(seen.frames[1]).toMatchObject({ epoch: 'two', from: 8, through: 7, rows: '' })
    expect(seen.isOver).toBe(true)
  })

  it('ends when its place is too far behind', async () => {
    const { seen } = follow()
    await time.advance(0)
    tail.head = 6_000
    await time.advance(1_000)
    expect(seen).toMatchObject({ isOver: true, frames: [{ through: 0 }] })
  })

  it('is given to 1,000 clients of an isolate, and to others when one has ended', async () => {
    const all = Array.from({ length: 1_000 }, () => follow())
    expect(all.every(({ isBegun }) => isBegun)).toBe(true)
    expect(follow().isBegun).toBe(false)
    await time.advance(1_000)
    await all[7]?.leave()
    expect(follow().isBegun).toBe(true)
    expect(follow().isBegun).toBe(false)
  })

  it('ends where it was forgotten and there are 1,000 others', async () => {
    const late = streams.begin(ask())?.getReader()
    await time.advance(5_500)
    for (let each = 0; each < 1_000; each += 1) streams.begin(ask())
    expect(await late?.read()).toEqual({ done: true, value: undefined })
    expect(streams.size).toBe(1_000)
  })

  it('forgets clients that have left without a word', async () => {
    // Nobody reads these, as on Workers after a client has disconnected.
    for (let each = 0; each < 1_000; each += 1) streams.begin(ask())
    await time.advance(5_499)
    expect(follow().isBegun).toBe(false)
    await time.advance(1)
    expect(follow().isBegun).toBe(true)
  })

  it('forgets them when it wakes others, too', async () => {
    for (let each = 0; each < 10; each += 1) streams.begin(ask())
    time.nowMs += 5_500
    expect(streams.size).toBe(10)
    streams.wake()
    expect(streams.size).toBe(0)
    for (let each = 0; each < 10; each += 1) streams.begin(ask())
    time.nowMs += 5_500
    streams.wakeReader()
    expect(streams.size).toBe(0)
  })

  it('forgets them after the clock was set back', async () => {
    time.nowMs = 100_000
    for (let each = 0; each < 1_000; each += 1) streams.begin(ask())
    expect(follow().isBegun).toBe(false)
    time.nowMs -= 1
    expect(follow().isBegun).toBe(true)
  })

  it('makes no frame before the one before was read', async () => {
    const reader = streams.begin(ask())?.getReader()
    tail.head = 1
    await time.advance(3_000)
    await tail.renewTail()
    tail.head = 2
    await time.advance(3_000)
    await tail.renewTail()
    const { value } = (await reader?.read()) ?? {}
    expect(frameOf(new TextDecoder().decode(value))).toMatchObject({ from: 1, through: 2 })
  })

  it('wakes no other request where a promise of another request never continues', async () => {
    const compatibilityFlags = { handle_cross_request_promise_resolution: false }
    vi.stubGlobal('Cloudflare', { compatibilityFlags })
    const all = Array.from({ length: 3 }, () => follow())
    await time.advance(1_300)
    tail.head = 1
    tail.isHurried = true
    streams.wakeReader()
    await time.advance(0)
    expect(tail.reads).toBe(1)
    // Each looks by its own timer.
    await time.advance(250)
    expect(all.map(({ seen }) => seen.frames.at(-1)?.through)).toEqual([1, 1, 1])
    vi.unstubAllGlobals()
  })

  it('pauses after a read of its own that has brought nothing', async () => {
    follow()
    await time.advance(1_000)
    tail.isStuck = true
    const { reads } = tail
    await time.advance(3_000)
    expect(tail.reads - reads).toBeLessThanOrEqual(20)
  })

  it('ends when the clock is set back to before its question or its last frame', async () => {
    time.nowMs = 100_000
    const early = follow()
    await time.advance(1_000)
    const late = follow()
    await time.advance(100)
    const areOver = async (nowMs: number) => {
      time.nowMs = nowMs
      streams.wake()
      await time.advance(0)
      return [early.seen.isOver, late.seen.isOver]
    }
    expect(await areOver(101_000)).toEqual([false, false])
    expect(await areOver(100_999)).toEqual([false, true])
    expect(await areOver(99_999)).toEqual([true, true])
  })

  it('ends with the process', async () => {
    const all = Array.from({ length: 3 }, () => follow())
    await time.advance(500)
    streams.endAll()
    await time.advance(0)
    expect(all.map(({ seen }) => seen.isOver)).toEqual([true, true, true])
  })

  it('has one frame where it begins while the process ends', async () => {
    await tail.renewTail()
    const early = follow()
    streams.endAll()
    const late = follow()
    await time.advance(0)
    for (const { seen } of [early, late]) {
      expect(seen).toMatchObject({ isOver: true, frames: [{ atMs: 0 }] })
    }
  })

  it('has one frame where its question was answered after its time', async () => {
    const askedAtMs = time.nowMs
    time.nowMs += 1_500
    const { seen } = follow({ askedAtMs, forMs: 1_000 })
    await time.advance(0)
    expect(seen).toMatchObject({ isOver: true, frames: [{ atMs: 1_500, heldMs: 1_500 }] })
  })
})
