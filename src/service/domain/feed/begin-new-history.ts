// A restored backup has forgotten the revocations since it was made. So its history is another one,
// and no token from before may be good any more: the keys that signed them are revoked. What guards
// know as revoked stays so: accounts get fresh generations.

import { keyRevocationId } from '../../../token/access-token.ts'
import type { Database } from '../../store/database.ts'
import { updateEpochAndRevoke } from '../../store/restored-history.ts'

/**
 * Gives the history of revocations a new epoch, and each account a fresh generation, and revokes
 * every token of the keys, for ever. When it has succeeded, all of it is stored. Atomic; one round
 * trip.
 *
 * @throws DatabaseUnavailable
 */
export async function beginNewHistory(
  database: Database,
  keyIds: readonly string[],
): Promise<void> {
  await updateEpochAndRevoke(database, await Promise.all(keyIds.map(keyRevocationId)))
}
