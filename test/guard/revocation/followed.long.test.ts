// The guarantee while guards follow the feed. Streams make a view younger, and never more than it
// is. Whatever happens to them, the guard is as it was without them.

import fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createGate, revocableToken } from '../../../src/guard/revocation/gate.ts'
import { RevocationLoader } from '../../../src/guard/revocation/loader.ts'
import { createRemoteSource } from '../../../src/guard/revocation/remote-source.ts'
import { FeedStreams } from '../../../src/service/domain/feed/feed-streams.ts'
import { breakCode, removeBrokenCode } from '../../support/broken-code.ts'
import { findRestoreBreaches, type RemoteCode } from '../../support/restored-model.ts'
import {
  busyScenario,
  epochScenario,
  falseEpochScenario,
  followScenario,
  lastingScenario,
  type RestoreScenario,
  roughScenario,
} from '../../support/restored-scenarios.ts'

vi.spyOn(console, 'error').mockImplementation(() => {})
afterAll(removeBrokenCode)

const code: RemoteCode = {
  ...{ createGate, revocableToken, RevocationLoader },
  ...{ createRemoteSource, FeedStreams },
}

function holdsFor(tried: RemoteCode, worlds: fc.Arbitrary<RestoreScenario>) {
  return fc.asyncProperty(worlds, async (world) => {
    expect(await findRestoreBreaches(tried, world)).toEqual([])
  })
}

describe('source, follower, view, loader and gate', () => {
  it('lose nothing with a stream that is lost', async () => {
    await fc.assert(holdsFor(code, followScenario), { numRuns: 400 })
    await fc.assert(holdsFor(code, busyScenario), { numRuns: 300 })
  }, 180_000)

  it('keep the bound with every fault at once, and gain by no lie more than the network', async () => {
    await fc.assert(holdsFor(code, roughScenario), { numRuns: 500 })
  }, 180_000)

  it('follow the latest history while frames of earlier ones are on their way', async () => {
    await fc.assert(holdsFor(code, epochScenario), { numRuns: 500 })
    await fc.assert(holdsFor(code, falseEpochScenario), { numRuns: 500 })
  }, 180_000)

  it('follow again after every fault', async () => {
    await fc.assert(holdsFor(code, lastingScenario), { numRuns: 100 })
  }, 180_000)
})

type Break = [
  what: string,
  file: string,
  from: string,
  to: string,
  worlds?: fc.Arbitrary<RestoreScenario>,
]

/** Mistakes that a developer could make in the code. */
const breaks: Break[] = [
  [
    'a service believed that says it held a frame for longer than it can have',
    'guard/revocation/frame-reader',
    'Math.min(heldMs, this.#runtime.elapsedMs() - this.#askedAtMs)',
    'heldMs',
    roughScenario,
  ],
  [
    'a frame counted from its arrival, and not from when it was made',
    'guard/revocation/frame-reader',
    'Math.min(heldMs, this.#runtime.elapsedMs() - this.#askedAtMs)',
    'this.#runtime.elapsedMs() - this.#askedAtMs',
  ],
  [
    'the age of a frame left out',
    'guard/revocation/frame-reader',
    'Math.max(0, madeAfterMs) - ageMs',
    'Math.max(0, madeAfterMs)',
  ],
  [
    'a frame of another stream taken',
    'guard/revocation/frame-reader',
    'readFeed(whole.slice(0, -1), this.#nonce)',
    'readFeed(whole.slice(0, -1), undefined)',
  ],
  [
    'the epoch of a frame taken without proof',
    'guard/revocation/frame-reader',
    'epochAgeMs: ageMs',
    'epochAgeMs: Number.NEGATIVE_INFINITY',
    epochScenario,
  ],
  [
    'the epoch of a frame proven by how long a service says it held it',
    'guard/revocation/frame-reader',
    'epochAgeMs: ageMs',
    'epochAgeMs: ageMs - Math.max(0, madeAfterMs)',
    falseEpochScenario,
  ],
  [
    'frames known as of their arrival, not of the question',
    'guard/revocation/follower',
    'view.apply(page, askedAt)',
    'view.apply(page, view.readClocks())',
  ],
  ['a piece of a frame forgotten', 'guard/remote/answer', 'take(text + ', 'take(', lastingScenario],
  [
    'everything known after a frame that was lost',
    'guard/revocation/view',
    '!this.#history.isComplete() ||',
    '',
  ],
  [
    'places after the end of a frame skipped',
    'guard/revocation/followed-history',
    'Math.max(this.#position, through)',
    'Math.max(this.#position, head)',
  ],
  [
    'places before a frame skipped',
    'guard/revocation/followed-history',
    'if (from <= this.#position + 1)',
    '',
  ],
  [
    'no pull while a stream counts as under way',
    'guard/revocation/gate',
    'if (ageMs >= this.#refreshAtMs())',
    'if (follower.mayBegin() && ageMs >= this.#refreshAtMs())',
    busyScenario,
  ],
  [
    'a silent stream that stays under way',
    'guard/revocation/follower',
    'begin(2 * beatMs)',
    'begin(Number.POSITIVE_INFINITY)',
    lastingScenario,
  ],
  [
    'streams that were held back never tried again',
    'guard/revocation/follower',
    'pauseWhileHeldBackMs = 600_000',
    'pauseWhileHeldBackMs = 6_000_000',
    lastingScenario,
  ],
  [
    'a service that does not say how old its frames are',
    'service/domain/feed/feed-streams',
    'ageMs: Math.ceil(Math.max(0, ageMs))',
    'ageMs: 0',
  ],
  [
    'a service that counts the whole time of a stream as held',
    'service/domain/feed/feed-streams',
    'stream.sentAtMs - stream.askedAtMs',
    'stream.forMs',
  ],
]

describe('the same, broken on purpose', () => {
  it.each(breaks)(
    'is detected: %s',
    async (...[_, file, from, to, worlds = followScenario]: Break) => {
      const broken = await breakCode<RemoteCode>(`${file}.ts`, from, to)
      await expect(
        fc.assert(holdsFor(broken, worlds), { numRuns: 5_000, seed: 4, endOnFailure: true }),
      ).rejects.toThrow(/Property failed/)
    },
    180_000,
  )
})
