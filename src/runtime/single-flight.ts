// Work that an isolate does once for all of its requests, such as fetching a key set or reading the
// feed. On Workers, a request must not wait for the promise of another request. That promise is
// cancelled with the request that created it. So a value with a deadline marks the running work,
// and other requests poll it.

import type { Runtime } from './runtime.ts'

/** How often a request checks whether the work of another request has ended. */
const pollEveryMs = 20

/** The pauses after failures. During a pause, no request begins the work. */
export interface BackOff {
  /** The pause after the first failure. Each further failure doubles it. */
  readonly firstPauseMs: number
  /** The longest pause after a failure. */
  readonly longestPauseMs: number
}

/**
 * The mark of one piece of work, with pauses after failures. When a request is cancelled, its work
 * does not report its end. The deadline then ends it.
 */
export class SingleFlight {
  readonly #runtime: Pick<Runtime, 'elapsedMs' | 'delay'>
  readonly #backOff: BackOff
  #work = never
  #pause = never
  /** The number of failures since the last success. */
  #failures = 0

  constructor(runtime: Pick<Runtime, 'elapsedMs' | 'delay'>, backOff: BackOff) {
    this.#runtime = runtime
    this.#backOff = backOff
  }

  /** Marks the work as running, for at most `forMs` from now. Call it again to extend the time. */
  begin(forMs: number): void {
    this.#work = { fromMs: this.#runtime.elapsedMs(), forMs }
  }

  /**
   * Ends the work. A pause continues, because it may belong to other work that began later and
   * failed.
   */
  succeed(): void {
    this.#work = never
    this.#failures = 0
  }

  /** Ends the pause, so that any request can begin the work at once. */
  endPause(): void {
    this.#pause = never
  }

  /**
   * Ends the work and pauses, twice as long as after the previous failure, up to the longest pause.
   */
  fail(): void {
    const { firstPauseMs, longestPauseMs } = this.#backOff
    this.#work = never
    this.pauseFor(Math.min(firstPauseMs * 2 ** this.#failures, longestPauseMs))
    this.#failures += 1
  }

  /** Prevents every request from beginning the work for `forMs`. */
  pauseFor(forMs: number): void {
    this.#pause = { fromMs: this.#runtime.elapsedMs(), forMs }
  }

  isUnderWay(): boolean {
    return covers(this.#work, this.#runtime.elapsedMs())
  }

  isPaused(): boolean {
    return covers(this.#pause, this.#runtime.elapsedMs())
  }

  /** Whether the work that ended last failed. */
  hasFailed(): boolean {
    return this.#failures > 0
  }

  mayBegin(): boolean {
    return !this.isUnderWay() && !this.isPaused()
  }

  /**
   * Does the work, unless another request is doing it. In that case it waits for the other request,
   * with the caller's own timers. If the other request fails to finish the work, this one does it.
   * During a pause it does neither.
   *
   * @returns whether this ended before the deadline. After the deadline, the work continues in the
   * background
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

  /** The result of the work, or `late` when the deadline comes first. The work then continues. */
  within<T>(work: () => Promise<T>, late: T, deadlineMs?: number): Promise<T> {
    return orLate(this.#runtime, work, late, deadlineMs)
  }
}

/** The result of the work, or `late` when the deadline comes first. The work then continues. */
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

/**
 * A span of time. On Workers its clock is the wall clock, which may be set back. The span is then
 * over.
 */
interface Span {
  readonly fromMs: number
  readonly forMs: number
}

const never: Span = { fromMs: 0, forMs: 0 }

/** Whether an instant is in the span. */
function covers({ fromMs, forMs }: Span, nowMs: number): boolean {
  return nowMs >= fromMs && nowMs < fromMs + forMs
}
