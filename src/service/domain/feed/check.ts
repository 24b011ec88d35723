// The exact answer to one question, for guards that must not, or cannot yet, go by what they know.

import type { Database } from '../../store/database.ts'
import { findRevokedIds, type RevokedIdsFound } from '../../store/revocation-feed.ts'
import type { RevocationFeed } from './feed.ts'

/**
 * Which of the ids are revoked, as of now, and what the database's clock says. One round trip,
 * never shared. Where the history does not go on from what is known, the log says so.
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
