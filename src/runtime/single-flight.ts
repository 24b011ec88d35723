// Work that an isolate does once for all of its requests: fetching a key set, reading the feed. On
// Workers no request may wait for another one's promise (it dies with the request that made it), so
// what is under way is marked by a value with a deadline, and the others look whether it is over.

import type { Runtime } from './runtime.ts'

/** How often a request looks whether another one's work is over. */
const pollEveryMs = 20

/** How long nobody begins after a failure. */
export interface BackOff {
  /** After the first failure; doubled with each further one. */
  readonly firstPauseMs: number
  /** No pause after a failure is longer. */
  readonly longestPauseMs: number
}

/**
 * The mark of one piece of work, with pauses after failures. Work whose request was cancelled never
 * says that it has ended: its deadline does.
 */
export class SingleFlight {
  readonly #runtime: Pick<Runtime, 'elapsedMs' | 'delay'>
  readonly #backOff: BackOff
  #work = never
  #pause = never
  /** Since the last success. */
  #failures = 0

  constructor(runtime: Pick<Runtime, 'elapsedMs' | 'delay'>, backOff: BackOff) {
    this.#runtime = runtime
    this.#backOff = backOff
  }

  /** Marks the work as under way, for at most `forMs` from now; again, to go on for longer. */
  begin(forMs: number): void {
    this.#work = { fromMs: this.#runtime.elapsedMs(), forMs }
  }

  /** Ends the work. A pause goes on: it may be that of another one, which began later and failed. */
  succeed(): void {
    this.#work = never
    this.#failures = 0
  }

  /** Lets anybody begin at once. */
  endPause(): void {
    this.#pause = never
  }

  /** Ends the work, and pauses: for twice as long as after the failure before. */
  fail(): void {
    const { firstPauseMs, longestPauseMs } = this.#backOff
    this.#work = never
    this.pauseFor(Math.min(firstPauseMs * 2 ** this.#failures, longestPauseMs))
    this.#failures += 1
  }

  /** Lets nobody begin for so long. */
  pauseFor(forMs: number): void {
    this.#pause = { fromMs: this.#runtime.elapsedMs(), forMs }
  }

  isUnderWay(): boolean {
    return covers(this.#work, this.#runtime.elapsedMs())
  }

  isPaused(): boolean {
    return covers(this.#pause, this.#runtime.elapsedMs())
  }

  /** Whether the last work that ended has failed. */
  hasFailed(): boolean {
    return this.#failures > 0
  }

  mayBegin(): boolean {
    return !this.isPaused() && !this.isUnderWay()
  }

  /**
   * Does the work, unless another request is doing it: then waits for that one, with timers of the
   * caller's own, and does it after all where it came to nothing. Neither while there is a pause.
   *
   * @returns whether that ended before the deadline; the work goes on by itself then
   */
  async doOrWait(
    isDone: () => boolean,
    work: () => Promise<void>,
    deadlineMs?: number,
  ): Promise<boolean> {
    while (!isDone()) {
      if (deadlineMs !== undefined && this.#runtime.elapsedMs() >= deadlineMs) return false
      if (this.mayBegin()) return this.within(() => work().then(() => true), false, deadlineMs)
      if (!this.isUnderWay()) return true
      await this.#runtime.delay(pollEveryMs)
    }
    return true
  }

  /** What the work comes to; `late` where the deadline comes first, and then the work goes on. */
  within<T>(work: () => Promise<T>, late: T, deadlineMs?: number): Promise<T> {
    return orLate(this.#runtime, work, late, deadlineMs)
  }
}

/** What the work comes to; `late` where the deadline comes first, and then the work goes on. */
export async function orLate<T>(
  runtime: Pick<Runtime, 'elapsedMs' | 'delay'>,
  work: () => Promise<T>,
  late: T,
  deadlineMs?: number,
): Promise<T> {
  if (deadlineMs === undefined) return work()
  const timer = new AbortController()
  const leftMs = deadlineMs - runtime.elapsedMs()
  const deadline = runtime.delay(leftMs, timer.signal).then(() => late)
  try {
    return await Promise.race([work(), deadline])
  } finally {
    timer.abort()
  }
}

/** A span of time. On Workers its clock is the wall's, and may be set back: then it is over. */
interface Span {
  readonly fromMs: number
  readonly forMs: number
}

const never: Span = { fromMs: 0, forMs: 0 }

/** Whether a moment lies in the span. */
function covers({ fromMs, forMs }: Span, nowMs: number): boolean {
  return nowMs >= fromMs && nowMs < fromMs + forMs
}
