// A restored backup does not have the revocations that came after it was made. So it starts another
// history, and no earlier token may stay good: the keys that signed them are revoked. Ids that
// guards know as revoked stay revoked, so accounts get fresh generations.

import { keyRevocationId } from '../../../token/access-token.ts'
import type { AuditEntry } from '../../store/audit-events.ts'
import type { Database } from '../../store/database.ts'
import { updateEpochAndRevoke } from '../../store/restored-history.ts'

/**
 * Gives the history of revocations a new epoch, and each account a fresh generation. Revokes every
 * token of the keys forever. When it has succeeded, all of this is stored, and recorded. Atomic. One
 * round trip.
 *
 * @throws DatabaseUnavailable
 */
export async function beginNewHistory(
  database: Database,
  keyIds: readonly string[],
  entry: AuditEntry,
): Promise<void> {
  const ids = await Promise.all(keyIds.map(keyRevocationId))
  await updateEpochAndRevoke(database, ids, entry, keyIds.join(' '))
}
