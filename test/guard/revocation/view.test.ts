import { beforeEach, describe, expect, it } from 'vitest'
import { wordsOf } from '../../../src/guard/revocation/revoked-ids.ts'
import { RevocationView } from '../../../src/guard/revocation/view.ts'
import { renderRow } from '../../../src/token/feed-format.ts'
import type { PulledPage } from '../../../src/token/revocation-source.ts'
import { VirtualTime } from '../../support/virtual-time.ts'

const epochMs = 1_800_000_000_000

let time: VirtualTime
beforeEach(() => {
  time = new VirtualTime()
  time.wallAheadMs = epochMs
})

const idOf = (number: number) => `id${String(number).padStart(14, '0')}`

/** A page with an id at every place. */
function page(from: number, through: number, changes: Partial<PulledPage> = {}): PulledPage {
  const places = Array.from({ length: Math.max(0, through - from + 1) }, (_, index) => from + index)
  const nowMs = time.runtime.nowMs()
  const rows = [places.map((place) => renderRow(idOf(place), nowMs / 1_000 + 900)).join('')]
  return { epoch: 'e', nowMs, first: 1, head: through, from, through, rows, ageMs: 0, ...changes }
}

const knows = (view: RevocationView, number: number) => view.isRevoked(wordsOf([idOf(number)]))

describe('a view', () => {
  it('knows nothing at first, and everything once a page reaches the head', () => {
    const view = new RevocationView(time.runtime)
    expect([view.isLoaded(), view.ageMs()]).toEqual([false, Number.POSITIVE_INFINITY])
    expect(view.apply(page(1, 3, { head: 5 }), view.readClocks())).toBe('partial')
    expect([view.isLoaded(), view.position, knows(view, 3)]).toEqual([false, 3, true])
    expect(view.apply(page(4, 5), view.readClocks())).toBe('complete')
    expect([view.isLoaded(), view.ageMs(), view.position]).toEqual([true, 0, 5])
  })

  it('is as old as the question, plus the age of the answer', () => {
    const view = new RevocationView(time.runtime)
    const askedAt = view.readClocks()
    time.nowMs += 700
    view.apply(page(1, 3, { ageMs: 300 }), askedAt)
    expect(view.ageMs()).toBe(1_000)
  })

  it('does not get older by a page that arrives late', () => {
    const view = new RevocationView(time.runtime)
    const early = view.readClocks()
    time.nowMs += 5_000
    view.apply(page(1, 3), view.readClocks())
    view.apply(page(1, 3), early)
    expect(view.ageMs()).toBe(0)
  })

  it('has no known age once either clock is set back, until the next page', () => {
    const view = new RevocationView(time.runtime)
    view.apply(page(1, 3), view.readClocks())
    time.wallAheadMs -= 1
    expect(view.ageMs()).toBe(Number.POSITIVE_INFINITY)
    view.apply(page(1, 3), view.readClocks())
    expect(view.ageMs()).toBe(0)
  })

  it('ages by the wall clock where that runs ahead, as after a machine has slept', () => {
    const view = new RevocationView(time.runtime)
    view.apply(page(1, 3), view.readClocks())
    time.wallAheadMs += 60_000
    expect(view.ageMs()).toBe(60_000)
  })

  it('begins where the rows begin, however many places were pruned', () => {
    const view = new RevocationView(time.runtime)
    const empty = { from: 0, through: 399_999, rows: [], first: 2_000_001, head: 2_000_005 }
    expect(view.apply(page(0, 0, empty), view.readClocks())).toBe('partial')
    expect(view.position).toBe(2_000_000)
  })

  it('refuses a page that leaves places out', () => {
    const view = new RevocationView(time.runtime)
    view.apply(page(1, 3), view.readClocks())
    expect(view.apply(page(5, 6), view.readClocks())).toBe('partial')
    expect([view.position, knows(view, 6)]).toEqual([3, true])
  })

  it('follows another history from its beginning, and forgets nothing', () => {
    const view = new RevocationView(time.runtime)
    view.apply(page(1, 9), view.readClocks())
    const other = page(10, 10, { epoch: 'f', head: 12, rows: [] })
    expect(view.apply(other, view.readClocks())).toBe('partial')
    expect([view.position, knows(view, 9)]).toEqual([0, true])
    expect(view.ageMs()).toBe(0)
  })

  it('follows another history only with proof that it is later', () => {
    const view = new RevocationView(time.runtime)
    view.apply(page(1, 9), view.readClocks())
    time.nowMs += 800
    const other = { epoch: 'f', head: 3 }
    // A cache may have kept the one. The other may have been read before the first was known.
    for (const epochAgeMs of [Number.POSITIVE_INFINITY, 801]) {
      expect(view.apply(page(1, 3, { ...other, epochAgeMs }), view.readClocks())).toBe('partial')
      expect(view.followed).toEqual({ epoch: 'e', head: 9 })
    }
    const proven = page(1, 3, { ...other, ageMs: 60_000, epochAgeMs: 800, isSnapshot: true })
    expect(view.apply(proven, view.readClocks())).toBe('partial')
    expect([view.followed, view.position]).toEqual([other, 3])
    expect(view.apply(page(1, 3, other), view.readClocks())).toBe('complete')
  })

  it('never goes back to a history that it has left, and names the cure', () => {
    const view = new RevocationView(time.runtime)
    const early = view.readClocks()
    for (const epoch of ['e', 'f', 'g']) {
      time.nowMs += 1
      view.apply(page(1, 9, { epoch }), view.readClocks())
    }
    expect(view.apply(page(1, 12, { epoch: 'f' }), early)).toBe('partial')
    time.nowMs += 1
    for (const epoch of ['e', 'f']) {
      expect(view.apply(page(1, 12, { epoch }), view.readClocks())).toEqual({
        problem: expect.stringMatching(
          /an earlier epoch .*two databases.*portcullis migrate --restored/,
        ),
      })
    }
    expect(view.followed).toEqual({ epoch: 'g', head: 9 })
  })

  it('follows another history after the clock for durations was set back', () => {
    const view = new RevocationView(time.runtime)
    time.nowMs += 200_000
    view.apply(page(1, 9), view.readClocks())
    const before = view.readClocks()
    time.nowMs -= 200_000
    const other = { epoch: 'f', head: 3 }
    expect(view.apply(page(1, 3, other), before)).toBe('partial')
    time.nowMs += 1
    expect(view.apply(page(1, 3, other), view.readClocks())).toBe('complete')
  })

  it('refuses a history that became shorter, and names the cure', () => {
    const view = new RevocationView(time.runtime)
    view.apply(page(1, 9), view.readClocks())
    time.nowMs += 1
    expect(view.apply(page(1, 5), view.readClocks())).toEqual({
      problem: expect.stringContaining('portcullis migrate --restored'),
    })
    time.nowMs += 3_000
    expect(view.ageMs()).toBe(3_001)
  })

  it('ignores an answer from before that arrives late', () => {
    const view = new RevocationView(time.runtime)
    const early = view.readClocks()
    time.nowMs += 1_000
    view.apply(page(1, 9), view.readClocks())
    expect(view.apply(page(1, 5), early)).toBe('complete')
    expect(view.apply(page(1, 5, { epoch: 'before' }), early)).toBe('partial')
    expect([view.position, view.ageMs()]).toEqual([9, 0])
  })

  it('records when it learnt of each place, not only of the history', () => {
    const view = new RevocationView(time.runtime)
    view.apply(page(1, 9), view.readClocks())
    time.nowMs += 500
    const early = view.readClocks()
    time.nowMs += 500
    view.apply(page(10, 12), view.readClocks())
    expect(view.apply(page(1, 10), early)).toBe('complete')
  })

  it('is incomplete until it reaches the highest head that it has heard of', () => {
    const view = new RevocationView(time.runtime)
    view.apply(page(1, 900), view.readClocks())
    // Revoked at 950, and again at 1,500: a page of now no longer has it …
    const [now, moved] = [view.readClocks(), { head: 1_500, rows: [] }]
    expect(view.apply(page(901, 999, moved), now)).toBe('partial')
    // … and a page of a second ago does not have it yet.
    expect(view.apply(page(1_000, 1_100, { ageMs: 1_000 }), view.readClocks())).toBe('partial')
    expect(view.position).toBe(1_100)
    expect(view.apply(page(1_000, 1_500), view.readClocks())).toBe('complete')
    expect(knows(view, 1_500)).toBe(true)
  })

  it('is incomplete at the time of a late answer while it has not reached that head', () => {
    const view = new RevocationView(time.runtime)
    const early = view.readClocks()
    time.nowMs += 1_000
    expect(view.apply(page(1, 999, { head: 1_500 }), view.readClocks())).toBe('partial')
    expect(view.apply(page(1, 900), early)).toBe('partial')
    expect(view.isLoaded()).toBe(false)
  })

  it('advances with a page that was read before another one', () => {
    const view = new RevocationView(time.runtime)
    const early = view.readClocks()
    time.nowMs += 1_000
    view.apply(page(1, 999, { head: 1_500 }), view.readClocks())
    expect(view.apply(page(1_000, 1_100), early)).toBe('partial')
    expect(view.position).toBe(1_100)
  })

  it('refuses a history that is shorter than the head that it has heard of, even if it has read less', () => {
    const view = new RevocationView(time.runtime)
    view.apply(page(1, 999, { head: 1_500 }), view.readClocks())
    time.nowMs += 1
    expect(view.apply(page(1_000, 1_400), view.readClocks())).toEqual({
      problem: expect.stringContaining('it ends at 1400, and ended at 1500 before'),
    })
  })

  it('is complete at the time of an answer that knows less than the view', () => {
    const view = new RevocationView(time.runtime)
    const ageMs = Number.POSITIVE_INFINITY
    expect(view.apply(page(1, 9, { ageMs }), view.readClocks())).toBe('partial')
    time.nowMs += 100
    // The read of another isolate of the service, a second ago.
    expect(view.apply(page(1, 8, { ageMs: 900 }), view.readClocks())).toBe('complete')
    expect(view.ageMs()).toBe(900)
  })

  it.each([240_001, -240_001])('refuses a database whose clock is %i ms ahead', (aheadMs) => {
    const view = new RevocationView(time.runtime)
    const nowMs = time.runtime.nowMs() + aheadMs
    expect(view.apply(page(1, 3, { nowMs }), view.readClocks())).toEqual({
      problem: expect.stringContaining('240 s apart, more than 240'),
    })
    expect(view.isLoaded()).toBe(false)
  })

  it('accepts a page of unknown age, and one that was on its way while the machine slept', () => {
    const view = new RevocationView(time.runtime)
    const old = { nowMs: time.runtime.nowMs() - 7_200_000, ageMs: Number.POSITIVE_INFINITY }
    expect(view.apply(page(1, 3, old), view.readClocks())).toBe('partial')
    const [askedAt, answered] = [view.readClocks(), page(4, 5)]
    time.wallAheadMs += 600_000
    expect(view.apply(answered, askedAt)).toBe('complete')
    expect(view.ageMs()).toBe(600_000)
  })

  it('refuses invalid rows', () => {
    const view = new RevocationView(time.runtime)
    expect(view.apply(page(1, 3, { rows: ['x'] }), view.readClocks())).toHaveProperty('problem')
  })

  it('forgets ids that expired more than 300 s ago, some with each page', () => {
    const view = new RevocationView(time.runtime)
    for (let from = 1; from <= 20_000; from += 1_000) {
      view.apply(page(from, from + 999), view.readClocks())
    }
    expect(view.size).toBe(20_000)
    time.nowMs += 1_199_000
    view.apply(page(20_001, 20_001), view.readClocks())
    expect(view.size).toBe(20_001)
    time.nowMs += 120_000
    for (let pull = 0; pull < 200; pull += 1) view.apply(page(20_001, 20_001), view.readClocks())
    expect(view.size).toBe(1)
    expect(knows(view, 20_001)).toBe(true)
  })

  it('forgets nothing when a clock is set forward, and back again', () => {
    const view = new RevocationView(time.runtime)
    view.apply(page(1, 3), view.readClocks())
    const [askedAt, answered] = [view.readClocks(), page(4, 4)]
    time.wallAheadMs += 7_200_000
    view.apply(answered, askedAt)
    expect(view.size).toBe(4)
    time.wallAheadMs -= 7_200_000
    expect(knows(view, 1)).toBe(true)
  })

  it('reports that it is full, forgets nothing, and starts again when there is room', () => {
    const view = new RevocationView(time.runtime, 10)
    view.apply(page(1, 10), view.readClocks())
    expect(view.apply(page(11, 12), view.readClocks())).toBe('full')
    expect([view.isLoaded(), view.position, knows(view, 12), knows(view, 1)]).toEqual([
      false,
      0,
      true,
      true,
    ])
    time.nowMs += 1_300_000
    expect(view.apply(page(12, 14, { first: 12 }), view.readClocks())).toBe('complete')
    expect(view.size).toBe(3)
  })
})
