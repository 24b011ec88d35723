import { beforeEach, describe, expect, it } from 'vitest'
import { RequestCounts } from '../../../../src/service/domain/limits/request-counts.ts'

let nowMs: number
let counts: RequestCounts

beforeEach(() => {
  nowMs = 1_000_000
  counts = new RequestCounts({ elapsedMs: () => nowMs })
})

describe('requests of a minute', () => {
  it('pass up to the limit, and then say when the next minute begins', () => {
    expect([counts.take('a', 2, 60), counts.take('a', 2, 60)]).toEqual([undefined, undefined])
    nowMs += 30_500
    expect(counts.take('a', 2, 60)).toBe(30)
    expect(counts.take('b', 2, 60)).toBeUndefined()
    nowMs += 29_499
    expect(counts.take('a', 2, 60)).toBe(1)
    nowMs += 1
    expect(counts.take('a', 2, 60)).toBeUndefined()
  })

  it('pass no more than the limit at once', () => {
    const passed = Array.from({ length: 100 }, () => counts.take('a', 30, 60)).filter(
      (wait) => wait === undefined,
    )
    expect(passed).toHaveLength(30)
  })

  it('have a span of their own', () => {
    expect([counts.take('a', 1, 1), counts.take('a', 1, 1)]).toEqual([undefined, 1])
    nowMs += 1_000
    expect(counts.take('a', 1, 1)).toBeUndefined()
  })

  it('begin anew when the clock is set back', () => {
    counts.take('a', 1, 60)
    nowMs -= 1
    expect(counts.take('a', 1, 60)).toBeUndefined()
  })

  it('are kept for 10,000 keys: the oldest is dropped first', () => {
    for (let key = 0; key <= 10_000; key += 1) counts.take(`key ${key}`, 1, 60)
    expect(counts.take('key 2', 1, 60)).toBe(60)
    expect(counts.take('key 0', 1, 60)).toBeUndefined()
    expect(counts.take('key 10000', 1, 60)).toBe(60)
  })
})
