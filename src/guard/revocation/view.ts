// What an isolate knows of the revocations: the ids, and as of when. It also has the place up to
// which it knows all ids (followed-history.ts). Revoking is final: an id stays until every token
// that carries it has expired.

import type { Runtime } from '../../runtime/runtime.ts'
import { rowCharacters } from '../../token/feed-format.ts'
import type { FollowedFeed, PulledPage } from '../../token/revocation-source.ts'
import { maxTokenLifetimeSeconds } from '../../token/token-lifetime.ts'
import { FollowedHistory, type Judgement } from './followed-history.ts'
import { type IdWords, RevokedIds } from './revoked-ids.ts'

/**
 * Both clocks at once. The first never steps, except on Workers. The second goes on while a machine
 * sleeps.
 */
export interface ClockReading {
  readonly elapsedMs: number
  readonly wallMs: number
}

/** The result of taking in a page. */
export type Applied = 'complete' | 'partial' | 'full' | { readonly problem: string }

/** The most ids that the view keeps. They take 32 MB. */
export const maxIds = 1_000_000
/** Slots to sweep with each page, in addition to a share of the table. */
const minSweptSlots = 64
/**
 * Less than `keepAfterExpirySeconds`, so that an id stays while its token may still be accepted.
 */
const maxClockDifferenceMs = 240_000

export class RevocationView {
  readonly #ids = new RevokedIds()
  readonly #runtime: Pick<Runtime, 'elapsedMs' | 'nowMs' | 'now'>
  readonly #idLimit: number
  readonly #history = new FollowedHistory()
  /** Every id that was revoked before this moment is known. */
  #asOf: ClockReading | undefined

  constructor(runtime: Pick<Runtime, 'elapsedMs' | 'nowMs' | 'now'>, idLimit = maxIds) {
    this.#runtime = runtime
    this.#idLimit = idLimit
  }

  get position(): number {
    return this.#history.position
  }

  /** The history that is followed, for the next question. */
  get followed(): FollowedFeed | undefined {
    return this.#history.followed
  }

  /** How many ids are known. */
  get size(): number {
    return this.#ids.size
  }

  /** Whether all revocations were known at some moment. */
  isLoaded(): boolean {
    return this.#asOf !== undefined
  }

  /** Whether every id up to the highest known place is known. */
  isComplete(): boolean {
    return this.#history.isComplete()
  }

  /** Whether any of the ids is known to be revoked. The age of the view does not matter. */
  isRevoked(words: IdWords): boolean {
    return this.#ids.hasAny(words)
  }

  /**
   * How long revocations may have gone unnoticed. Infinity where that is not known, as after a
   * clock was set back.
   */
  ageMs(): number {
    if (!this.#asOf) return Number.POSITIVE_INFINITY
    return timeSince(this.#asOf, this.#runtime.elapsedMs(), this.#runtime.nowMs())
  }

  readClocks(): ClockReading {
    return { elapsedMs: this.#runtime.elapsedMs(), wallMs: this.#runtime.nowMs() }
  }

  /** Adds one id before the feed brings it. */
  revoke(id: string, expiresAt: number): void {
    this.#ids.add(id, expiresAt)
  }

  /**
   * Adds the ids that a check found revoked, by the clock of its database. They are kept for the
   * longest lifetime of a token. A view that has more than twice its limit adds none.
   */
  learn(ids: readonly string[], databaseMs: number): void {
    this.#forgetExpired(0, databaseMs)
    if (this.#ids.size > 2 * this.#idLimit) return
    for (const id of ids) this.revoke(id, this.#runtime.now() + maxTokenLifetimeSeconds)
  }

  /**
   * Takes in a page that was asked for at `askedAt`. Pages may come twice, late, and in any order.
   * The result 'complete' means that all is known now. The result 'full' means that there are more
   * ids than fit.
   */
  apply(page: PulledPage, askedAt: ClockReading): Applied {
    const judgement = this.#judge(page, askedAt)
    if (judgement === 'ignore') return 'partial'
    if (judgement !== 'follow') return judgement
    if (!page.rows.every((text) => this.#ids.addRows(text))) {
      return { problem: 'it has an invalid row' }
    }
    const characters = page.rows.reduce((sum, text) => sum + text.length, 0)
    this.#forgetExpired(characters / rowCharacters, page.nowMs)
    if (this.#ids.size > this.#idLimit) return this.#startOver()
    this.#history.follow(page, this.#runtime.elapsedMs())
    const mayComplete = page.ageMs !== Number.POSITIVE_INFINITY && !page.isSnapshot
    if (!this.#history.isComplete() || !mayComplete) return 'partial'
    this.#setAsOf(askedAt, page.ageMs)
    return 'complete'
  }

  #judge(page: PulledPage, askedAt: ClockReading): Judgement {
    const { ageMs, epochAgeMs = ageMs } = page
    const nowMs = this.#runtime.elapsedMs()
    const problem = clockProblem(page.nowMs, askedAt.wallMs - ageMs, this.#runtime.nowMs())
    if (problem) return { problem }
    // If the clock was set back since the question, the moment of the question is not known.
    const askedAtMs = askedAt.elapsedMs <= nowMs ? askedAt.elapsedMs : Number.NEGATIVE_INFINITY
    const [readAtMs, currentAtMs] = [askedAtMs - ageMs, askedAtMs - epochAgeMs]
    return this.#history.judge({ page, readAtMs, currentAtMs, nowMs })
  }

  #setAsOf(askedAt: ClockReading, ageMs: number): void {
    const asOf = { elapsedMs: askedAt.elapsedMs - ageMs, wallMs: askedAt.wallMs - ageMs }
    const { elapsedMs, wallMs } = this.readClocks()
    if (timeSince(asOf, elapsedMs, wallMs) < this.ageMs()) this.#asOf = asOf
  }

  /**
   * Sweeps a share of the table with each page or check, so that no sweep takes long. More rows
   * sweep more. Only ids that have expired by both clocks go, because the clock here may be set
   * back again.
   */
  #forgetExpired(rows: number, databaseMs: number): void {
    const nowSeconds = Math.min(databaseMs, this.#runtime.nowMs()) / 1_000
    this.#ids.sweep(minSweptSlots + this.#ids.capacity / 64 + 4 * rows, nowSeconds)
    if (this.#ids.size > this.#idLimit) this.#ids.sweep(this.#ids.capacity, nowSeconds)
  }

  #startOver(): Applied {
    this.#history.startOver()
    this.#asOf = undefined
    return 'full'
  }
}

/**
 * What is wrong with a database's clock. It was read at some moment between two of the clock here.
 * Ids are forgotten `keepAfterExpirySeconds` after their tokens have expired. So the two clocks
 * must not be further apart than that.
 */
export function clockProblem(
  databaseMs: number,
  earliestMs: number,
  latestMs: number,
): string | undefined {
  const difference = Math.max(earliestMs - databaseMs, databaseMs - latestMs)
  if (difference <= maxClockDifferenceMs) return undefined
  return `the database's clock and the one here are ${Math.round(difference / 1_000)} s apart, more than ${maxClockDifferenceMs / 1_000}; correct them`
}

/** Runs with every request, so it makes no object. */
function timeSince(then: ClockReading, elapsedMs: number, wallMs: number): number {
  const elapsed = elapsedMs - then.elapsedMs
  const onTheWall = wallMs - then.wallMs
  const isKnown = elapsed >= 0 && onTheWall >= 0
  return isKnown ? Math.max(elapsed, onTheWall) : Number.POSITIVE_INFINITY
}
