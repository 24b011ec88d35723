// The order of revocations that a view follows, and the place up to which it knows all of it.
//
// A guard combines pages that were read at different moments. In between, an id that is revoked
// again moves to a higher place. So the end of one page is not enough. A view is complete when its
// position has reached the highest head of all pages so far.
//
// Why that is enough. Call that head H. Take any id at place s, at most H, in the history as it was
// with head H. One page moved the position across s. When that page was read, its own head was s or
// more, so s was already assigned. The head was also at most H then, so the id had not left s. So
// that page had the id. Decision 19 has this at length.

import type { FeedPage } from '../../token/feed-format.ts'
import type { FollowedFeed } from '../../token/revocation-source.ts'

/** A page, and what is known of its time by the clock here. */
interface DatedPage {
  readonly page: FeedPage
  /** The page was read then, or later. */
  readonly readAtMs: number
  /** The service had this epoch then, or later. It is -Infinity where nothing proves it. */
  readonly currentAtMs: number
  /** When the page arrived. */
  readonly nowMs: number
}

/** What to do with a page. */
export type Judgement = 'follow' | 'ignore' | { readonly problem: string }

/**
 * The most former histories to remember. A service gets a new history only after a restored backup.
 */
const maxFormerEpochs = 100
const cure =
  'after a restored backup, deploy new keys, and then run `portcullis migrate --restored` (docs/operate/backup-and-restore.md)'

export class FollowedHistory {
  #epoch: string | undefined
  /** When this view first saw the epoch. */
  #epochLearntAtMs = 0
  /** Epochs that were followed before this one, the oldest first. */
  readonly #formerEpochs = new Set<string>()
  #position = 0
  /** The highest place that is known to be assigned. */
  #head = 0
  /** When this head was learnt. */
  #headLearntAtMs = 0

  /** Every id up to this place is known. */
  get position(): number {
    return this.#position
  }

  /** The history that is followed, and how far it goes. Undefined at first. */
  get followed(): FollowedFeed | undefined {
    return this.#epoch === undefined ? undefined : { epoch: this.#epoch, head: this.#head }
  }

  /** Whether every id up to the highest known head is known. */
  isComplete(): boolean {
    return this.#position === this.#head
  }

  /** Decides whether a page may be taken in. */
  judge(dated: DatedPage): Judgement {
    this.#correctForClock(dated.nowMs)
    if (this.#epoch === undefined) return 'follow'
    return dated.page.epoch === this.#epoch ? this.#judgeSame(dated) : this.#judgeOther(dated)
  }

  /**
   * A history never gets shorter. So a page that was read after this head was learnt cannot have a
   * lower head.
   */
  #judgeSame({ page: { head }, readAtMs }: DatedPage): Judgement {
    if (head >= this.#head || readAtMs < this.#headLearntAtMs) return 'follow'
    return {
      problem: `it ends at ${head}, and ended at ${this.#head} before; ${cure}`,
    }
  }

  /**
   * An epoch never comes back. An epoch that is proven current after the followed one was first
   * seen is the later of the two. Any other page may come from before.
   */
  #judgeOther({ page: { epoch }, currentAtMs }: DatedPage): Judgement {
    if (currentAtMs < this.#epochLearntAtMs) return 'ignore'
    if (!this.#formerEpochs.has(epoch)) return 'follow'
    return {
      problem: `it is back at an earlier epoch (do two databases answer?); ${cure}`,
    }
  }

  /** Moves the position forward by a page whose rows have been taken in. */
  follow({ epoch, first, head, from, through }: FeedPage, nowMs: number): void {
    if (epoch !== this.#epoch) this.#begin(epoch, nowMs)
    if (head > this.#head) {
      this.#head = head
      this.#headLearntAtMs = nowMs
    }
    this.#position = Math.max(this.#position, first - 1)
    if (from <= this.#position + 1) this.#position = Math.max(this.#position, through)
  }

  /** Starts again from the first page. */
  startOver(): void {
    this.#position = 0
  }

  /** Starts another history at its first place. The ids from the history before stay known. */
  #begin(epoch: string, nowMs: number): void {
    if (this.#epoch !== undefined) this.#formerEpochs.add(this.#epoch)
    const [oldest] = this.#formerEpochs
    if (this.#formerEpochs.size > maxFormerEpochs && oldest !== undefined)
      this.#formerEpochs.delete(oldest)
    this.#epoch = epoch
    this.#epochLearntAtMs = nowMs
    this.#position = 0
    this.#head = 0
    this.#headLearntAtMs = nowMs
  }

  /** On Workers the clock may be set back. What was learnt in its future was learnt before now. */
  #correctForClock(nowMs: number): void {
    this.#epochLearntAtMs = Math.min(this.#epochLearntAtMs, nowMs)
    this.#headLearntAtMs = Math.min(this.#headLearntAtMs, nowMs)
  }
}
