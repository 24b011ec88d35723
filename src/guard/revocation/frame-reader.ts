// Reads what the feed answers: one page, or the frames of a stream. A frame is a page, and a line
// break.

import { type Result, refuse } from '../../errors/reasons.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { type FeedAnswer, parseFeed } from '../../token/feed-format.ts'
import type { PulledPage } from '../../token/revocation-source.ts'

/** A page has one line break in it. */
const wholeFrame = /^.*\n.*\n/

/**
 * The answer in a text, which must repeat the nonce of its question. The refusal completes the
 * sentence "the … at URL …".
 */
export function readFeed(text: string, nonce: string | undefined): Result<FeedAnswer, string> {
  const feed = parseFeed(text)
  return feed.ok && nonce !== undefined && feed.value.proof?.nonce !== nonce
    ? refuse(
        'is the answer to another question: a cache on the way ignores the query; turn it off for /auth/feed',
      )
    : feed
}

/** Takes the frames of one stream, which begins with its question. */
export class FrameReader {
  readonly #nonce: string
  readonly #runtime: Pick<Runtime, 'elapsedMs'>
  readonly #takePage: (page: PulledPage) => boolean
  readonly #askedAtMs: number
  /** Whether a frame has come. */
  isStream = false
  /** What is wrong with a frame, as the refusal of `readFeed`. */
  problem: string | undefined

  constructor(
    nonce: string,
    runtime: Pick<Runtime, 'elapsedMs'>,
    takePage: (page: PulledPage) => boolean,
  ) {
    this.#nonce = nonce
    this.#runtime = runtime
    this.#takePage = takePage
    this.#askedAtMs = runtime.elapsedMs()
  }

  /** Takes all whole frames, and gives what is left. Undefined when no more is wanted. */
  readonly take = (text: string): string | undefined => {
    const [whole] = wholeFrame.exec(text) ?? []
    if (whole === undefined) return text
    const frame = readFeed(whole.slice(0, -1), this.#nonce)
    if (frame.ok) {
      this.isStream = true
      const isWanted = this.#takePage(this.#dated(frame.value))
      return isWanted ? this.take(text.slice(whole.length)) : undefined
    }
    this.problem = frame.error
    return undefined
  }

  /**
   * The frame was made at least `held_ms` after the question, because both clocks run at the same
   * rate, and not later than now. So a service whose clock is wrong makes it look younger by the
   * time of the network at most. That would be too much for the epoch, because a guard never goes
   * back to one. Its proof is the nonce alone.
   */
  #dated({ proof, ...page }: FeedAnswer): PulledPage {
    const { ageMs = 0, heldMs = 0 } = proof ?? {}
    const madeAfterMs = Math.min(heldMs, this.#runtime.elapsedMs() - this.#askedAtMs)
    return { ...page, ageMs: ageMs - Math.max(0, madeAfterMs), epochAgeMs: ageMs }
  }
}
