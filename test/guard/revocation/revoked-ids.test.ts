import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBase64Url } from '../../../src/crypto/base64url.ts'
import { RevokedIds, wordsOf } from '../../../src/guard/revocation/revoked-ids.ts'
import { renderRow } from '../../../src/token/feed-format.ts'

const now = 1_800_000_000

/** Ids with the same home in the table: the searches for all of them begin there. */
function idAt(home: number, which: number): string {
  const bytes = new DataView(new ArrayBuffer(12))
  bytes.setInt32(0, Math.imul(which, 0x85eb_ca6b))
  bytes.setInt32(4, which)
  bytes.setInt32(8, home)
  return encodeBase64Url(new Uint8Array(bytes.buffer))
}
const crowdedId = fc.tuple(fc.nat(3), fc.integer()).map(([home, which]) => idAt(home, which))
const anyId = fc.uint8Array({ minLength: 12, maxLength: 12 }).map(encodeBase64Url)
const id = fc.oneof(crowdedId, anyId)

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ add: fc.array(fc.tuple(id, fc.integer({ min: 1, max: 3_000 }))) }),
  },
  { weight: 2, arbitrary: fc.record({ sweepTo: fc.integer({ min: 0, max: 4_000 }) }) },
)

type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

function act(ids: RevokedIds, model: Map<string, number>, step: Action): void {
  if ('sweepTo' in step) sweep(ids, model, now + step.sweepTo)
  else add(ids, model, step.add)
}

function add(ids: RevokedIds, model: Map<string, number>, added: [string, number][]): void {
  ids.addRows(added.map(([one, after]) => renderRow(one, now + after)).join(''))
  for (const [one, after] of added) {
    model.set(one, Math.max(model.get(one) ?? 0, Math.ceil((now + after) / 60)))
  }
}

function sweep(ids: RevokedIds, model: Map<string, number>, seconds: number): void {
  // Twice: one sweep may miss an id that moves meanwhile.
  for (let round = 0; round < 2; round += 1) ids.sweep(ids.capacity, seconds)
  const over = Math.floor((seconds - 300) / 60)
  for (const [one, minute] of model) if (minute < over) model.delete(one)
}

/**
 * The ids of a cluster and its neighbours that are no longer found after one of the cluster is
 * forgotten.
 */
function lostAt(home: number, forgotten: number): string[] {
  const crowd = [0, 1, 2].map((which) => idAt(home, which))
  const neighbours = [0, 1, 2].map((which) => idAt(home + 1_000, which))
  const [over = ''] = crowd.splice(forgotten, 1)
  const ids = new RevokedIds()
  for (const one of crowd.slice(0, forgotten)) ids.add(one, now + 90_000)
  ids.add(over, now)
  for (const one of [...crowd.slice(forgotten), ...neighbours]) ids.add(one, now + 90_000)
  ids.sweep(2 * ids.capacity, now + 1_000)
  expect(ids.hasAny(wordsOf([over]))).toBe(false)
  return [...crowd, ...neighbours].filter((one) => !ids.hasAny(wordsOf([one])))
}

describe('the set of revoked ids', () => {
  it('has the same ids as a plain map, however it grows, shrinks and fills', () => {
    const holds = fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const ids = new RevokedIds()
      const model = new Map<string, number>()
      for (const step of actions) {
        act(ids, model, step)
        expect(ids.size).toBe(model.size)
        expect([...model.keys()].filter((one) => !ids.hasAny(wordsOf([one])))).toEqual([])
      }
    })
    fc.assert(holds, { numRuns: 500 })
  })

  // A thousand homes are all places of a small table, including the wrap from its end to its
  // beginning.
  it.each([0, 1, 2])(
    'finds all others when one of a cluster is forgotten: number %d',
    (forgotten) => {
      const lost = Array.from({ length: 1_000 }, (_, home) => lostAt(home, forgotten))
      expect(lost.flat()).toEqual([])
    },
  )

  it('distinguishes any two ids that differ in one bit', () => {
    const bytes = new Uint8Array(12).fill(0x5a)
    const ids = new RevokedIds()
    ids.add(encodeBase64Url(bytes), now + 900)
    expect(ids.hasAny(wordsOf([encodeBase64Url(bytes)]))).toBe(true)
    for (let bit = 0; bit < 96; bit += 1) {
      const other = bytes.map((byte, index) =>
        index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte,
      )
      expect(ids.hasAny(wordsOf([encodeBase64Url(other)]))).toBe(false)
    }
  })

  it('finds any of several ids', () => {
    const ids = new RevokedIds()
    ids.add('a'.repeat(16), now)
    expect(ids.hasAny(wordsOf(['b'.repeat(16), 'c'.repeat(16), 'a'.repeat(16)]))).toBe(true)
    expect(ids.hasAny(wordsOf(['b'.repeat(16), 'c'.repeat(16)]))).toBe(false)
    expect(ids.hasAny([])).toBe(false)
  })

  it('never forgets an id earlier when it is added again for a shorter time', () => {
    const ids = new RevokedIds()
    ids.add('a'.repeat(16), now + 10_000)
    ids.add('a'.repeat(16), now)
    ids.sweep(ids.capacity, now + 9_000)
    expect(ids.size).toBe(1)
  })

  it.each([
    ['a character of no alphabet', `${'a'.repeat(15)}!1c9c380`],
    ['a character beyond ASCII', `${'a'.repeat(15)}é1c9c380`],
    ['a digit that is none', `${'a'.repeat(16)}1c9c38g`],
    ['half a row', 'a'.repeat(16)],
  ])('refuses a row with %s', (_, row) => {
    expect(new RevokedIds().addRows(row)).toBe(false)
    expect(new RevokedIds().addRows(renderRow('b'.repeat(16), now) + row)).toBe(false)
  })
})
