// After a logout in this isolate, its followers hear of it at once: the end of the history is read
// sooner than otherwise. Each such read makes a frame for every stream, so the pauses between them
// grow with the number of streams.

import type { Runtime } from '../../../runtime/runtime.ts'

/** The shortest pause between two hurried reads. */
const shortestPauseMs = 100
/** The part of the pause for each stream. */
const pausePerStreamMs = 0.5
/** A history that was cut by a restored backup never reaches the place. */
const longestMs = 2_000

export class Hurry {
  readonly #runtime: Pick<Runtime, 'elapsedMs'>
  /** The latest place that a logout of this isolate got, and when. */
  #noted = { place: 0, atMs: Number.NaN }
  #readAtMs = Number.NaN

  constructor(runtime: Pick<Runtime, 'elapsedMs'>) {
    this.#runtime = runtime
  }

  /**
   * Notes the place of a revocation, while the history was read up to a head.
   *
   * @returns whether this begins the hurry
   */
  note(place: number, head: number): boolean {
    const wasBehind = this.#isBehind(head)
    if (place <= head || (wasBehind && place <= this.#noted.place)) return false
    this.#noted = { place, atMs: this.#runtime.elapsedMs() }
    return !wasBehind
  }

  /** Notes that the history is read, which was read up to a head. */
  noteRead(head: number): void {
    if (this.#isBehind(head)) this.#readAtMs = this.#runtime.elapsedMs()
  }

  /** In how many milliseconds a hurried read is due, while so many streams follow. */
  dueInMs(head: number, streams: number): number {
    if (!this.#isBehind(head)) return Number.POSITIVE_INFINITY
    const sinceMs = this.#runtime.elapsedMs() - this.#readAtMs
    const pauseMs = Math.max(shortestPauseMs, streams * pausePerStreamMs)
    // On Workers the clock may be set back.
    return sinceMs >= 0 ? pauseMs - sinceMs : 0
  }

  #isBehind(head: number): boolean {
    const { place, atMs } = this.#noted
    const sinceMs = this.#runtime.elapsedMs() - atMs
    return place > head && sinceMs >= 0 && sinceMs < longestMs
  }
}
