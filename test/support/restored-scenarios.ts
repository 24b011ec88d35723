// What can happen in the model of restored-model.ts.

import fc from 'fast-check'
import { sharedForMs } from '../../src/token/feed-format.ts'
import type { FrameJourney, StreamJourney } from './modelled-network.ts'

export type RestoreStep =
  | { readonly kind: 'ask' | 'revoke'; readonly token: number; readonly places: number }
  | { readonly kind: 'wait'; readonly ms: number }
  /** An earlier backup. By the documented procedure, it has a new epoch before anybody reads it. */
  | { readonly kind: 'restore'; readonly agoMs: number; readonly isByTheBook: boolean }
  | { readonly kind: 'new epoch' | 'new guard' }
  /** The clock of one isolate of the service. Without a number, the wall clock of the guard. */
  | { readonly kind: 'set clock'; readonly isolate?: number | undefined; readonly ms: number }

/** The path of a pull or a check, and of its answer. */
interface PullJourney {
  readonly thereMs: number
  readonly backMs: number
  readonly fate: 'answered' | 'lost' | 'never answered'
}

export interface RestoreScenario {
  readonly steps: readonly RestoreStep[]
  /** How far the answering isolates are behind, one after the other. */
  readonly behindMs: readonly number[]
  readonly cachedForMs: number
  readonly pulls: readonly PullJourney[]
  /** The paths of streams, one after the other. Guards follow none where there are none. */
  readonly streams: readonly StreamJourney[]
  /** Whether the world goes on, until guards have to follow again. */
  readonly followsAgain: boolean
}

/** The number of tokens at a time. */
export const tokens = 4
const placesBetween = fc.oneof(fc.constant(1), fc.nat({ max: 1_200 }), fc.nat({ max: 500_000 }))
const aboutToken = (kind: 'ask' | 'revoke') =>
  fc.record({
    kind: fc.constant(kind),
    // The first token stays live. Guards need no view for tokens that they know to be revoked.
    token: fc.integer({ min: kind === 'ask' ? 0 : 1, max: tokens - 1 }),
    places: placesBetween.map((places) => places + 1),
  })

const wait = (max: number) => fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(max) })
const restore = (isByTheBook: fc.Arbitrary<boolean>) =>
  fc.record({ kind: fc.constant('restore' as const), agoMs: fc.nat({ max: 40_000 }), isByTheBook })
const newEpoch = fc.constant({ kind: 'new epoch' as const })
const newGuard = fc.constant({ kind: 'new guard' as const })
const setClock = (isolate: fc.Arbitrary<number | undefined>) =>
  fc.record({
    ...{ kind: fc.constant('set clock' as const), isolate },
    ms: fc.integer({ min: -9_000, max: 9_000 }),
  })

/** A step in one of so many rounds. */
const oneIn = (rounds: number, one: fc.Arbitrary<RestoreStep>) =>
  fc.oneof({ weight: rounds - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: one })

/** Steps by their weights. */
const stepsOf = (
  ...steps: { readonly weight: number; readonly arbitrary: fc.Arbitrary<RestoreStep> }[]
) => fc.array(fc.oneof(...steps), { minLength: 5, maxLength: 60 })

const busy = [
  { weight: 10, arbitrary: aboutToken('ask') },
  { weight: 5, arbitrary: aboutToken('revoke') },
  { weight: 10, arbitrary: wait(6_000) },
]
const seldom = [
  { weight: 1, arbitrary: wait(90_000) },
  { weight: 1, arbitrary: newGuard },
]

/** Isolates that share for the allowed time at most. */
const behindMs = fc.array(fc.oneof(fc.constant(0), fc.nat({ max: sharedForMs - 1 })), {
  minLength: 1,
  maxLength: 7,
})
/** Caches that keep for any time. */
const cachedForMs = fc.constantFrom(0, 1_000, 7_200_000)
const answered: PullJourney = { thereMs: 0, backMs: 0, fate: 'answered' }
const calm = { behindMs, cachedForMs, pulls: fc.constant([answered]) }

/** Restored backups, with pulls alone. */
export const restoreScenario: fc.Arbitrary<RestoreScenario> = fc.record({
  ...calm,
  steps: stepsOf(
    ...busy,
    ...seldom,
    { weight: 2, arbitrary: restore(fc.boolean()) },
    { weight: 2, arbitrary: newEpoch },
  ),
  streams: fc.constant([]),
  followsAgain: fc.constant(false),
})

const timeOnTheWay = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 50 }) },
  { weight: 1, arbitrary: fc.nat({ max: 2_900 }) },
  { weight: 1, arbitrary: fc.nat({ max: 9_000 }) },
)
const never = fc.constant(0)
const lies = fc.oneof(never, fc.nat({ max: 2_000 }), fc.constant(1_000_000))
const sometimes = <Value>(often: Value, ...others: Value[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant(often) },
    { weight: 4, arbitrary: fc.constantFrom(...others) },
  )

function streamsWith(lieMs: fc.Arbitrary<number>): fc.Arbitrary<readonly StreamJourney[]> {
  const frame: fc.Arbitrary<FrameJourney> = fc.record({
    backMs: timeOnTheWay,
    fate: sometimes<FrameJourney['fate']>(
      ...(['delivered', 'doubled', 'lost', 'lost in part', 'cut within', 'cut after'] as const),
      ...(['silent from here', 'of another question'] as const),
    ),
    splitAt: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
    splitMs: fc.oneof(fc.constant(0), fc.nat({ max: 1_000 })),
    lieMs,
  })
  const stream = fc.record({
    thereMs: timeOnTheWay,
    kind: sometimes<StreamJourney['kind']>(
      ...(['frames', 'held back', 'an ordinary page', 'fails', 'never answered'] as const),
    ),
    frames: fc.array(frame, { minLength: 1, maxLength: 7 }),
  })
  return fc.array(stream, { minLength: 1, maxLength: 5 })
}

/** A busy guard that follows streams with every fault, while pulls are answered. */
export const followScenario: fc.Arbitrary<RestoreScenario> = fc.record({
  ...calm,
  steps: stepsOf(
    ...busy,
    ...seldom,
    { weight: 3, arbitrary: wait(500) },
    { weight: 1, arbitrary: restore(fc.constant(true)) },
    { weight: 1, arbitrary: newEpoch },
  ),
  streams: streamsWith(never),
  followsAgain: fc.constant(false),
})

/** A guard that is asked every other second, whatever happens to its streams. */
export const busyScenario: fc.Arbitrary<RestoreScenario> = fc.record({
  ...{ ...calm, streams: streamsWith(never), followsAgain: fc.constant(false) },
  steps: fc
    .array(fc.tuple(aboutToken('ask'), wait(2_900), oneIn(3, aboutToken('revoke'))), {
      ...{ minLength: 10, maxLength: 20 },
    })
    .map((rounds) => rounds.flat().filter((one) => one !== null)),
})

/** Epochs that change every few seconds, while frames of earlier ones are on their way. */
function epochsWith(lieMs: fc.Arbitrary<number>): fc.Arbitrary<RestoreScenario> {
  const late = fc.record({
    ...{ backMs: fc.nat({ max: 9_000 }), lieMs, fate: fc.constant('delivered' as const) },
    ...{ splitAt: never, splitMs: never },
  })
  const frames = fc.array(late, { minLength: 1, maxLength: 4 })
  const stream = fc.record({ thereMs: never, kind: fc.constant('frames' as const), frames })
  return fc.record({
    ...{ ...calm, followsAgain: fc.constant(false) },
    streams: fc.array(stream, { minLength: 1, maxLength: 3 }),
    steps: fc
      .array(
        fc.tuple(
          ...([aboutToken('ask'), wait(3_000), oneIn(3, newEpoch)] as const),
          oneIn(12, newGuard),
        ),
        { minLength: 6, maxLength: 20 },
      )
      .map((rounds) => rounds.flat().filter((one) => one !== null)),
  })
}

export const epochScenario: fc.Arbitrary<RestoreScenario> = epochsWith(never)

/** The same, and a service lies about how long it held a frame. */
export const falseEpochScenario: fc.Arbitrary<RestoreScenario> = epochsWith(lies)

/** Pulls have faults, too. Clocks are set, and a service lies about how long it held a frame. */
export const roughScenario: fc.Arbitrary<RestoreScenario> = fc.record({
  ...{ behindMs, cachedForMs },
  pulls: fc.array(
    fc.record({
      thereMs: fc.nat({ max: 1_400 }),
      backMs: fc.nat({ max: 1_400 }),
      fate: sometimes<PullJourney['fate']>('answered', 'lost', 'never answered'),
    }),
    { minLength: 1, maxLength: 7 },
  ),
  steps: stepsOf(
    ...busy,
    ...seldom,
    { weight: 2, arbitrary: restore(fc.boolean()) },
    { weight: 1, arbitrary: newEpoch },
    { weight: 2, arbitrary: setClock(fc.option(fc.nat({ max: 6 }), { nil: undefined })) },
  ),
  streams: streamsWith(lies),
  followsAgain: fc.constant(false),
})

/** Streams are taken up again after all that happened to them. */
export const lastingScenario: fc.Arbitrary<RestoreScenario> = followScenario.map((scenario) => ({
  ...scenario,
  followsAgain: true,
}))
