// Deletes the accounts whose time has come, as rows. An account with a living session is kept: a
// version before 0.6 may have begun it, and does not know of planned deletions.

import { and, eq, exists, inArray, isNotNull, notExists, type SQL, sql } from 'drizzle-orm'
import { deletionStatements } from './account-deletion.ts'
import { insertGenerationRevocationStatement } from './account-endings.ts'
import { type AuditEntry, type AuditOutcome, eventColumns } from './audit-events.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { isLiveSession } from './live-session.ts'
import { auditEvents, sessions, users } from './schema.ts'

/** Accounts per batch. */
export const maxAccountsPerDelete = 100

/** What a batch writes first into its accounts. So it selects the same ones to its end. */
const deletedMark = 0
const isMarked = eq(users.deletionDueAt, deletedMark)
const keptMark = 1
const isKept = eq(users.deletionDueAt, keptMark)

/**
 * Deletes up to 100 accounts whose deletion is due, with everything personal, and revokes their
 * tokens. Keeps accounts that have a living session. Records both for each account. A login at the
 * same moment either comes first and keeps the account, or finds none. Atomic; one round trip.
 *
 * @returns how many were deleted; fewer than `maxAccountsPerDelete` means that none are left
 */
export async function deleteDueAccounts(database: Database, entry: AuditEntry): Promise<number> {
  const { deleted } = await runBatch(database, {
    kept: markStatement(keptMark, and(isNotNull(users.deletionDueAt), exists(living))),
    keptRecorded: recordStatement(entry, 'deletion_cancelled', isKept),
    cancelled: build.update(users).set({ deletionDueAt: null }).where(isKept),
    due: markStatement(
      deletedMark,
      and(sql`${users.deletionDueAt} <= ${databaseNow}`, notExists(living)),
    ),
    revoked: insertGenerationRevocationStatement(isMarked),
    recorded: recordStatement(entry, 'success', isMarked),
    ...deletionStatements(isMarked),
  })
  return deleted.length
}

const living = build
  .select({ id: sessions.id })
  .from(sessions)
  .where(and(eq(sessions.userId, users.id), isLiveSession))

function markStatement(mark: number, which: SQL | undefined) {
  const first = build
    .select({ id: users.id })
    .from(users)
    .where(which)
    .orderBy(users.deletionDueAt)
    .limit(maxAccountsPerDelete)
  return build.update(users).set({ deletionDueAt: mark }).where(inArray(users.id, first))
}

function recordStatement(entry: AuditEntry, outcome: AuditOutcome, which: SQL) {
  const columns = eventColumns(entry, { outcome, userId: sql`${users.id}` })
  return build.insert(auditEvents).select(build.select(columns).from(users).where(which))
}
