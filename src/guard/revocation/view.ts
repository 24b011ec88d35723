// What an isolate knows of the revocations: the ids, up to which place in the order of revocations
// it knows all of them (followed-history.ts), and as of when. Revoking is final: nothing here ever
// takes an id back before every token that carries it has expired.

import type { Runtime } from '../../runtime/runtime.ts'
import { rowCharacters } from '../../token/feed-format.ts'
import type { FollowedFeed, PulledPage } from '../../token/revocation-source.ts'
import { maxTokenLifetimeSeconds } from '../../token/token-lifetime.ts'
import { FollowedHistory, type Judgement } from './followed-history.ts'
import { type IdWords, RevokedIds } from './revoked-ids.ts'

/** Both clocks at once: the one that never steps, and the one that goes on while a machine sleeps. */
export interface ClockReading {
  readonly elapsedMs: number
  readonly wallMs: number
}

/** What became of a page. */
export type Applied = 'complete' | 'partial' | 'full' | { readonly problem: string }

/** More ids than this are not kept: 32 MB. */
export const maxIds = 1_000_000
/** Slots that are looked through with each page, beside a share of the table. */
const minSweptSlots = 64
/** Less than `keepAfterExpirySeconds`: an id is not forgotten where its token is still accepted. */
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

  /** Which history is followed, for the next question. */
  get followed(): FollowedFeed | undefined {
    return this.#history.followed
  }

  /** How many ids are known. */
  get size(): number {
    return this.#ids.size
  }

  /** Whether everything was known at some moment. */
  isLoaded(): boolean {
    return this.#asOf !== undefined
  }

  /** Whether any of the ids is known to be revoked, however old the view is. */
  isRevoked(words: IdWords): boolean {
    return this.#ids.hasAny(words)
  }

  /**
   * For how long revocations may have gone unnoticed; Infinity where that is not known, as after a
   * clock was set back.
   */
  ageMs(): number {
    if (!this.#asOf) return Number.POSITIVE_INFINITY
    return timeSince(this.#asOf, this.#runtime.elapsedMs(), this.#runtime.nowMs())
  }

  readClocks(): ClockReading {
    return { elapsedMs: this.#runtime.elapsedMs(), wallMs: this.#runtime.nowMs() }
  }

  /** Takes in one id, ahead of the feed. */
  revoke(id: string, expiresAt: number): void {
    this.#ids.add(id, expiresAt)
  }

  /**
   * Adds the ids that a check found revoked, by the clock of its database. They are kept for the
   * longest lifetime of a token. A view that is twice too full takes no more.
   */
  learn(ids: readonly string[], databaseMs: number): void {
    this.#forgetExpired(0, databaseMs)
    if (this.#ids.size > 2 * this.#idLimit) return
    for (const id of ids) this.revoke(id, this.#runtime.now() + maxTokenLifetimeSeconds)
  }

  /**
   * Takes in a page that was asked for at `askedAt`. Pages may come twice, late, and in any order.
   * Says whether all is known now; 'full' when there are more ids than fit.
   */
  apply(page: PulledPage, askedAt: ClockReading): Applied {
    const judgement = this.#judge(page, askedAt)
    if (judgement === 'ignore') return 'partial'
    if (judgement !== 'follow') return judgement
    if (!page.rows.every((text) => this.#ids.addRows(text))) {
      return { problem: 'it has a row that is none' }
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
    // A clock that was set back since the question says nothing of when that was.
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
   * A share of the table with each page or check, and more with more rows, so that none takes long.
   * Only what has expired by both clocks: the one here may be set back again.
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
 * What is wrong with a database's clock, read at some moment between two of the clock here. Ids are
 * forgotten `keepAfterExpirySeconds` after their tokens have expired, by either clock, so the two
 * must not be further apart.
 */
export function clockProblem(
  databaseMs: number,
  earliestMs: number,
  latestMs: number,
): string | undefined {
  const difference = Math.max(earliestMs - databaseMs, databaseMs - latestMs)
  if (difference <= maxClockDifferenceMs) return undefined
  return `the database's clock and the one here are ${Math.round(difference / 1_000)} s apart, of at most ${maxClockDifferenceMs / 1_000}`
}

/** With every request: no object is made. */
function timeSince(then: ClockReading, elapsedMs: number, wallMs: number): number {
  const elapsed = elapsedMs - then.elapsedMs
  const onTheWall = wallMs - then.wallMs
  const isKnown = elapsed >= 0 && onTheWall >= 0
  return isKnown ? Math.max(elapsed, onTheWall) : Number.POSITIVE_INFINITY
}
