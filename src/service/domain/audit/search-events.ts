// Finds events by their name or their time. There is no index for that, so that each write stays
// cheap. Instead, many short reads go back through the events, so no single one takes long.

import { type EventFilter, type ListedEvent, listEventsOfRange } from '../../store/audit-listing.ts'
import type { Database } from '../../store/database.ts'

/**
 * A page of the events of all accounts that the filter selects, newest first. With `since`, it ends
 * where 10,000 events in a row are older: the clock of the database may have been set back. One
 * round trip for each 10,000 events.
 *
 * @param tell is called after each round trip, with the id of the oldest event that was read
 * @throws DatabaseUnavailable
 */
export async function searchEvents(
  database: Database,
  filter: Omit<EventFilter, 'userId'>,
  tell: (seq: number) => void,
): Promise<readonly ListedEvent[]> {
  const { limit, since = Number.NEGATIVE_INFINITY } = filter
  const found: ListedEvent[] = []
  let before = filter.before
  while (found.length < limit) {
    const rest = { ...filter, limit: limit - found.length, before }
    const { listed, range } = await listEventsOfRange(database, rest)
    found.push(...listed)
    if (range === undefined) break
    tell(range.firstSeq)
    // Ids outside of the safe range are all read as its ends. The search would never end there.
    const hasMoved = before === undefined || range.firstSeq < before
    if (range.latestAt < since || !hasMoved) break
    before = range.firstSeq
  }
  return found
}
