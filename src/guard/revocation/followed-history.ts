// The order of revocations that a view follows, and up to which place it knows all of it.
//
// A guard puts its knowledge together from pages that were read at different moments, and an id
// that is revoked again moves to a higher place in between. So the end of the page at hand is not
// enough: a view is complete when its position has reached the highest head that any page has told
// of.
//
// Why that is enough. Call that head H. Take any id at place s, at most H, in the history as it was
// with head H. One page took the position across s. It was read when its own head was s or more, so
// s had been given away by then. It was read when the head was at most H, so the id had not left s.
// So the id was in that page. Decision 19 has this at length.

import type { FeedPage } from '../../token/feed-format.ts'
import type { FollowedFeed } from '../../token/revocation-source.ts'

/** A page, and what is known of its time, by the clock here. */
interface DatedPage {
  readonly page: FeedPage
  /** It was read then, or later. */
  readonly readAtMs: number
  /** Its epoch was the service's then, or later; -Infinity where nothing proves it. */
  readonly currentAtMs: number
  /** When it arrived. */
  readonly nowMs: number
}

/** What to do with a page. */
export type Judgement = 'follow' | 'ignore' | { readonly problem: string }

/** More histories are not remembered: a service has a new one after a restored backup only. */
const maxFormerEpochs = 100
const cure =
  'after a restored backup, deploy new keys, and then run `portcullis migrate --restored` (docs/feed.md)'

export class FollowedHistory {
  #epoch: string | undefined
  /** When it was first heard of. */
  #epochLearntAtMs = 0
  /** Epochs that were followed before this one, the oldest first. */
  readonly #formerEpochs = new Set<string>()
  #position = 0
  /** The highest place that is known to be given away. */
  #head = 0
  /** When that was learnt. */
  #headLearntAtMs = 0

  /** Every id up to this place is known. */
  get position(): number {
    return this.#position
  }

  /** Which history is followed, and how far it goes; undefined at first. */
  get followed(): FollowedFeed | undefined {
    return this.#epoch === undefined ? undefined : { epoch: this.#epoch, head: this.#head }
  }

  /** Whether all of it is known, as far as it has been heard of. */
  isComplete(): boolean {
    return this.#position === this.#head
  }

  /** Says whether a page may be taken in. */
  judge(dated: DatedPage): Judgement {
    this.#correctForClock(dated.nowMs)
    if (this.#epoch === undefined) return 'follow'
    return dated.page.epoch === this.#epoch ? this.#judgeSame(dated) : this.#judgeOther(dated)
  }

  /** A history cannot be shorter than it was, once the question was asked. */
  #judgeSame({ page: { head }, readAtMs }: DatedPage): Judgement {
    if (head >= this.#head || readAtMs < this.#headLearntAtMs) return 'follow'
    return {
      problem: `it is behind what was known already (${head}, not ${this.#head}); ${cure}`,
    }
  }

  /**
   * An epoch never comes back. So of two, the one that is proven to have been the service's after
   * the other was heard of is the later one. Anything else may come from before.
   */
  #judgeOther({ page: { epoch }, currentAtMs }: DatedPage): Judgement {
    if (currentAtMs < this.#epochLearntAtMs) return 'ignore'
    if (!this.#formerEpochs.has(epoch)) return 'follow'
    return {
      problem: `it has gone back to a history that it had left (do two databases answer?); ${cure}`,
    }
  }

  /** Moves on with a page whose rows have been taken in. */
  follow({ epoch, first, head, from, through }: FeedPage, nowMs: number): void {
    if (epoch !== this.#epoch) this.#begin(epoch, nowMs)
    if (head > this.#head) {
      this.#head = head
      this.#headLearntAtMs = nowMs
    }
    this.#position = Math.max(this.#position, first - 1)
    if (from <= this.#position + 1) this.#position = Math.max(this.#position, through)
  }

  /** Takes all pages in once more. */
  startOver(): void {
    this.#position = 0
  }

  /** Another history begins at its beginning. What is known of the one before stays known. */
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

  /** On Workers the clock may be set back: what was learnt in its future was learnt before now. */
  #correctForClock(nowMs: number): void {
    this.#epochLearntAtMs = Math.min(this.#epochLearntAtMs, nowMs)
    this.#headLearntAtMs = Math.min(this.#headLearntAtMs, nowMs)
  }
}
