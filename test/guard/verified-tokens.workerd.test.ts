import { describe, expect, it } from 'vitest'
import { createVerifiedTokens } from '../../src/guard/verified-tokens.ts'

const token = (number: number) => String(number).padStart(1_024, 'x')

describe('the cache of verified tokens', () => {
  it('finds its tokens only by the whole text', () => {
    const tokens = createVerifiedTokens<number>()
    tokens.keep('a.b.c', 1)
    expect([tokens.find('a.b.c'), tokens.find('a.b.d'), tokens.find('a.b.')]).toEqual([
      1,
      undefined,
      undefined,
    ])
  })

  it('holds at most 4 MiB of text', () => {
    const tokens = createVerifiedTokens<number>()
    for (let number = 0; number < 20_000; number += 1) tokens.keep(token(number), number)
    const held = Array.from({ length: 20_000 }, (_, number) => tokens.find(token(number))).filter(
      (number) => number !== undefined,
    )
    expect(held.length).toBeLessThanOrEqual(4_096)
    expect(held.length).toBeGreaterThan(2_000)
    expect(held.at(-1)).toBe(19_999)
  })

  it('keeps a token in use over any number of others', () => {
    const tokens = createVerifiedTokens<number>()
    tokens.keep('mine', -1)
    for (let number = 0; number < 20_000; number += 1) {
      tokens.keep(token(number), number)
      expect(tokens.find('mine')).toBe(-1)
    }
  })
})
