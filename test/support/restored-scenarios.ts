// What can happen in the model of restored-model.ts.

import fc from 'fast-check'
import { sharedForMs } from '../../src/token/feed-format.ts'

export type RestoreStep =
  | { readonly kind: 'ask' | 'revoke'; readonly token: number; readonly places: number }
  | { readonly kind: 'wait'; readonly ms: number }
  /** An earlier backup. By the documented procedure, it has a new epoch before anybody reads it. */
  | { readonly kind: 'restore'; readonly agoMs: number; readonly isByTheBook: boolean }
  | { readonly kind: 'new epoch' | 'new guard' }

export interface RestoreScenario {
  readonly steps: readonly RestoreStep[]
  /** How far the answering isolates are behind, one after the other. */
  readonly behindMs: readonly number[]
  readonly cachedForMs: number
}

/** The number of tokens at a time. */
export const tokens = 4
const placesBetween = fc.oneof(fc.constant(1), fc.nat({ max: 1_200 }), fc.nat({ max: 500_000 }))
const aboutToken = (kind: 'ask' | 'revoke') =>
  fc.record({
    kind: fc.constant(kind),
    token: fc.nat({ max: tokens - 1 }),
    places: placesBetween.map((places) => places + 1),
  })

const step: fc.Arbitrary<RestoreStep> = fc.oneof(
  { weight: 10, arbitrary: aboutToken('ask') },
  { weight: 5, arbitrary: aboutToken('revoke') },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat({ max: 6_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(90_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('restore' as const),
      agoMs: fc.nat({ max: 40_000 }),
      isByTheBook: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('new epoch' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('new guard' as const) }) },
)

/** Isolates that share for the allowed time at most, and caches that keep for any time. */
export const restoreScenario: fc.Arbitrary<RestoreScenario> = fc.record({
  steps: fc.array(step, { minLength: 5, maxLength: 60 }),
  behindMs: fc.array(fc.oneof(fc.constant(0), fc.nat({ max: sharedForMs - 1 })), {
    minLength: 1,
    maxLength: 7,
  }),
  cachedForMs: fc.constantFrom(0, 1_000, 7_200_000),
})
