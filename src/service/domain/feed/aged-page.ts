// A page of the feed inside the service.

import type { FeedPage } from '../../../token/feed-format.ts'

/** A page, and how old it is. */
export interface AgedPage extends FeedPage {
  readonly ageMs: number
}
