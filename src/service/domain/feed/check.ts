// The exact answer to one question, for guards that must not, or cannot yet, go by what they know.

import type { Database } from '../../store/database.ts'
import { findRevokedIds, type RevokedIdsFound } from '../../store/revocation-feed.ts'

/**
 * Which of the ids are revoked, as of now, and what the database's clock says. One round trip,
 * never shared.
 *
 * @throws DatabaseUnavailable
 */
export function checkRevocations(
  database: Database,
  ids: readonly string[],
): Promise<RevokedIdsFound> {
  return findRevokedIds(database, ids)
}
