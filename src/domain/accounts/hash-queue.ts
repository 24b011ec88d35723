// Who may hash a password now. A hash holds the only thread of an isolate or process: bcryptjs gives
// it back every 100 ms at best, and on Workers not before the end. So there is one hash at a time,
// and a rest after each, in which everything else is answered: above all the feed of the guards.
//
// On Workers no request may wait for another one's promise, and a request whose client hangs up just
// stops: its timers and `finally` blocks never run. So a place in the queue is a value that says when
// it was last seen. Each request keeps its own place with timers of its own, and a place that nobody
// keeps is passed over.

import { type QueueReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { Runtime } from '../../runtime.ts'

/** A request that would wait for longer, as it looks when it comes, is refused at once. */
const maxExpectedWaitMs = 1_000
/** And so is one that has waited for so long, because the machine is slower than it looked. */
const maxWaitMs = 5_000
/** After so much hashing, or one hash that takes longer, everything else has the thread as long. */
const restMs = 25
const lookEveryMs = 10
/** A place that was not seen for so long, and two hashes more, has been left. */
const leftAfterMs = 100
/** Other work makes a hash look longer, never shorter: the shortest of so many is the estimate. */
const hashesRemembered = 8
/** What a hash of cost 10 takes on a common machine. Each step of the cost doubles it. */
const usualMsAtCost10 = 80

/** A place in the queue. */
export interface HashTurn {
  /**
   * The result of `work`; the place is kept meanwhile. Others may go first while it lasts. When
   * `work` throws, so does this, and the place is given up.
   */
  keepDuring<T>(work: Promise<T>): Promise<T>
  /**
   * The result of `work`, the hash, when it is this place's turn. Refuses with 'login_queue_full',
   * without hashing, when the client has hung up, or after a wait of five seconds. The place is given
   * up in any case.
   */
  hash<T>(work: () => Promise<T>): Promise<Result<T, QueueReason>>
  /** Gives the place up, where there is nothing to hash after all. */
  leave(): void
}

interface Place {
  /** The order of arrival. */
  readonly number: number
  seenAtMs: number
  /** Whether it waits for its turn, or hashes; otherwise its request is still reading. */
  isReady: boolean
}

/**
 * The queue of all who hash passwords in an isolate or process: one hash at a time, first come first
 * served, and at least 25 ms of the thread's time for everything else between two (at costs 4 to 7,
 * after each 25 ms of hashing). It holds about a second's worth of hashes, ten at cost 10; one may
 * always hash when nobody else is waiting.
 */
export class HashQueue {
  readonly #runtime: Pick<Runtime, 'elapsedMs' | 'delay'>
  readonly #usualHashMs: number
  /** One from cost 8 on; several of the short hashes of costs 4 to 7. */
  readonly #hashesPerRest: number
  readonly #lastHashesMs: number[]
  /** In the order of arrival. */
  #places: Place[] = []
  #arrivals = 0
  #hashing: Place | undefined
  /**
   * When the rest began; undefined until somebody looks at the clock after a hash. On Workers the
   * clock stands still during one, so whoever has hashed cannot tell.
   */
  #restBeganAtMs: number | undefined = Number.NEGATIVE_INFINITY
  #hashesSinceRest = 0

  /** @param cost the bcrypt cost, 4 to 14, from which the first estimate of a hash follows */
  constructor(cost: number, runtime: Pick<Runtime, 'elapsedMs' | 'delay'>) {
    this.#runtime = runtime
    this.#usualHashMs = usualMsAtCost10 * 2 ** (cost - 10)
    this.#hashesPerRest = Math.max(1, Math.floor(restMs / this.#usualHashMs))
    this.#lastHashesMs = [this.#usualHashMs]
  }

  /**
   * A place at the end of the queue. Refuses with 'login_queue_full' whoever would have to wait for
   * more than a second. No I/O.
   *
   * @param isGone whether the client has hung up, as far as the platform tells
   */
  join(isGone: () => boolean): Result<HashTurn, QueueReason> {
    const nowMs = this.#runtime.elapsedMs()
    this.#places = this.#placesKept(nowMs)
    if (this.#places.length * this.#turnMs() > maxExpectedWaitMs) return refuse('login_queue_full')
    this.#arrivals += 1
    const place: Place = { number: this.#arrivals, seenAtMs: nowMs, isReady: false }
    this.#places.push(place)
    return succeed({
      keepDuring: (work) => this.#keepDuring(place, isGone, work),
      hash: (work) => this.#hashInTurn(place, isGone, work),
      leave: () => this.#leave(place),
    })
  }

  async #hashInTurn<T>(
    place: Place,
    isGone: () => boolean,
    work: () => Promise<T>,
  ): Promise<Result<T, QueueReason>> {
    if (!(await this.#waitForTurn(place, isGone))) {
      this.#leave(place)
      return refuse('login_queue_full')
    }
    const beganAtMs = this.#runtime.elapsedMs()
    this.#hashing = place
    this.#hashesSinceRest += 1
    try {
      return succeed(await this.#keepDuring(place, isGone, work()))
    } finally {
      await this.#rest(place, beganAtMs)
    }
  }

  /** Whether the turn came, before the client was gone or the wait too long. */
  async #waitForTurn(place: Place, isGone: () => boolean): Promise<boolean> {
    place.isReady = true
    const sinceMs = this.#runtime.elapsedMs()
    for (;;) {
      const nowMs = this.#runtime.elapsedMs()
      if (isGone() || nowMs - sinceMs > maxWaitMs) return false
      this.#see(place, nowMs)
      const waitMs = this.#msUntilTurn(place, nowMs)
      if (waitMs === 0) return true
      await this.#runtime.delay(Math.min(Math.max(waitMs, 1), lookEveryMs))
    }
  }

  /** How long until the turn of the place, as it looks now; 0 when it has come. */
  #msUntilTurn(place: Place, nowMs: number): number {
    const ready = this.#placesKept(nowMs).filter(({ isReady }) => isReady)
    const position = ready.indexOf(place)
    if (position > 0) return position * this.#turnMs()
    const isHashing = ready.some((other) => other === this.#hashing)
    return isHashing ? lookEveryMs : this.#restLeftMs(nowMs)
  }

  #restLeftMs(nowMs: number): number {
    this.#restBeganAtMs ??= nowMs
    const restedMs = nowMs - this.#restBeganAtMs
    // On Workers the clock is the wall's, and may be set back: then the rest is over.
    if (restedMs < 0 || restedMs >= restMs) this.#hashesSinceRest = 0
    return this.#hashesSinceRest < this.#hashesPerRest ? 0 : restMs - restedMs
  }

  async #keepDuring<T>(place: Place, isGone: () => boolean, work: Promise<T>): Promise<T> {
    const during = { isOver: false }
    void this.#keep(place, isGone, during)
    try {
      return await work
    } catch (error) {
      this.#leave(place)
      throw error
    } finally {
      during.isOver = true
    }
  }

  async #keep(place: Place, isGone: () => boolean, during: { readonly isOver: boolean }) {
    while (!during.isOver && !isGone()) {
      this.#see(place, this.#runtime.elapsedMs())
      await this.#runtime.delay(lookEveryMs)
    }
  }

  /** Begins the rest, and measures the hash: across a timer, for only that moves the clock. */
  async #rest(place: Place, beganAtMs: number): Promise<void> {
    this.#leave(place)
    this.#restBeganAtMs = undefined
    await this.#runtime.delay(0)
    const hashMs = this.#runtime.elapsedMs() - beganAtMs
    // The clock was set back meanwhile, and the measurement means nothing.
    if (hashMs < 0) return
    this.#lastHashesMs.push(hashMs)
    if (this.#lastHashesMs.length > hashesRemembered) this.#lastHashesMs.shift()
  }

  /** A place that was passed over while its request could not run comes back to where it was. */
  #see(place: Place, nowMs: number): void {
    place.seenAtMs = nowMs
    if (this.#places.includes(place)) return
    this.#places = [...this.#places, place].sort((one, other) => one.number - other.number)
  }

  #leave(place: Place): void {
    this.#places = this.#places.filter((other) => other !== place)
    if (this.#hashing === place) this.#hashing = undefined
  }

  #placesKept(nowMs: number): Place[] {
    const keptMs = leftAfterMs + 2 * this.#hashMs()
    return this.#places.filter(({ seenAtMs }) => nowMs >= seenAtMs && nowMs < seenAtMs + keptMs)
  }

  /** What one place makes the next one wait. */
  #turnMs(): number {
    return this.#hashMs() + restMs / this.#hashesPerRest
  }

  /** An account may have a hash of a lower cost, from before: its speed says little of the others. */
  #hashMs(): number {
    return Math.max(this.#usualHashMs / 2, Math.min(...this.#lastHashesMs))
  }
}
