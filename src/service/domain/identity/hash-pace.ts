// How often a thread may hash, and how long that takes: the arithmetic of the hash queue, without
// any waiting.

/** After so much hashing, or one hash that takes longer, everything else has the thread as long. */
const restMs = 25
/** While everything else keeps the thread busy, the rest goes on, for at most so long. */
const longestRestMs = 250
/** Other work makes a hash look longer, never shorter: the shortest of so many is the estimate. */
const hashesRemembered = 8
/** What a hash of cost 10 takes on a common machine. Each step of the cost doubles it. */
const usualMsAtCost10 = 80

/** When the next hash may begin, and what one takes. */
export class HashPace {
  readonly #usualHashMs: number
  /** One from cost 8 on; several of the short hashes of costs 4 to 7. */
  readonly #hashesPerRest: number
  readonly #lastHashesMs: number[]
  #hashesSinceRest = 0
  /**
   * When the rest began; undefined until somebody looks at the clock after a hash. On Workers the
   * clock stands still during one, so whoever has hashed cannot tell.
   */
  #restBeganAtMs: number | undefined = Number.NEGATIVE_INFINITY
  /** The rest before the last hash, as far as a busy thread made it longer. */
  #lastRestMs = restMs
  #currentRestMs = restMs

  /** @param cost the bcrypt cost, 4 to 14 */
  constructor(cost: number) {
    this.#usualHashMs = usualMsAtCost10 * 2 ** (cost - 10)
    this.#hashesPerRest = Math.max(1, Math.floor(restMs / this.#usualHashMs))
    this.#lastHashesMs = [this.#usualHashMs]
  }

  /** How many hashes may follow before the next rest. */
  get hashesBeforeRest(): number {
    return this.#hashesPerRest - this.#hashesSinceRest
  }

  /** How many hashes may begin now, while there is none. */
  hashesAllowed(nowMs: number, isThreadBusy: boolean): number {
    this.#restBeganAtMs ??= nowMs
    const restedMs = nowMs - this.#restBeganAtMs
    if (
      isThreadBusy &&
      this.#hashesPerRest === 1 &&
      restedMs >= restMs &&
      restedMs < longestRestMs
    ) {
      this.#currentRestMs = restedMs
      return 0
    }
    // On Workers the clock is the wall's, and may be set back: then the rest is over.
    if (restedMs < 0 || restedMs >= restMs) this.#hashesSinceRest = 0
    return this.hashesBeforeRest
  }

  beginHash(): void {
    this.#hashesSinceRest += 1
    this.#lastRestMs = this.#currentRestMs
    this.#currentRestMs = restMs
  }

  beginRest(): void {
    this.#restBeganAtMs = undefined
  }

  /** Learns how long a hash took. Nothing from a clock that was set back meanwhile. */
  measure(hashMs: number): void {
    if (hashMs < 0) return
    this.#lastHashesMs.push(hashMs)
    if (this.#lastHashesMs.length > hashesRemembered) this.#lastHashesMs.shift()
  }

  /**
   * How long a hash takes, in milliseconds: half to four times of what is usual for the cost.
   * Beyond that it is an account's hash of another cost, or a thread that has much else to do.
   */
  hashMs(): number {
    const shortestMs = Math.min(...this.#lastHashesMs)
    return Math.min(4 * this.#usualHashMs, Math.max(this.#usualHashMs / 2, shortestMs))
  }

  /** How long one hash and its share of the rest make the next one wait, in milliseconds. */
  turnMs(): number {
    return this.hashMs() + this.#lastRestMs / this.#hashesPerRest
  }
}
