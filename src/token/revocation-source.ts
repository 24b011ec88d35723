// Where a guard learns which ids are revoked: over a service binding, over HTTP (remote-source.ts),
// or from the database itself (store/revocation-source.ts).

import type { Result } from '../errors/reasons.ts'
import type { FeedPage } from './feed-format.ts'
import type { VerificationContext } from './key-set.ts'

/** A page, and how far its moment lies before the question, at most. */
export interface PulledPage extends FeedPage {
  /** In milliseconds; Infinity where nothing is known of it. Required. */
  readonly ageMs: number
  /**
   * How far before the question, at most, the database still had this epoch. In milliseconds;
   * `ageMs` by default. Infinity where nothing proves it, as of an answer that a cache may have
   * had: a guard goes over to another epoch with proof only.
   */
  readonly epochAgeMs?: number
  /**
   * Another page is to follow, for this one may be old: it does not complete what is known. Default
   * false.
   */
  readonly isSnapshot?: boolean
}

/** What a guard knows of the feed that it follows. */
export interface FollowedFeed {
  /** Names the history that is followed. */
  readonly epoch: string
  /** The highest place in the order that it has heard of. */
  readonly head: number
}

/** What an exact check says of one token. */
export interface CheckedToken {
  /** Whether any of its ids was revoked at the moment of the question, or later. */
  readonly isRevoked: boolean
  /**
   * Which of them. Every guard of the isolate then refuses their tokens at once. Default: not told;
   * then only this token is remembered, by the first of its ids.
   */
  readonly revoked?: readonly string[]
  /** The database's clock, in milliseconds since 1970. */
  readonly nowMs: number
}

/** Refusals are sentences for whoever runs the guard. Neither function throws. */
export interface RevocationSource {
  /**
   * A page of the feed that begins right after `after`, or before that. Where the feed is not, or
   * no longer, the one that is `followed`, any page of it. Nothing is followed at first.
   */
  pull(
    after: number,
    context: VerificationContext,
    followed?: FollowedFeed,
  ): Promise<Result<PulledPage, string>>
  /** Whether any of the ids is revoked: exact, one round trip. */
  check(ids: readonly string[], context: VerificationContext): Promise<Result<CheckedToken, string>>
}
