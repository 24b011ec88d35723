import { beforeEach, describe, expect, it } from 'vitest'
import { MinuteCounts } from '../../../../src/service/domain/limits/minute-counts.ts'

let nowMs: number
let counts: MinuteCounts

beforeEach(() => {
  nowMs = 1_000_000
  counts = new MinuteCounts({ elapsedMs: () => nowMs })
})

describe('requests of a minute', () => {
  it('pass up to the limit, and then say when the next minute begins', () => {
    expect([counts.take('a', 2), counts.take('a', 2)]).toEqual([undefined, undefined])
    nowMs += 30_500
    expect(counts.take('a', 2)).toBe(30)
    expect(counts.take('b', 2)).toBeUndefined()
    nowMs += 29_499
    expect(counts.take('a', 2)).toBe(1)
    nowMs += 1
    expect(counts.take('a', 2)).toBeUndefined()
  })

  it('pass no more than the limit at once', () => {
    const passed = Array.from({ length: 100 }, () => counts.take('a', 30)).filter(
      (wait) => wait === undefined,
    )
    expect(passed).toHaveLength(30)
  })

  it('begin anew when the clock is set back', () => {
    counts.take('a', 1)
    nowMs -= 1
    expect(counts.take('a', 1)).toBeUndefined()
  })

  it('are kept for 10,000 keys: the oldest is dropped first', () => {
    for (let key = 0; key <= 10_000; key += 1) counts.take(`key ${key}`, 1)
    expect(counts.take('key 2', 1)).toBe(60)
    expect(counts.take('key 0', 1)).toBeUndefined()
    expect(counts.take('key 10000', 1)).toBe(60)
  })
})
