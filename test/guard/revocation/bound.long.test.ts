// The guarantee itself. Whatever networks, clocks and histories do, no request that begins at
// commit + bound, or later, is let in with a revoked token.

import fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createGate, revocableToken } from '../../../src/guard/revocation/gate.ts'
import { RevocationLoader } from '../../../src/guard/revocation/loader.ts'
import { breakCode, removeBrokenCode } from '../../support/broken-code.ts'
import { type Code, findBreaches } from '../../support/revocation-model.ts'
import {
  ageing,
  calmScenario,
  type Scenario,
  scenario,
} from '../../support/revocation-scenarios.ts'

vi.spyOn(console, 'error').mockImplementation(() => {})

afterAll(removeBrokenCode)

const code: Code = { createGate, revocableToken, RevocationLoader }

/** Fails where a scenario breaks the bound. */
function holdsFor(broken: Code, worlds: fc.Arbitrary<Scenario>) {
  return fc.asyncProperty(worlds, async (world) => {
    expect(await findBreaches(broken, world)).toEqual([])
  })
}

describe('view, loader and gate', () => {
  it('never let in beyond the bound, and never refuse a live token', async () => {
    await fc.assert(holdsFor(code, scenario), { numRuns: 10_000 })
  }, 180_000)

  it('give no 503 while everything answers and no clock is changed', async () => {
    await fc.assert(holdsFor(code, calmScenario), { numRuns: 1_000 })
  }, 180_000)
})

/** Mistakes that a developer could make in the code. */
const breaks: readonly (readonly [what: string, file: string, from: string, to: string])[] = [
  [
    'a bound twice as long',
    'gate',
    '>= this.#maxStalenessMs) return',
    '>= this.#maxStalenessMs * 2) return',
  ],
  [
    'known as of the answer, not of the question',
    'loader',
    'page.value, askedAt)',
    'page.value, this.view.readClocks())',
  ],
  ['the age of an answer left out', 'view', 'askedAt, page.ageMs)', 'askedAt, 0)'],
  ['places skipped', 'followed-history', 'if (from <= this.#position + 1)', ''],
  ['everything known after the first page', 'view', '!this.#history.isComplete() ||', ''],
  [
    'everything known at the head of the page at hand',
    'view',
    '!this.#history.isComplete() ||',
    'this.#history.position < page.head ||',
  ],
  [
    'another history followed from where the last one ended',
    'followed-history',
    'this.#position = 0\n    this.#head = 0',
    'this.#head = 0',
  ],
  [
    'a check in vain taken for a good one',
    'gate',
    "problem === undefined ? succeed(undefined) : refuse('revocations_unavailable')",
    'succeed(undefined)',
  ],
  [
    'what a check has told forgotten',
    'gate',
    'view.learn(revokedOf(ids, checked.value), checked.value.nowMs)',
    '',
  ],
  ['a clock that is an hour off believed', 'view', 'difference <= maxClockDifferenceMs', 'true'],
  [
    'ids forgotten too early',
    'revoked-ids',
    'nowSeconds - keepAfterExpirySeconds',
    'nowSeconds + 110',
  ],
]

describe('the same, broken on purpose', () => {
  it.each(breaks)(
    'is detected: %s',
    async (_, file, from, to) => {
      // Ids are forgotten only after hours.
      const worlds = file === 'revoked-ids' ? ageing : scenario
      const broken = await breakCode<Code>(`guard/revocation/${file}.ts`, from, to)
      await expect(
        fc.assert(holdsFor(broken, worlds), { numRuns: 50_000, seed: 4 }),
      ).rejects.toThrow(/Property failed/)
    },
    180_000,
  )
})
