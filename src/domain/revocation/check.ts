// The exact answer to one question, for guards that must not, or cannot yet, go by what they know.

import type { Deps } from '../../deps.ts'
import { findRevokedIds, type RevokedIdsFound } from '../../store/revocation-feed.ts'

/**
 * Which of the ids are revoked, as of now, and what the database's clock says. One round trip, never
 * shared.
 *
 * @throws DatabaseUnavailable
 */
export function checkRevocations(
  { database }: Pick<Deps, 'database'>,
  ids: readonly string[],
): Promise<RevokedIdsFound> {
  return findRevokedIds(database, ids)
}
