// Where a guard learns which ids are revoked. The source is a service binding, HTTP
// (remote-source.ts), or the database itself (store/revocation-source.ts).

import type { Result } from '../errors/reasons.ts'
import type { FeedPage } from './feed-format.ts'
import type { VerificationContext } from './key-set.ts'

/** A page, and how old it was at most at the time of the question. */
export interface PulledPage extends FeedPage {
  /** In milliseconds. Infinity where nothing is known of it. Required. */
  readonly ageMs: number
  /**
   * The database still had this epoch at most this long before the question. In milliseconds.
   * Default: `ageMs`. Infinity where nothing proves it, as of an answer that a cache may have had.
   * A guard changes to another epoch only with proof.
   */
  readonly epochAgeMs?: number
  /**
   * Whether another page must follow, because this one may be old. Such a page does not complete
   * what is known. Default false.
   */
  readonly isSnapshot?: boolean
}

/** What a guard knows of the feed that it follows. */
export interface FollowedFeed {
  /** The name of the history that is followed. */
  readonly epoch: string
  /** The highest place in the order that is known. */
  readonly head: number
}

/** How a guard follows the feed. */
export interface FollowOptions {
  /** The history that is followed. */
  readonly followed: FollowedFeed
  /** The longest pause between two pages, in milliseconds. */
  readonly beatMs: number
  /**
   * Takes a page as soon as it comes. Its `ageMs` is negative if it was made after the question.
   * Returns whether to go on.
   */
  readonly take: (page: PulledPage) => boolean
}

/** The result of an exact check of one token. */
export interface CheckedToken {
  /** Whether any of its ids was revoked at the moment of the question, or later. */
  readonly isRevoked: boolean
  /**
   * The revoked ones. Every guard of the isolate then refuses their tokens at once. Default: not
   * named. Then only this token is remembered, by the first of its ids.
   */
  readonly revoked?: readonly string[]
  /** The database's clock, in milliseconds since 1970. */
  readonly nowMs: number
}

/**
 * Refusals are sentences for the operator of the guard. None of the functions should throw. If one
 * does, the guard counts that as an outage.
 */
export interface RevocationSource {
  /**
   * A page of the feed that begins right after `after`, or before that. If the feed is not, or no
   * longer, the one that is `followed`, any page of it. Nothing is followed at first.
   */
  pull(
    after: number,
    context: VerificationContext,
    followed?: FollowedFeed,
  ): Promise<Result<PulledPage, string>>
  /**
   * Like `pull`, with one page after the other for 20 s, as soon as there is news. Resolves to 0 at
   * the end of the stream. If the source gives none, resolves to the number of seconds after which
   * to ask again. Default: the guard pulls.
   */
  follow?(
    after: number,
    context: VerificationContext,
    options: FollowOptions,
  ): Promise<Result<number, string>>
  /** Whether any of the ids is revoked: exact, one round trip. */
  check(ids: readonly string[], context: VerificationContext): Promise<Result<CheckedToken, string>>
}
