// Which request hashes when, in time that only the tests advance. A hash blocks the thread, as on
// Workers, so its time passes in one step.

import { beforeEach, describe, expect, it } from 'vitest'
import { HashQueue, type HashTurn } from '../../../../src/service/domain/identity/hash-queue.ts'
import { VirtualTime } from '../../../support/virtual-time.ts'

const hashMs = 80
const restMs = 25

let time: VirtualTime
let queue: HashQueue
/** What was hashed, and when each hash began. */
let hashed: { name: string; atMs: number }[]

beforeEach(() => {
  time = new VirtualTime()
  queue = new HashQueue(10, time.runtime)
  hashed = []
})

const isHere = () => false
const names = () => hashed.map(({ name }) => name)

function join(isGone: () => boolean = isHere, known?: number): HashTurn {
  const joined = queue.join(isGone, known)
  if (!joined.ok) throw new Error('The queue is full.')
  return joined.value
}

function hashIn(turn: HashTurn, name: string, ms = hashMs) {
  return turn.hash(async () => {
    hashed.push({ name, atMs: time.nowMs })
    time.nowMs += ms
    return name
  })
}

/** Joins and hashes. */
function hash(name: string, isGone = isHere, ms = hashMs) {
  return hashIn(join(isGone), name, ms)
}

/** Joins until the queue is full. Gives the number of places taken. */
function fill(): number {
  let places = 0
  while (queue.join(isHere).ok) places += 1
  return places
}

/**
 * Requests that can be stopped, as Workers stop those of a client that hangs up: no timer ever
 * fires.
 */
function createStoppable() {
  let stops = 0
  const delay = async (ms: number) => {
    const before = stops
    await time.delay(ms)
    if (stops !== before) await new Promise(() => {})
  }
  return {
    runtime: { elapsedMs: () => time.nowMs, delay },
    /** Stops the requests that wait for a timer now. */
    stop: () => {
      stops += 1
    },
  }
}

describe('a request that hashes twice', () => {
  it('rests in between, and comes before those that arrived later', async () => {
    const twice = join()
    const done = (async () => {
      await hashIn(twice, 'old')
      await hashIn(twice, 'new')
    })()
    const other = hash('later')
    await time.advance(1_000)
    await Promise.all([done, other])
    expect(names()).toEqual(['old', 'new', 'later'])
    const [first, second] = hashed
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(hashMs + restMs)
  })
})

describe('the hash queue', () => {
  it('hashes at once when it is empty', async () => {
    const outcome = hash('only')
    await time.advance(1)
    expect(hashed).toEqual([{ name: 'only', atMs: 0 }])
    await time.advance(100)
    expect(await outcome).toEqual({ ok: true, value: 'only' })
  })

  it('lets two known accounts go before a stranger, in order of arrival', async () => {
    const first = hash('first')
    const known = (account: number) => hashIn(join(isHere, account), `account ${account}`)
    const turns = [hash('stranger'), known(1), hash('another stranger'), ...[2, 3, 4, 5].map(known)]
    await time.advance(3_000)
    await Promise.all([first, ...turns])
    expect(names()).toEqual([
      ...['first', 'account 1', 'account 2', 'stranger'],
      ...['account 3', 'account 4', 'another stranger', 'account 5'],
    ])
  })

  it('has one place before strangers for each account', async () => {
    const first = hash('first')
    const turns = [hash('stranger')]
    for (const name of ['first device', 'second device']) {
      turns.push(hashIn(join(isHere, 1), name))
    }
    await time.advance(2_000)
    await Promise.all([first, ...turns])
    expect(names()).toEqual(['first', 'first device', 'stranger', 'second device'])
  })

  it('has room for known accounts when it is full of strangers, and for strangers, too', () => {
    const strangers = fill()
    let known = 0
    while (queue.join(isHere, known).ok) known += 1
    expect([strangers, known]).toEqual([10, 7])
    queue = new HashQueue(10, time.runtime)
    for (known = 0; queue.join(isHere, known).ok; ) known += 1
    // Ten known ones, and three with the places of strangers, which come in between.
    expect([known, fill()]).toEqual([13, 0])
  })

  it('lets no account with many devices keep other known ones out', () => {
    let places = 0
    while (queue.join(isHere, 1).ok) places += 1
    expect(places).toBe(10)
    expect(queue.join(isHere).ok).toBe(false)
    expect(queue.join(isHere, 2).ok).toBe(true)
  })

  it('hashes one at a time, in order of arrival, with a rest after each', async () => {
    const wanted = Array.from({ length: 8 }, (_, number) => String(number))
    void wanted.map((name) => hash(name))
    await time.advance(2_000)
    expect(names()).toEqual(wanted)
    const rests = hashed
      .slice(1)
      .map(({ atMs }, before) => atMs - (hashed[before]?.atMs ?? 0) - hashMs)
    expect(Math.min(...rests)).toBeGreaterThanOrEqual(restMs)
    // A waiting request looks every 10 ms.
    expect(Math.max(...rests)).toBeLessThanOrEqual(restMs + 11)
  })

  it('also rests after the last hash, before any later request', async () => {
    void hash('first')
    await time.advance(5)
    void hash('second')
    await time.advance(500)
    expect(hashed[1]?.atMs).toBeGreaterThanOrEqual(hashMs + restMs)
  })

  it('does not rest again for a request that comes after the rest', async () => {
    const first = hash('first')
    await time.advance(hashMs + restMs + 1)
    const beganAtMs = time.nowMs
    const later = hash('later')
    await time.advance(200)
    await Promise.all([first, later])
    expect(hashed[1]).toEqual({ name: 'later', atMs: beganAtMs })
  })

  it('rests for longer, and holds fewer, while other work keeps the thread busy', async () => {
    let lateMs = 30
    const delay = (ms: number) => time.delay(ms + lateMs)
    queue = new HashQueue(10, { elapsedMs: () => time.nowMs, delay })
    for (const name of ['first', 'second', 'third']) void hash(name)
    await time.advance(700)
    expect(names()).toEqual(['first', 'second'])
    expect(hashed[1]?.atMs).toBeGreaterThanOrEqual(hashMs + 250)
    expect(hashed[1]?.atMs).toBeLessThan(hashMs + 330)
    expect(fill()).toBe(3)
    lateMs = 0
    await time.advance(1_000)
    expect(names()).toEqual(['first', 'second', 'third'])
    void hash('fourth')
    await time.advance(1_000)
    expect(fill()).toBe(10)
  })

  it.each([
    ['idle', 0],
    ['busy', 30],
  ])(
    'rests after several hashes where they are short, on a thread that is %s',
    async (_is, lateMs) => {
      const delay = (ms: number) => time.delay(ms + lateMs)
      queue = new HashQueue(6, { elapsedMs: () => time.nowMs, delay })
      const wanted = Array.from({ length: 30 }, (_, number) => String(number))
      void wanted.map((name) => hash(name, isHere, 5))
      await time.advance(1_000)
      expect(names()).toEqual(wanted)
      const rests = hashed
        .slice(1)
        .map(({ atMs }, before) => atMs - (hashed[before]?.atMs ?? 0) - 5)
      expect(rests.filter((ms) => ms >= restMs)).toHaveLength(5)
    },
  )

  it.each([
    [4, 401],
    [8, 23],
    [10, 10],
    [12, 3],
    [13, 2],
    [14, 1],
  ])('holds what can be hashed within a second: at cost %i, %i', (cost, places) => {
    queue = new HashQueue(cost, time.runtime)
    expect(fill()).toBe(places)
    expect(queue.join(isHere)).toEqual({ ok: false, error: 'login_queue_full' })
  })

  it.each([
    [200, 5],
    [400, 3],
    // More than four times the usual is not the speed of the machine.
    [900, 3],
  ])('learns how long a hash takes: of %i ms it holds %i', async (slowMs, places) => {
    for (let round = 0; round < 8; round += 1) {
      void hash('slow', isHere, slowMs)
      await time.advance(2_000)
    }
    expect(fill()).toBe(places)
  })

  it('ignores a hash that other work has delayed, and an old, cheap one', async () => {
    void hash('usual')
    await time.advance(1_000)
    void hash('delayed', isHere, 5_000)
    await time.advance(6_000)
    expect(fill()).toBe(10)
    await time.advance(1_000)
    void hash('cheap', isHere, 1)
    await time.advance(1_000)
    expect(fill()).toBe(16)
  })

  it('lets others hash while a request still reads, and keeps its place', async () => {
    const reader = join()
    const reading = reader.keepDuring(time.delay(400).then(() => 'read'))
    void hash('other')
    await time.advance(300)
    expect(names()).toEqual(['other'])
    void hash('late')
    await time.advance(100)
    expect(await reading).toBe('read')
    expect(names()).toEqual(['other', 'late'])
    void hash('first of all')
    void hash('last of all')
    void hashIn(reader, 'reader')
    await time.advance(1_000)
    expect(names()).toEqual(['other', 'late', 'reader', 'first of all', 'last of all'])
  })

  it('does not let a reading request hash while another one hashes', async () => {
    const reader = join()
    void join().hash(() => time.delay(300))
    await time.advance(100)
    void hashIn(reader, 'reader')
    await time.advance(200)
    expect(names()).toEqual([])
    await time.advance(100)
    expect(names()).toEqual(['reader'])
  })

  it('frees the place of a failed read, and of a request that leaves', async () => {
    const failing = join().keepDuring(Promise.reject(new Error('The database is away.')))
    await expect(failing).rejects.toThrow('The database is away.')
    join().leave()
    expect(fill()).toBe(10)
  })

  it('gives a failed hash to its caller, and continues', async () => {
    const failing = join().hash(() => Promise.reject(new Error('No hash.')))
    const caught = failing.catch((error: Error) => error.message)
    void hash('next')
    await time.advance(200)
    expect(await caught).toBe('No hash.')
    expect(names()).toEqual(['next'])
  })
})

describe('a request that waits', () => {
  it('is not hashed after its client has hung up, where the platform reports it', async () => {
    const client = { isGone: false }
    void hash('first')
    const gone = hash('gone', () => client.isGone)
    void hash('next')
    client.isGone = true
    await time.advance(500)
    expect(await gone).toEqual({ ok: false, error: 'login_queue_full' })
    expect(names()).toEqual(['first', 'next'])
  })

  it('is skipped after its client has hung up, where the platform just stops it', async () => {
    const requests = createStoppable()
    queue = new HashQueue(10, requests.runtime)
    for (let place = 0; place < 10; place += 1) void hash(`stopped ${place}`)
    await time.advance(10)
    requests.stop()
    // The queue looks full until those places have not been refreshed for a while.
    expect(fill()).toBe(1)
    await time.advance(400)
    expect(fill()).toBe(10)
    await time.advance(400)
    void hash('next')
    await time.advance(10)
    expect(names()).toEqual(['stopped 0', 'next'])
  })

  it('releases the turn when it stops before its hash has begun', async () => {
    const requests = createStoppable()
    queue = new HashQueue(10, requests.runtime)
    void join().hash(() => new Promise(() => {}))
    await time.advance(100)
    requests.stop()
    void hash('next')
    await time.advance(200)
    expect(names()).toEqual([])
    await time.advance(100)
    expect(names()).toEqual(['next'])
  })

  it('keeps the turn while it hashes, however long', async () => {
    void join().hash(() => time.delay(1_500))
    void hash('next')
    await time.advance(1_500)
    expect(names()).toEqual([])
    await time.advance(100)
    expect(names()).toEqual(['next'])
  })

  it('is refused after five seconds, when hashes take longer than expected', async () => {
    void join().hash(() => time.delay(10_000))
    const waiting = hash('waiting')
    await time.advance(5_100)
    expect(await waiting).toEqual({ ok: false, error: 'login_queue_full' })
    expect(names()).toEqual([])
  })

  it('returns to its place when nothing ran for a while', async () => {
    void join().hash(() => time.delay(1_000))
    await time.advance(10)
    void hash('first')
    void hash('second')
    await time.advance(10)
    // Nothing ran for a while: to the first request that looks, the others seem to have left.
    time.nowMs += 600
    void hash('newcomer')
    void hash('another')
    await time.advance(1_500)
    expect(names()).toEqual(['newcomer', 'first', 'second', 'another'])
  })

  it('is not delayed by a clock that is set back', async () => {
    let aheadMs = 3_600_000
    const delay = (ms: number) => time.delay(ms)
    queue = new HashQueue(10, { elapsedMs: () => time.nowMs + aheadMs, delay })
    // A place that no request refreshes.
    void hash('first')
    void hash('second')
    join()
    await time.advance(20)
    aheadMs = 0
    await time.advance(200)
    expect(names()).toEqual(['first', 'second'])
    expect(fill()).toBe(10)
  })
})
