// Counts requests in the memory of this isolate or process: a first net before the database. Another
// isolate counts for itself, so the whole service lets through as many times more as there are
// isolates.

import type { Runtime } from '../../../runtime/runtime.ts'

const minuteMs = 60_000
/** The oldest count is dropped first. Whoever has more addresses than this is not held up here. */
const maxKeys = 10_000

interface Count {
  readonly beganAtMs: number
  requests: number
}

/** Counts by key. A minute begins with the first request of a key. */
export class MinuteCounts {
  readonly #runtime: Pick<Runtime, 'elapsedMs'>
  /** In the order in which their minutes began. */
  readonly #counts = new Map<string, Count>()

  constructor(runtime: Pick<Runtime, 'elapsedMs'>) {
    this.#runtime = runtime
  }

  /**
   * Counts a request, if fewer than `limit` were counted in this minute of its key. Otherwise gives
   * the seconds until the next minute.
   */
  take(key: string, limit: number): number | undefined {
    const nowMs = this.#runtime.elapsedMs()
    const count = this.#current(key, nowMs)
    if (count.requests >= limit) return Math.ceil((count.beganAtMs + minuteMs - nowMs) / 1_000)
    count.requests += 1
    return undefined
  }

  #current(key: string, nowMs: number): Count {
    const known = this.#counts.get(key)
    // On Workers the clock may be set back. Then a minute begins anew.
    const ageMs = known ? nowMs - known.beganAtMs : minuteMs
    if (known && ageMs >= 0 && ageMs < minuteMs) return known
    this.#counts.delete(key)
    const [oldest] = this.#counts.keys()
    if (oldest !== undefined && this.#counts.size >= maxKeys) this.#counts.delete(oldest)
    const begun = { beganAtMs: nowMs, requests: 0 }
    this.#counts.set(key, begun)
    return begun
  }
}
