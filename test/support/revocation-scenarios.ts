// What can happen in the model of revocation-model.ts: user actions, the fate of questions, and
// differences between clocks.

import fc from 'fast-check'
import { sharedForMs } from '../../src/token/feed-format.ts'

export type Step =
  | { readonly kind: 'ask' | 'ask strictly' | 'revoke' | 'issue'; readonly token: number }
  | { readonly kind: 'fill'; readonly count: number }
  | { readonly kind: 'prune' | 'replace history' }
  | { readonly kind: 'wait' | 'set clock'; readonly ms: number }

/** The path of one question and its answer. */
export interface Journey {
  readonly thereMs: number
  readonly backMs: number
  /** How long before its arrival the answer was read: isolates share their reads. */
  readonly behindMs: number
  readonly fate: 'answered' | 'lost' | 'never heard of' | 'answered from before' | 'repeated'
}

export interface Scenario {
  readonly steps: readonly Step[]
  readonly journeys: readonly Journey[]
  /** How far the database's clock is ahead. */
  readonly databaseAheadMs: number
}

/** The number of tokens at a time. */
export const tokens = 4

const tokenNumber = fc.nat({ max: tokens - 1 })
const wait = (min: number, max: number) =>
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min, max }) })
const setClock = (min: number, max: number) =>
  fc.record({ kind: fc.constant('set clock' as const), ms: fc.integer({ min, max }) })
const arbitrarySteps = {
  ask: fc.record({ kind: fc.constant('ask' as const), token: tokenNumber }),
  'ask strictly': fc.record({ kind: fc.constant('ask strictly' as const), token: tokenNumber }),
  revoke: fc.record({ kind: fc.constant('revoke' as const), token: tokenNumber }),
  issue: fc.record({ kind: fc.constant('issue' as const), token: tokenNumber }),
  fill: fc.record({ kind: fc.constant('fill' as const), count: fc.integer({ min: 1, max: 11 }) }),
  prune: fc.constant({ kind: 'prune' as const }),
  'replace history': fc.constant({ kind: 'replace history' as const }),
  'wait a little': wait(0, 6_000),
  'wait longer': wait(6_000, 60_000),
  'wait until tokens are forgotten': wait(60_000, 600_000),
  'set clock a little': setClock(-9_000, 9_000),
  'set clock': setClock(-1_000_000, 1_000_000),
} satisfies Record<string, fc.Arbitrary<Step>>

/** Random steps, in proportion to their weights. */
function stepsOf(weights: Partial<Record<keyof typeof arbitrarySteps, number>>) {
  const steps = Object.entries(weights).map(([name, weight]) => ({
    weight,
    arbitrary: arbitrarySteps[name as keyof typeof arbitrarySteps] as fc.Arbitrary<Step>,
  }))
  return fc.array(fc.oneof(...steps), { minLength: 5, maxLength: 60 })
}

const busy = {
  ask: 12,
  'ask strictly': 2,
  revoke: 4,
  issue: 2,
  fill: 2,
  prune: 1,
  'wait a little': 10,
} as const

const journey: fc.Arbitrary<Journey> = fc.record({
  thereMs: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 2_900 })),
  backMs: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 2_900 })),
  behindMs: fc.oneof(fc.constant(0), fc.nat({ max: 3_000 })),
  fate: fc.oneof(
    { weight: 8, arbitrary: fc.constant<Journey['fate']>('answered') },
    {
      weight: 3,
      arbitrary: fc.constantFrom<Journey['fate']>(
        'lost',
        'never heard of',
        'answered from before',
        'repeated',
      ),
    },
  ),
})

/** Every question is answered soon, by isolates that are at most this far behind. */
function journeyBetweenIsolates(maxBehindMs: number): fc.Arbitrary<Journey> {
  const behindMs = fc.oneof(fc.constant(0), fc.nat({ max: maxBehindMs }))
  return behindMs.map((ms) => ({ ...atOnce, behindMs: ms }))
}

const databaseAheadMs = fc.integer({ min: -60_000, max: 60_000 })
const atOnce: Journey = { thereMs: 20, backMs: 30, behindMs: 0, fate: 'answered' }

/** Seconds and minutes with any fault of the network, in which histories are replaced. */
const chaos: fc.Arbitrary<Scenario> = fc.record({
  steps: stepsOf({ ...busy, 'replace history': 1, 'wait longer': 1, 'set clock a little': 1 }),
  journeys: fc.array(journey, { minLength: 1, maxLength: 20 }),
  databaseAheadMs,
})

const hours = { ...busy, issue: 4, 'wait longer': 3, 'wait until tokens are forgotten': 3 } as const

/** Hours in which tokens expire, and ids are forgotten. */
export const ageing: fc.Arbitrary<Scenario> = fc.record({
  steps: stepsOf(hours),
  journeys: fc.constant([atOnce]),
  databaseAheadMs,
})

/** The same, while the clock is set. */
const clockSetting: fc.Arbitrary<Scenario> = fc.record({
  steps: stepsOf({ ...hours, 'set clock': 2 }),
  journeys: fc.constant([atOnce]),
  databaseAheadMs,
})

/** A token is revoked once more, at a later place, while a guard reads towards it. */
const revokedTwice = fc
  .tuple(
    ...[tokenNumber, wait(0, 10_000), arbitrarySteps.fill, tokenNumber, wait(0, 10_000)],
    fc.boolean(),
  )
  .map(([token, before, fill, other, after, isAskedBetween]): Step[] => [
    { kind: 'revoke', token },
    before,
    fill,
    { kind: 'revoke', token },
    ...(isAskedBetween ? [{ kind: 'ask', token: other } as const] : []),
    after,
    { kind: 'ask', token },
    { kind: 'issue', token },
  ])

/** Isolates of the service that are a moment behind each other, and ids that move. */
const moving: fc.Arbitrary<Scenario> = fc.record({
  steps: fc.array(revokedTwice, { minLength: 1, maxLength: 8 }).map((steps) => steps.flat()),
  journeys: fc.array(journeyBetweenIsolates(3_000), { minLength: 1, maxLength: 9 }),
  databaseAheadMs,
})

/** Everything that can go wrong. */
export const scenario: fc.Arbitrary<Scenario> = fc.oneof(chaos, ageing, clockSetting, moving)

/**
 * A harmless network, isolates that share for the allowed time at most, and clocks that are not
 * set.
 */
export const calmScenario: fc.Arbitrary<Scenario> = fc.record({
  steps: stepsOf({ ...busy, 'replace history': 1, 'wait longer': 2 }),
  journeys: fc.array(journeyBetweenIsolates(sharedForMs), { minLength: 1, maxLength: 9 }),
  databaseAheadMs,
})
