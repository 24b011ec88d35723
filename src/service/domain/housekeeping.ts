// Housekeeping deletes revoked ids whose tokens have all expired, and sessions that ended long ago.
// Nobody needs them any more.

import type { Database } from '../store/database.ts'
import { maxRowsPerDelete } from '../store/delete-rows.ts'
import { deleteExpiredRevocations } from '../store/revoked-tokens.ts'
import { deleteEndedSessions } from '../store/session-endings.ts'
import type { Deps } from './deps.ts'

/**
 * Half a million rows. The next run deletes the rest, so that no run meets the platform's limit of
 * requests.
 */
const maxDeletesPerRun = 500

/**
 * Deletes revocations that no living token needs: 500,000 at most, 1,000 with each round trip.
 * Harmless if it runs twice at once, or is cut off.
 *
 * @returns how many were deleted
 */
export function pruneRevocations({ database }: Pick<Deps, 'database'>): Promise<number> {
  return deleteInChunks(database, deleteExpiredRevocations)
}

/**
 * Deletes sessions that ended more than a day ago: 500,000 at most, 1,000 with each round trip.
 * Harmless if it runs twice at once, or is cut off.
 *
 * @returns how many were deleted
 */
export function pruneSessions({ database }: Pick<Deps, 'database'>): Promise<number> {
  return deleteInChunks(database, deleteEndedSessions)
}

async function deleteInChunks(
  database: Database,
  deleteChunk: (database: Database) => Promise<number>,
): Promise<number> {
  let all = 0
  for (let deletes = 0; deletes < maxDeletesPerRun; deletes += 1) {
    const deleted = await deleteChunk(database)
    all += deleted
    if (deleted < maxRowsPerDelete) break
  }
  return all
}
