// Counts requests in the memory of this isolate or process: a first net before the database. Another
// isolate counts for itself, so the whole service lets through as many times more as there are
// isolates.

import type { Runtime } from '../../../runtime/runtime.ts'

/** The oldest count is dropped first. Whoever has more addresses than this is not held up here. */
const maxKeys = 10_000

interface Count {
  readonly beganAtMs: number
  requests: number
}

/** Counts by key, in spans of time. A span begins with the first request of a key. */
export class RequestCounts {
  readonly #runtime: Pick<Runtime, 'elapsedMs'>
  /** In the order in which their spans began. */
  readonly #counts = new Map<string, Count>()

  constructor(runtime: Pick<Runtime, 'elapsedMs'>) {
    this.#runtime = runtime
  }

  /**
   * Counts a request, if fewer than `limit` were counted in the current span of its key. Otherwise
   * gives the seconds until the next span. A key must always have the same span.
   */
  take(key: string, limit: number, spanSeconds: number): number | undefined {
    const nowMs = this.#runtime.elapsedMs()
    const spanMs = spanSeconds * 1_000
    const count = this.#current(key, spanMs, nowMs)
    if (count.requests >= limit) return Math.ceil((count.beganAtMs + spanMs - nowMs) / 1_000)
    count.requests += 1
    return undefined
  }

  #current(key: string, spanMs: number, nowMs: number): Count {
    const known = this.#counts.get(key)
    // On Workers the clock may be set back. Then a span begins anew.
    const ageMs = known ? nowMs - known.beganAtMs : spanMs
    if (known && ageMs >= 0 && ageMs < spanMs) return known
    this.#counts.delete(key)
    const [oldest] = this.#counts.keys()
    if (oldest !== undefined && this.#counts.size >= maxKeys) this.#counts.delete(oldest)
    const begun = { beganAtMs: nowMs, requests: 0 }
    this.#counts.set(key, begun)
    return begun
  }
}
