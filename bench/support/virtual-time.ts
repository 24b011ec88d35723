// Virtual time, so that a run covers days in seconds, and repeatable random numbers.

import { setImmediate as settle } from 'node:timers/promises'
import { type Runtime, systemRuntime } from '../../src/runtime/runtime.ts'

/** An arbitrary moment: 2026-11-01. */
const beginsAtMs = 1_793_491_200_000

interface Due {
  readonly atMs: number
  readonly resolve: () => void
}

export class VirtualTime {
  #elapsedMs = 0
  /** In the order in which they are due. There are never many. */
  readonly #due: Due[] = []

  /** A clock that shows the virtual time. */
  readonly runtime: Runtime = {
    ...systemRuntime,
    now: () => Math.floor(this.runtime.nowMs() / 1_000),
    nowMs: () => beginsAtMs + Math.floor(this.#elapsedMs),
    elapsedMs: () => this.#elapsedMs,
    delay: (ms) => this.#delay(ms),
  }

  /** Lets this time pass, and runs everything that is due meanwhile. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms
    for (let [next] = this.#due; next && next.atMs <= untilMs; [next] = this.#due) {
      this.#due.shift()
      this.#elapsedMs = next.atMs
      next.resolve()
      // Until all that waited for this moment has finished its work.
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

/** A gap between independent events that happen at this rate in a unit of time (exponential). */
export function gapOf(rate: number, chance: () => number): number {
  return -Math.log(1 - chance()) / rate
}
