// Reads what the feed answers: one page, or the frames of a stream. A frame is a page, and a line
// break.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { type FeedAnswer, parseFeed } from '../../token/feed-format.ts'
import type { PulledPage } from '../../token/revocation-source.ts'

/** The pause where there are no streams, as with a service that is older than 0.6. */
export const withoutStreamSeconds = 600
/** The pause where the service has enough streams. */
const enoughStreamsSeconds = 60
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
  /** In the first frame: the database's clock, less the time from the question to the read. */
  #firstAheadMs: number | undefined
  #problem: string | undefined

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
    if (!frame.ok) {
      this.#problem = frame.error
      return undefined
    }
    const isWanted = this.#takePage(this.#dated(frame.value))
    return isWanted ? this.take(text.slice(whole.length)) : undefined
  }

  /**
   * At the end, with what is left of the text: 0 after a stream. After an ordinary answer, the
   * number of seconds after which to ask again. The refusal is as that of `readFeed`.
   */
  end(text: string): Result<number, string> {
    if (this.#problem !== undefined) return refuse(this.#problem)
    if (this.#firstAheadMs !== undefined) return text ? refuse('is cut off') : succeed(0)
    const page = readFeed(text, this.#nonce)
    if (!page.ok) return page
    return succeed(
      page.value.proof?.heldMs === undefined ? withoutStreamSeconds : enoughStreamsSeconds,
    )
  }

  /**
   * The frame was made at least `held_ms` after the question, because both clocks run at the same
   * rate, and not later than now. A service whose clock was set may tell too much. So the
   * database's clock must have moved on by as much since the first frame.
   */
  #dated({ proof, ...page }: FeedAnswer): PulledPage {
    const { ageMs = 0, heldMs = 0 } = proof ?? {}
    const madeAfterMs = Math.min(heldMs, this.#runtime.elapsedMs() - this.#askedAtMs)
    const toldMs = Math.max(0, madeAfterMs) - ageMs
    this.#firstAheadMs ??= page.nowMs - toldMs
    const readAfterMs = Math.min(toldMs, page.nowMs - this.#firstAheadMs)
    // When it was read is not known well enough to prove an epoch.
    return { ...page, ageMs: 0 - readAfterMs, epochAgeMs: ageMs }
  }
}
