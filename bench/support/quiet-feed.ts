// A feed without any revocations, in virtual time. It counts the questions.

import { succeed } from '../../src/errors/reasons.ts'
import type { RevocationSource } from '../../src/index.ts'
import { streamSeconds } from '../../src/token/feed-format.ts'
import type { VirtualTime } from './virtual-time.ts'

/** The round trip to the service. */
export const roundTripMs = 30
/** The service reads the database once for all questions within this time. */
export const sharedForMs = 1_000

/** What a guard has asked. */
export interface Asked {
  /** Pulls, exact checks, and streams. */
  questions: number
}

/**
 * Answers like a service that other guards ask, too. Its streams send a first frame at once. Each
 * next frame goes out with the first read of the database in the last second of a beat.
 */
export function createQuietFeed(
  { runtime }: VirtualTime,
  chance: () => number,
  asked: Asked,
): RevocationSource {
  const places = { epoch: 'quiet', first: 1, head: 0, from: 0, through: 0, rows: [] }
  const answer = async (afterMs: number, ageMs: number) => {
    await runtime.delay(afterMs)
    return { nowMs: runtime.nowMs(), ageMs }
  }
  const ask = () => {
    asked.questions += 1
    return answer(roundTripMs, chance() * sharedForMs)
  }
  return {
    pull: async () => succeed({ ...places, ...(await ask()) }),
    check: async () => succeed({ isRevoked: false, ...(await ask()) }),
    async follow(_after, _context, { beatMs, take }) {
      const first = await ask()
      // In milliseconds after the question came to the service.
      let [readMs, sentMs] = [-first.ageMs, 0]
      let isWanted = take({ ...places, ...first })
      while (isWanted) {
        const goesOutAfterMs = sentMs + beatMs - sharedForMs
        while (readMs <= goesOutAfterMs) readMs += sharedForMs
        if (readMs >= streamSeconds * 1_000) break
        isWanted = take({ ...places, ...(await answer(readMs - sentMs, -readMs)) })
        sentMs = readMs
      }
      await runtime.delay(streamSeconds * 1_000 - sentMs)
      return succeed(0)
    },
  }
}
