// The owner of an account is back before it is deleted, as rows: so it stays.

import { and, isNotNull, type SQL } from 'drizzle-orm'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { build } from './database.ts'
import { users } from './schema.ts'

/**
 * The statements that keep an account after all, because its owner is back, and record it. They do
 * nothing unless its deletion is planned. The answer of `kept` has a row if it was.
 */
export function cancellationStatements(
  whose: SQL | undefined,
  entry: AuditEntry,
  fact: { readonly userId: number; readonly sessionId?: string },
) {
  return {
    kept: build
      .update(users)
      .set({ deletionDueAt: null })
      .where(and(whose, isNotNull(users.deletionDueAt)))
      .returning({ userId: users.id }),
    ...auditStatements('keptRecorded', entry, { outcome: 'deletion_cancelled', ...fact }),
  }
}
