// Time that passes only when something happens, so that days go by in seconds, and chance that
// repeats itself.

import { setImmediate as settle } from 'node:timers/promises'
import { type Runtime, systemRuntime } from '../../src/runtime/runtime.ts'

/** Any moment: 2026-11-01. */
const beginsAtMs = 1_793_491_200_000

interface Due {
  readonly atMs: number
  readonly resolve: () => void
}

export class VirtualTime {
  #elapsedMs = 0
  /** In the order in which they are due; there are never many. */
  readonly #due: Due[] = []

  /** A clock that shows this time. */
  readonly runtime: Runtime = {
    ...systemRuntime,
    now: () => Math.floor(this.runtime.nowMs() / 1_000),
    nowMs: () => beginsAtMs + Math.floor(this.#elapsedMs),
    elapsedMs: () => this.#elapsedMs,
    delay: (ms) => this.#delay(ms),
  }

  /** Lets so much time pass, and everything happen that is due meanwhile. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms
    for (let [next] = this.#due; next && next.atMs <= untilMs; [next] = this.#due) {
      this.#due.shift()
      this.#elapsedMs = next.atMs
      next.resolve()
      // Until everybody who waited for it has done what there is to do at this moment.
      await settle()
    }
    this.#elapsedMs = untilMs
  }

  #delay(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const atMs = this.#elapsedMs + ms
    const at = this.#due.findIndex((other) => other.atMs > atMs)
    this.#due.splice(at < 0 ? this.#due.length : at, 0, { atMs, resolve })
    return promise
  }
}

/** Numbers from 0 to 1, always the same for one seed (mulberry32). */
export function createChance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A gap between independent events, of which so many happen in a unit of time (exponential). */
export function gapOf(rate: number, chance: () => number): number {
  return -Math.log(1 - chance()) / rate
}
