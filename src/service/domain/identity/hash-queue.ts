// Decides who may hash a password now. A hash holds the only thread of an isolate or process. The
// library bcryptjs releases the thread every 100 ms at best, and on Workers only at the end. So
// there is one hash at a time, and a rest after each. During the rest everything else is answered,
// above all the feed of the guards.
//
// On Workers no request may wait for another one's promise. A request whose client hangs up just
// stops: its timers and `finally` blocks never run. So a place in the queue is a value that says
// when it was last seen. Each request keeps its own place with its own timers. A place that no
// request keeps is passed over.

import { type QueueReason, type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { Runtime } from '../../../runtime/runtime.ts'
import { HashPace } from './hash-pace.ts'

/** A request whose expected wait is longer is refused at once. */
const maxExpectedWaitMs = 1_000
/** A request that has waited this long is refused, too: the machine is slower than expected. */
const maxWaitMs = 5_000
const lookEveryMs = 10
/** After so many known devices or sessions comes a stranger, if one waits. */
const maxKnownInRow = 2
/** A timer that fires this late shows that the thread is busy. */
const lateMs = 10
/** A place is abandoned if it was not seen for this long and the time of two more hashes. */
const leftAfterMs = 100

/** A place in the queue. */
export interface HashTurn {
  /**
   * The result of `work`. The place is kept meanwhile, but others may go first. If `work` throws,
   * this throws too, and the place is given up.
   */
  keepDuring<T>(work: Promise<T>): Promise<T>
  /**
   * The result of `work`, the hash, which begins when it is this place's turn. Refuses with
   * 'login_queue_full', without hashing, if the client has hung up, or after a wait of five
   * seconds. The place is given up in any case. Called once more, it waits for another turn, in the
   * order of its first arrival.
   */
  hash<T>(work: () => Promise<T>): Promise<Result<T, QueueReason>>
  /** Gives the place up, if there is nothing to hash after all. */
  leave(): void
}

interface Place {
  /** The order of arrival. */
  readonly number: number
  /** The account of a known device or session, which goes before strangers. */
  readonly known: number | undefined
  seenAtMs: number
  /** What its request does: read, wait for its turn, or hash. */
  state: 'reading' | 'waiting' | 'hashing'
}

/**
 * The queue for all password hashing in an isolate or process. One hash runs at a time, first come,
 * first served, but known devices and sessions go before strangers: one for each account. After two
 * of those comes a stranger, so that nobody with many accounts keeps the others out.
 *
 * Between two hashes, everything else has the thread for at least 25 ms. The rest lasts up to 250 ms
 * while other work keeps the thread busy. At costs 4 to 7 the rest comes after each 25 ms of
 * hashing, and is never longer. The queue holds about one second of hashes: ten at
 * cost 10 if the thread is not busy. A request may always hash when the queue is empty.
 */
export class HashQueue {
  readonly #runtime: Pick<Runtime, 'elapsedMs' | 'delay'>
  readonly #pace: HashPace
  /** In the order of arrival. */
  #places: Place[] = []
  #arrivals = 0
  /** How many known ones have hashed since the last stranger. */
  #knownInRow = 0

  /** @param cost the bcrypt cost, 4 to 14; it gives the first estimate of a hash */
  constructor(cost: number, runtime: Pick<Runtime, 'elapsedMs' | 'delay'>) {
    this.#runtime = runtime
    this.#pace = new HashPace(cost)
  }

  /**
   * A place in the queue. Refuses with 'login_queue_full' if the expected wait is more than a
   * second. No I/O.
   *
   * @param isGone whether the client has hung up, as far as the platform reports it
   * @param known the account whose known device or session the client has shown. It has one place
   * before strangers; a second one is a stranger's, as is one that would wait too long
   */
  join(isGone: () => boolean, known?: number): Result<HashTurn, QueueReason> {
    const nowMs = this.#runtime.elapsedMs()
    this.#places = this.#placesKept(nowMs)
    const hasPlace = this.#places.some((other) => known !== undefined && other.known === known)
    const asStranger = { number: this.#arrivals + 1, known: undefined, seenAtMs: nowMs }
    const places: Place[] = [
      { ...asStranger, known: hasPlace ? undefined : known, state: 'reading' },
      { ...asStranger, state: 'reading' },
    ]
    const place = places.find((one) => this.#expectedWaitMs(one) <= maxExpectedWaitMs)
    if (!place) return refuse('login_queue_full')
    this.#arrivals += 1
    this.#places.push(place)
    return succeed({
      keepDuring: (work) => this.#keepDuring(place, isGone, work),
      hash: (work) => this.#hashInTurn(place, isGone, work),
      leave: () => this.#leave(place),
    })
  }

  #expectedWaitMs(place: Place): number {
    return this.#inTurn([...this.#places, place]).indexOf(place) * this.#pace.turnMs()
  }

  /** The places in the order of their turns. */
  #inTurn(places: readonly Place[]): readonly Place[] {
    const known = places.filter((place) => place.known !== undefined)
    const strangers = places.filter((place) => place.known === undefined)
    const ordered: Place[] = []
    for (let inRow = this.#knownInRow; known.length + strangers.length > 0; ) {
      const isStranger = known.length === 0 || (strangers.length > 0 && inRow >= maxKnownInRow)
      const [next] = (isStranger ? strangers : known).splice(0, 1)
      if (next) ordered.push(next)
      inRow = isStranger ? 0 : inRow + 1
    }
    return ordered
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
    place.state = 'hashing'
    this.#knownInRow = place.known === undefined ? 0 : this.#knownInRow + 1
    this.#pace.beginHash()
    try {
      return succeed(await this.#keepDuring(place, isGone, work()))
    } finally {
      await this.#rest(place, beganAtMs)
    }
  }

  /** Whether the turn came before the client hung up or the wait became too long. */
  async #waitForTurn(place: Place, isGone: () => boolean): Promise<boolean> {
    place.state = 'waiting'
    const sinceMs = this.#runtime.elapsedMs()
    let isThreadBusy = false
    for (;;) {
      const nowMs = this.#runtime.elapsedMs()
      if (isGone() || nowMs - sinceMs > maxWaitMs) return false
      this.#see(place, nowMs)
      const turnInMs = this.#msUntilTurn(place, nowMs, isThreadBusy)
      if (turnInMs === 0) return true
      const pauseMs = Math.min(Math.max(turnInMs, 1), lookEveryMs)
      await this.#runtime.delay(pauseMs)
      isThreadBusy = this.#runtime.elapsedMs() - nowMs > pauseMs + lateMs
    }
  }

  /** How long until the turn of the place, as an estimate. It is 0 when the turn has come. */
  #msUntilTurn(place: Place, nowMs: number, isThreadBusy: boolean): number {
    const kept = this.#placesKept(nowMs)
    const isHashing = kept.some(({ state }) => state === 'hashing')
    const waiting = kept.filter(({ state }) => state === 'waiting')
    const position = this.#inTurn(waiting).indexOf(place)
    const allowed = isHashing
      ? this.#pace.hashesBeforeRest
      : this.#pace.hashesAllowed(nowMs, isThreadBusy)
    return position < allowed ? 0 : (position + 1) * this.#pace.turnMs()
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

  /**
   * Begins the rest, and measures the hash. It measures after a timer, because only that moves the
   * clock.
   */
  async #rest(place: Place, beganAtMs: number): Promise<void> {
    this.#leave(place)
    this.#pace.beginRest()
    await this.#runtime.delay(0)
    this.#pace.measure(beganAtMs, this.#runtime.elapsedMs())
  }

  /**
   * Marks a place as seen. A place that was passed over while its request could not run returns to
   * its position.
   */
  #see(place: Place, nowMs: number): void {
    place.seenAtMs = nowMs
    if (this.#places.includes(place)) return
    this.#places = [...this.#places, place].sort((one, other) => one.number - other.number)
  }

  #leave(place: Place): void {
    this.#places = this.#places.filter((other) => other !== place)
  }

  #placesKept(nowMs: number): Place[] {
    const keptMs = leftAfterMs + 2 * this.#pace.hashMs()
    return this.#places.filter(({ seenAtMs }) => nowMs >= seenAtMs && nowMs < seenAtMs + keptMs)
  }
}
