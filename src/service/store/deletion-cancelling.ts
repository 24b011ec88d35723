// The owner of an account is back before it is deleted, as rows: so it stays.

import { and, eq, isNotNull, type SQL } from 'drizzle-orm'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { build } from './database.ts'
import {
  type LoginNotice,
  type Notice,
  newDeviceStatements,
  noticeStatements,
} from './outgoing-mail.ts'
import { users } from './schema.ts'
import type { CheckedAccount } from './users.ts'

/**
 * The statements that keep an account after all, because its owner is back. They record it, and
 * queue the notice. They do nothing unless its deletion is planned. The answer of `kept` has a row
 * if it was. The condition must not ask for `changes()`.
 */
export function cancellationStatements(
  whose: SQL | undefined,
  notice: Notice | undefined,
  entry: AuditEntry,
  fact: { readonly userId: number; readonly sessionId?: string },
) {
  const isPlanned = and(whose, isNotNull(users.deletionDueAt))
  return {
    ...noticeStatements(notice, isPlanned, 'deletion_taken_back'),
    kept: build
      .update(users)
      .set({ deletionDueAt: null })
      .where(isPlanned)
      .returning({ userId: users.id }),
    ...auditStatements('keptRecorded', entry, { outcome: 'deletion_cancelled', ...fact }),
  }
}

/**
 * The statements for a login that has begun a session. An account is kept whose deletion is
 * planned. Otherwise its owner is told if the device is new: one mail of the two, never both. A
 * plan gives the account another generation, so a login that has not read it begins no session.
 */
export function returnStatements(
  { userId, deletionDueAt }: CheckedAccount,
  { sessionId }: { readonly sessionId: string },
  isBegun: SQL,
  notice: LoginNotice | undefined,
  entry: AuditEntry,
) {
  const whose = and(eq(users.id, userId), isBegun)
  return deletionDueAt === null
    ? newDeviceStatements(notice?.isOfNewDevice ? notice : undefined, whose)
    : cancellationStatements(whose, notice, entry, { userId, sessionId })
}
