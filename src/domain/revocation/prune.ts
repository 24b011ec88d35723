// Housekeeping: ids whose tokens have all expired need not be remembered.

import type { Deps } from '../../deps.ts'
import { deleteExpiredRevocations, maxRowsPerDelete } from '../../store/revoked-tokens.ts'

/**
 * Half a million rows: what is left is for the next run, so that no run meets the platform's limit
 * of requests.
 */
const maxDeletesPerRun = 500

/**
 * Deletes revocations that no living token needs, at most 1,000 with each round trip. Harmless when
 * it runs twice at once, or is cut off.
 *
 * @returns how many were deleted
 */
export async function pruneRevocations(deps: Pick<Deps, 'database'>): Promise<number> {
  let pruned = 0
  for (let deletes = 0; deletes < maxDeletesPerRun; deletes += 1) {
    const deleted = await deleteExpiredRevocations(deps.database)
    pruned += deleted
    if (deleted < maxRowsPerDelete) break
  }
  return pruned
}
