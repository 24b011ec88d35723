// The end of the history, as an isolate has read it. Each read brings only what is new.

import { placesPerSegment, segmentOf, segmentsKept } from '../../../token/feed-format.ts'
import type { FeedRead, FeedState } from '../../store/revocation-feed.ts'

export interface FeedTail {
  readonly state: FeedState
  readonly readAtMs: number
  /** The rows of the last segments, by number. */
  readonly segments: ReadonlyMap<number, string>
  /** The rows that the last read with news has brought: those of all places after this one. */
  readonly news: { readonly after: number; readonly rows: string } | undefined
}

/**
 * Whether a later state may be of the same history. A restored backup is shorter, or has another
 * epoch.
 */
export function isContinued(
  before: Pick<FeedState, 'epoch' | 'head'>,
  after: Pick<FeedState, 'epoch' | 'head'>,
): boolean {
  return before.epoch === after.epoch && before.head <= after.head
}

/** The news of a read that began at a place of this history, or the news before. */
export function newsOf(
  before: FeedTail | undefined,
  { state, chunks }: FeedRead,
): FeedTail['news'] {
  if (!before || state.head === before.state.head) return before?.news
  const rows = chunks.map((chunk) => chunk.rows).join('')
  return { after: Math.max(before.state.head, firstPlaceKept(state.head) - 1), rows }
}

function firstPlaceKept(head: number): number {
  return (segmentOf(head + 1) - (segmentsKept - 1)) * placesPerSegment
}

/** The known rows and the new ones, without the segments that are too old by now. */
export function appendTo(
  known: ReadonlyMap<number, string> | undefined,
  { state, chunks }: FeedRead,
): ReadonlyMap<number, string> {
  const segments = new Map(known)
  for (const { number, rows } of chunks) {
    segments.set(number, (segments.get(number) ?? '') + rows)
  }
  const firstKept = segmentOf(firstPlaceKept(state.head))
  for (const number of segments.keys()) if (number < firstKept) segments.delete(number)
  return segments
}
