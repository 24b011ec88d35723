// When a guard follows the feed, and what it does when a stream is cut, late or refused.

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createGate, revocableToken } from '../../../src/guard/revocation/gate.ts'
import { RevocationLoader } from '../../../src/guard/revocation/loader.ts'
import type { VerificationContext } from '../../../src/index.ts'
import { renderRow, streamSeconds } from '../../../src/token/feed-format.ts'
import type {
  FollowOptions,
  PulledPage,
  RevocationSource,
} from '../../../src/token/revocation-source.ts'
import { VirtualTime } from '../../support/virtual-time.ts'

const log = vi.spyOn(console, 'error').mockImplementation(() => {})
const lines = () => log.mock.calls.splice(0).map(([line]) => JSON.parse(String(line)))

const idOf = (number: number) => `id${String(number).padStart(14, '0')}`
const token = revocableToken([idOf(0)])
const revoked = revocableToken([idOf(1)])

type Fate = 'frames' | 'silent' | 'held back' | 'fails' | 'no stream' | 'ends' | 'throws'

let time: VirtualTime
let head: number
let epoch: string
let databaseAheadMs: number
/** What becomes of the next streams. */
let fate: Fate
let isAway: boolean
let pulledAtMs: number[]
let followedAtMs: number[]

beforeEach(() => {
  log.mockClear()
  time = new VirtualTime()
  time.wallAheadMs = 1_800_000_000_000
  ;[head, epoch, fate, isAway, databaseAheadMs] = [0, 'e', 'frames', false, 0]
  ;[pulledAtMs, followedAtMs] = [[], []]
})

function pageAfter(after: number, askedAtMs: number): PulledPage {
  const rows = Array.from({ length: Math.max(0, head - after) }, (_, index) =>
    renderRow(idOf(after + 1 + index), time.runtime.now() + 900),
  )
  const nowMs = time.runtime.nowMs() + databaseAheadMs
  const ageMs = askedAtMs - time.nowMs
  return { epoch, nowMs, first: 1, head, from: after + 1, through: head, rows, ageMs }
}

const source: RevocationSource = {
  async pull(after) {
    pulledAtMs.push(time.nowMs)
    if (isAway) return { ok: false, error: 'The source is away.' }
    return { ok: true, value: pageAfter(after, time.nowMs) }
  },
  async check() {
    return { ok: true, value: { isRevoked: false, nowMs: time.runtime.nowMs() } }
  },
  async follow(after, _, options) {
    followedAtMs.push(time.nowMs)
    if (fate === 'throws') throw new Error('oh')
    if (fate === 'fails') return { ok: false, error: 'The stream cannot be had.' }
    if (fate !== 'no stream') return streamFrames(after, options)
    return { ok: true, value: 600 }
  },
}

/** How many frames come before nothing does. */
const lastFrameOf: Partial<Record<Fate, number>> = { 'held back': 0, silent: 1 }

/** A frame for each beat, until what is meant to happen to the stream. */
async function streamFrames(
  after: number,
  { followed, beatMs, take }: FollowOptions,
): Promise<{ ok: true; value: number }> {
  const begun = fate
  const askedAtMs = time.nowMs
  for (let frames = 0; frames * beatMs < streamSeconds * 1_000; frames += 1) {
    // The request of the stream may have died.
    if (frames === lastFrameOf[begun]) await new Promise(() => {})
    const page = pageAfter(after, askedAtMs)
    const isSame = followed.epoch === epoch
    const isWanted = take(isSame ? page : { ...page, from: head + 1, rows: [] })
    if (!isWanted || !isSame) break
    await time.delay(beatMs)
    if (begun === 'ends' && frames > 0) break
  }
  return { ok: true, value: 0 }
}

const createLoader = () => new RevocationLoader('https://auth.example.com', time.runtime)

function createBounded(follow?: boolean, maxStalenessSeconds = 10, loader = createLoader()) {
  const policy = {
    maxStalenessSeconds,
    acceptStaleSeconds: 0,
    ...(follow !== undefined && { follow }),
  }
  const gate = createGate(policy, { loader, sourceOf: () => source })
  const ask = async (context: VerificationContext = { waitUntil: () => {} }, asking = token) => {
    const admitted = await gate.admit(asking, context)
    return admitted.ok ? 'let in' : admitted.error
  }
  /** A request each 100 ms. */
  const beBusy = async (seconds: number, context?: VerificationContext) => {
    const answers = new Set<string>()
    for (let tenth = 0; tenth < seconds * 10; tenth += 1) {
      answers.add(await ask(context))
      await time.advance(100)
    }
    return [...answers]
  }
  return { loader, ask, beBusy }
}

const gapsOf = (moments: readonly number[]) =>
  moments.slice(1).map((atMs, index) => atMs - (moments[index] ?? 0))

describe('a guard that follows the feed', () => {
  it('has one stream after the other, and pulls no more', async () => {
    const { beBusy } = createBounded()
    expect(await beBusy(61)).toEqual(['let in'])
    expect(pulledAtMs).toEqual([0])
    expect(followedAtMs).toEqual([100, 20_100, 40_100, 60_100])
  })

  it('begins its stream in the background of a request', async () => {
    const { ask } = createBounded()
    await ask()
    const kept: Promise<unknown>[] = []
    await ask({ waitUntil: (work) => kept.push(work) })
    expect([kept.length, followedAtMs]).toEqual([1, [0]])
  })

  it('follows beside a guard of the same issuer that has no waitUntil', async () => {
    const loader = createLoader()
    const [other, following] = [undefined, true].map((one) => createBounded(one, 10, loader))
    await other?.ask({ waitUntil: null })
    for (let tenth = 0; tenth < 100; tenth += 1) {
      await other?.ask({ waitUntil: null })
      await following?.ask({ waitUntil: null })
      await time.advance(100)
    }
    expect(followedAtMs).toEqual([0])
  })

  it('refuses what a frame brings', async () => {
    const { ask, beBusy } = createBounded()
    await beBusy(1)
    head = 1
    expect(await ask(undefined, revoked)).toBe('let in')
    await time.advance(2_500)
    expect(await ask(undefined, revoked)).toBe('token_revoked')
  })

  it('starts again with what the last stream brought', async () => {
    const { ask, beBusy } = createBounded()
    await beBusy(1)
    await time.advance(21_000)
    expect([await ask(), pulledAtMs]).toEqual(['let in', [0]])
  })

  it.each([
    ['without waitUntil', undefined, {}, 0],
    ['without waitUntil, on purpose', true, {}, 2],
    ['with follow: false', false, undefined, 0],
  ] as const)('%s has as many streams as it should', async (_, follow, context, streams) => {
    const { beBusy } = createBounded(follow)
    await beBusy(21, context)
    expect([followedAtMs.length, pulledAtMs.length]).toEqual([streams, streams > 0 ? 1 : 5])
  })

  it.each([
    [4, 1_000],
    [10, 2_500],
    [60, 3_000],
  ])('with a bound of %d s has a beat of %d ms', async (bound, beatMs) => {
    const follow = vi.spyOn(source, 'follow')
    await createBounded(undefined, bound).beBusy(1)
    expect(follow.mock.calls[0]?.[2].beatMs).toBe(beatMs)
  })
})

describe('a stream', () => {
  it('that is silent for two beats is given up, and another begins', async () => {
    fate = 'silent'
    const { beBusy } = createBounded()
    await beBusy(5)
    fate = 'frames'
    expect(await beBusy(16)).toEqual(['let in'])
    expect(followedAtMs).toHaveLength(2)
    const [gapMs = 0] = gapsOf(followedAtMs)
    expect(gapMs).toBeGreaterThanOrEqual(6_000)
    expect(gapMs).toBeLessThan(7_200)
    expect(lines()).toEqual([])
  })

  it.each(['silent', 'held back'] as const)(
    'that is %s twice while pulls work is held back: the guard pulls at a fifth of the bound',
    async (silent) => {
      fate = silent
      const { beBusy } = createBounded()
      await beBusy(30)
      expect(followedAtMs).toHaveLength(2)
      const { length } = pulledAtMs
      await beBusy(20)
      expect(pulledAtMs.length - length).toBe(10)
      expect(lines()).toMatchObject([{ event: 'revocation_stream_held_back' }])
      fate = 'frames'
      await beBusy(600)
      const pulled = pulledAtMs.length
      await beBusy(60)
      expect([followedAtMs.length > 2, pulledAtMs.length]).toEqual([true, pulled])
    },
  )

  it('that is silent in an outage is not taken for one that is held back', async () => {
    fate = 'held back'
    isAway = true
    const { beBusy } = createBounded()
    isAway = false
    await beBusy(1)
    isAway = true
    await beBusy(20)
    expect(followedAtMs.length).toBeGreaterThan(1)
    expect(lines().map(({ event }) => event)).not.toContain('revocation_stream_held_back')
  })

  it('that is cut begins again after one to two seconds', async () => {
    fate = 'ends'
    const { beBusy } = createBounded()
    await beBusy(60)
    for (const gapMs of gapsOf(followedAtMs)) {
      expect(gapMs).toBeGreaterThanOrEqual(6_000)
      expect(gapMs).toBeLessThan(7_200)
    }
    expect(new Set(gapsOf(followedAtMs)).size).toBeGreaterThan(1)
    expect(lines()).toEqual([])
  })

  it.each(['fails', 'throws'] as const)(
    'that %s begins again after longer and longer pauses, and the log says so once',
    async (failing) => {
      fate = failing
      const { beBusy } = createBounded()
      expect(await beBusy(400)).toEqual(['let in'])
      // 1 to 2 s, twice as long each time, and 60 s at most.
      const gaps = gapsOf(followedAtMs)
      for (const [index, gapMs] of gaps.entries()) {
        expect(gapMs).toBeGreaterThanOrEqual(Math.min(60_000, 1_000 * 2 ** index))
        expect(gapMs).toBeLessThanOrEqual(Math.min(60_000, 2_100 * 2 ** index))
      }
      expect(gaps.length).toBeGreaterThan(8)
      // As without a stream.
      expect(new Set(gapsOf(pulledAtMs))).toEqual(new Set([5_000]))
      expect(lines()).toMatchObject([{ event: 'revocation_stream_failed' }])
    },
  )

  it('that is not given is asked for again after ten minutes', async () => {
    fate = 'no stream'
    const { beBusy } = createBounded()
    await beBusy(601)
    expect(gapsOf(followedAtMs)).toEqual([600_000])
    expect(lines()).toEqual([])
  })

  it('begins again soon after an outage, whatever was found out about streams', async () => {
    fate = 'held back'
    const { beBusy } = createBounded()
    await beBusy(4)
    isAway = true
    await beBusy(10)
    isAway = false
    fate = 'frames'
    const backAtMs = time.nowMs
    await beBusy(10)
    const since = followedAtMs.filter((atMs) => atMs >= backAtMs)
    expect(since).toHaveLength(1)
    expect((since[0] ?? 0) - backAtMs).toBeLessThan(8_000)
  })

  it('whose frames cannot be used counts as failed', async () => {
    const { beBusy } = createBounded()
    await beBusy(1)
    databaseAheadMs = 300_000
    await beBusy(25)
    const [gapMs = 0] = gapsOf(followedAtMs.slice(1))
    // The second failure in a row.
    expect(gapMs).toBeGreaterThanOrEqual(2_000)
    expect(gapMs).toBeLessThan(4_200)
  })

  it('that tells of another history ends, and the guard pulls that history at once', async () => {
    const { beBusy, loader } = createBounded()
    await beBusy(1)
    ;[epoch, head] = ['later', 3]
    expect(await beBusy(3)).toEqual(['let in'])
    expect(loader.view.followed).toEqual({ epoch: 'later', head: 3 })
    expect(pulledAtMs).toEqual([0, 2_600])
    expect(loader.view.isComplete()).toBe(true)
  })
})
