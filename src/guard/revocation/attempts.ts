import { OneAtATime } from '../../runtime/one-at-a-time.ts'

/** After a failure; doubled with each further one. */
const firstPauseMs = 500
const longestPauseMs = 5_000

/** Questions to a source that may fail, and is then left alone for a while: 0.5, 1, 2, 4, 5, 5 … s. */
export class Attempts extends OneAtATime {
  #failures = 0

  /** Whether the last one failed. */
  haveFailed(): boolean {
    return this.#failures > 0
  }

  succeed(): void {
    this.end()
    this.pauseFor(0)
    this.#failures = 0
  }

  fail(): void {
    this.end()
    this.pauseFor(Math.min(firstPauseMs * 2 ** this.#failures, longestPauseMs))
    this.#failures += 1
  }
}
