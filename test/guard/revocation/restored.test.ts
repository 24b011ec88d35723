// The guarantee while backups are restored. Revoked tokens that the backup knows stay refused.
// Guards follow the new history without a single 503 where operators keep to the procedure.

import fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createGate, revocableToken } from '../../../src/guard/revocation/gate.ts'
import { RevocationLoader } from '../../../src/guard/revocation/loader.ts'
import { createRemoteSource } from '../../../src/guard/revocation/remote-source.ts'
import { FeedStreams } from '../../../src/service/domain/feed/feed-streams.ts'
import { breakCode, removeBrokenCode } from '../../support/broken-code.ts'
import { findRestoreBreaches, type RemoteCode } from '../../support/restored-model.ts'
import { restoreScenario } from '../../support/restored-scenarios.ts'

vi.spyOn(console, 'error').mockImplementation(() => {})
afterAll(removeBrokenCode)

const code: RemoteCode = {
  ...{ createGate, revocableToken, RevocationLoader },
  ...{ createRemoteSource, FeedStreams },
}

function holdsFor(tried: RemoteCode) {
  return fc.asyncProperty(restoreScenario, async (scenario) => {
    expect(await findRestoreBreaches(tried, scenario)).toEqual([])
  })
}

describe('source, view, loader and gate', () => {
  it('follow every restored history', async () => {
    await fc.assert(holdsFor(code), { numRuns: 1_500 })
  }, 180_000)
})

/** Mistakes that a developer could make in the code. */
const breaks: readonly (readonly [what: string, file: string, from: string, to: string])[] = [
  [
    'another history followed without proof',
    'followed-history',
    "if (currentAtMs < this.#epochLearntAtMs) return 'ignore'",
    '',
  ],
  [
    'another history never followed from a snapshot',
    'remote-source',
    'Math.min(proof.ageMs, sharedForMs)',
    "path.startsWith('snapshot') ? Number.POSITIVE_INFINITY : proof.ageMs",
  ],
  [
    'only the same page of a shorter history asked for',
    'remote-source',
    'if (number > 0)',
    'if (false)',
  ],
  ['a snapshot taken for all there is', 'view', ' && !page.isSnapshot', ''],
  [
    'any answer of a cache taken for current',
    'remote-source',
    'epoch === followed.epoch && head >= followed.head',
    'true',
  ],
  [
    'the head of the history before kept',
    'followed-history',
    'this.#head = 0\n    this.#headLearntAtMs = nowMs',
    '',
  ],
]

describe('the same, broken on purpose', () => {
  it.each(breaks)(
    'is detected: %s',
    async (_, file, from, to) => {
      const broken = await breakCode<RemoteCode>(`guard/revocation/${file}.ts`, from, to)
      await expect(
        fc.assert(holdsFor(broken), { numRuns: 5_000, seed: 4, endOnFailure: true }),
      ).rejects.toThrow(/Property failed/)
    },
    180_000,
  )
})
