// The order of revocations that a view follows, and up to which place it knows all of it.
//
// A guard puts its knowledge together from pages that were read at different moments, and an id that
// is revoked again moves to a higher place in between. So the end of the page at hand is not enough:
// a view is complete when its position has reached the highest head that any page has told of.
//
// Why that is enough. Call that head H. Take any id at place s, at most H, in the history as it was
// with head H. One page took the position across s. It was read when its own head was s or more, so
// s had been given away by then. It was read when the head was at most H, so the id had not left s.
// So the id was in that page. Decision 19 has this at length.

import type { FeedPage } from './feed-format.ts'

/** A page, and when it was read, at the earliest, by the clock here. */
interface ReadPage {
  readonly page: FeedPage
  readonly readAtMs: number
}

/** What to do with a page. */
export type Judgement = 'follow' | 'ignore' | { readonly problem: string }

export class FollowedHistory {
  #epoch: string | undefined
  /** Every id up to this place is known. */
  #position = 0
  /** The highest place that is known to be given away. */
  #head = 0
  /** When that was learnt. */
  #headLearntAtMs = 0

  /** Every id up to this place is known. */
  get position(): number {
    return this.#position
  }

  /** Whether all of it is known, as far as it has been heard of. */
  isComplete(): boolean {
    return this.#position === this.#head
  }

  /** Says whether a page belongs to the history, and may be taken in. Changes nothing. */
  judge({ page: { epoch, head }, readAtMs }: ReadPage): Judgement {
    if (this.#epoch === undefined || readAtMs >= this.#headLearntAtMs) {
      return this.#judgeLater(epoch, head)
    }
    return epoch === this.#epoch ? 'follow' : 'ignore'
  }

  /** A history cannot be shorter than it was, once the question was asked. */
  #judgeLater(epoch: string, head: number): Judgement {
    if (epoch !== this.#epoch || head >= this.#head) return 'follow'
    return {
      problem: `it is behind what was known already (${head}, not ${this.#head}); after a restored backup, run \`portcullis migrate --restored\``,
    }
  }

  /** Moves on with a page whose rows have been taken in. */
  follow({ epoch, first, head, from, through }: FeedPage, nowMs: number): void {
    const isNew = epoch !== this.#epoch
    // Another history begins at its beginning; what is known of the one before stays known.
    if (isNew) this.#begin(epoch)
    if (isNew || head > this.#head) this.#headLearntAtMs = nowMs
    this.#head = Math.max(this.#head, head)
    this.#position = Math.max(this.#position, first - 1)
    if (from <= this.#position + 1) this.#position = Math.max(this.#position, through)
  }

  /** Takes all pages in once more. */
  startOver(): void {
    this.#position = 0
  }

  #begin(epoch: string): void {
    this.#epoch = epoch
    this.#position = 0
    this.#head = 0
  }
}
