// How often a thread may hash, and how long a hash takes. This is the arithmetic of the hash queue,
// without any waiting.

/** After this much hashing, or one longer hash, everything else has the thread for this long. */
const restMs = 25
/** While everything else keeps the thread busy, the rest goes on, but at most for this long. */
const longestRestMs = 250
/** Other work can only make a hash look longer, so the shortest of this many is the estimate. */
const hashesRemembered = 8
/** The time of a hash of cost 10 on a common machine. Each step of the cost doubles it. */
const usualMsAtCost10 = 80

/** When the next hash may begin, and how long one takes. */
export class HashPace {
  readonly #usualHashMs: number
  /** One from cost 8 on. Several at costs 4 to 7, where a hash is short. */
  readonly #hashesPerRest: number
  readonly #lastHashesMs: number[]
  #hashesSinceRest = 0
  /**
   * When the rest began. Undefined until a request looks at the clock after a hash. On Workers the
   * clock stands still during a hash, so the request that hashed cannot tell.
   */
  #restBeganAtMs: number | undefined = Number.NEGATIVE_INFINITY
  /** The length of the rest before the last hash. A busy thread makes it longer. */
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

  /** How many hashes may begin now, while no hash is running. */
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
    // Workers use the wall clock, which may be set back. Then the rest is over.
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

  /**
   * Records how long a hash took, when the clock has moved after it. Ignores the value if the clock
   * was set back meanwhile.
   */
  measure(beganAtMs: number, nowMs: number): void {
    this.#restBeganAtMs ??= nowMs
    const hashMs = nowMs - beganAtMs
    if (hashMs < 0) return
    this.#lastHashesMs.push(hashMs)
    if (this.#lastHashesMs.length > hashesRemembered) this.#lastHashesMs.shift()
  }

  /**
   * How long a hash takes, in milliseconds: half to four times the usual time for the cost. A time
   * outside that range has another cause: an account's hash of another cost, or a busy thread.
   */
  hashMs(): number {
    const shortestMs = Math.min(...this.#lastHashesMs)
    return Math.min(4 * this.#usualHashMs, Math.max(this.#usualHashMs / 2, shortestMs))
  }

  /** How long the next hash waits for one hash and its share of the rest, in milliseconds. */
  turnMs(): number {
    return this.hashMs() + this.#lastRestMs / this.#hashesPerRest
  }
}
