// Housekeeping deletes accounts whose time has come. It deletes revoked ids whose tokens have all
// expired, and sessions that ended long ago. It also deletes attempts that are forgotten, and
// personal details of events whose time is over. Nobody needs them any more.

import { deleteForgottenAttempts } from '../store/attempts.ts'
import { deleteExpiredDetails } from '../store/audit-events.ts'
import { deleteExpiredCodes, deleteOldHandles } from '../store/codes.ts'
import type { Database } from '../store/database.ts'
import { maxRowsPerDelete } from '../store/delete-rows.ts'
import { deleteDueAccounts, maxAccountsPerDelete } from '../store/due-deletions.ts'
import { deleteOldMail } from '../store/outgoing-mail.ts'
import { deleteExpiredRevocations } from '../store/revoked-tokens.ts'
import { deleteEndedSessions } from '../store/session-endings.ts'
import { deleteEndedSuppressions } from '../store/suppressed-addresses.ts'
import type { AuditEntry } from './audit-entry.ts'
import type { Deps } from './deps.ts'

/**
 * 225,000 rows of each kind. The next run deletes the rest, so that no run meets the limit of 1,000
 * queries of some platforms.
 */
const maxDeletesPerRun = 225
const maxAccountDeletes = 50
/** The event of the audit. */
const deletion: AuditEntry = { event: 'deletion', actor: 'service' }

/**
 * Deletes revocations that no living token needs: 225,000 at most, 1,000 with each round trip.
 * Harmless if it runs twice at once, or is cut off.
 *
 * @returns how many were deleted
 */
export function pruneRevocations({ database }: Pick<Deps, 'database'>): Promise<number> {
  return deleteInChunks(database, deleteExpiredRevocations)
}

/**
 * Deletes sessions that ended more than a day ago: 225,000 at most, 1,000 with each round trip.
 * Harmless if it runs twice at once, or is cut off.
 *
 * @returns how many were deleted
 */
export function pruneSessions({ database }: Pick<Deps, 'database'>): Promise<number> {
  return deleteInChunks(database, deleteEndedSessions)
}

/**
 * Deletes counts of attempts that no limit needs: 225,000 at most, 1,000 with each round trip.
 * Harmless if it runs twice at once, or is cut off.
 *
 * @returns how many were deleted
 */
export function pruneAttempts({
  database,
  settings,
}: Pick<Deps, 'database' | 'settings'>): Promise<number> {
  const { attempts } = settings.limits
  return deleteInChunks(database, (one) => deleteForgottenAttempts(one, attempts))
}

/**
 * Deletes the personal details of events whose time is over: 225,000 at most, 1,000 with each round
 * trip. The events stay. Harmless if it runs twice at once, or is cut off.
 *
 * @returns how many were deleted
 */
export function pruneAuditDetails({ database }: Pick<Deps, 'database'>): Promise<number> {
  return deleteInChunks(database, deleteExpiredDetails)
}

/**
 * Deletes codes and their handles, mail, and suppressed addresses that nobody needs any more:
 * 225,000 of each at most, 1,000 with each round trip. Harmless if it runs twice at once, or is cut
 * off.
 *
 * @returns how many mails were deleted
 */
export async function pruneMail({ database }: Pick<Deps, 'database'>): Promise<number> {
  const deleted = await deleteInChunks(database, deleteOldMail)
  await deleteInChunks(database, deleteExpiredCodes)
  await deleteInChunks(database, deleteOldHandles)
  await deleteInChunks(database, deleteEndedSuppressions)
  return deleted
}

/**
 * Deletes accounts whose deletion is due: 5,000 at most, 100 with each round trip. The next run
 * deletes the rest. Harmless if it runs twice at once, or is cut off.
 *
 * @returns how many were deleted
 */
export function deleteAccounts({ database }: Pick<Deps, 'database'>): Promise<number> {
  const deleteChunk = () => deleteDueAccounts(database, deletion)
  return deleteInChunks(database, deleteChunk, maxAccountsPerDelete, maxAccountDeletes)
}

async function deleteInChunks(
  database: Database,
  deleteChunk: (database: Database) => Promise<number>,
  chunk = maxRowsPerDelete,
  mostChunks = maxDeletesPerRun,
): Promise<number> {
  let all = 0
  for (let deletes = 0; deletes < mostChunks; deletes += 1) {
    const deleted = await deleteChunk(database)
    all += deleted
    if (deleted < chunk) break
  }
  return all
}
