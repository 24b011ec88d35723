// The exact answer to one question. It is for guards that must not rely on what they know, or
// cannot rely on it yet.

import type { Database } from '../../store/database.ts'
import { findRevokedIds, type RevokedIdsFound } from '../../store/revocation-feed.ts'
import type { RevocationFeed } from './feed.ts'

/**
 * Which of the ids are revoked as of now, and the time of the database's clock. One round trip,
 * never shared. If the history does not continue the known history, the log says so.
 *
 * @throws DatabaseUnavailable
 */
export async function checkRevocations(
  { database, feed: { history } }: { database: Database; feed: Pick<RevocationFeed, 'history'> },
  ids: readonly string[],
): Promise<RevokedIdsFound> {
  const { known } = history
  const found = await findRevokedIds(database, ids)
  history.noteRead(found, known)
  return found
}
