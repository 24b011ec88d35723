// The language of the mails to an account, as rows.

import { and, eq, sql } from 'drizzle-orm'
import type { Result, RevocationReason } from '../../errors/reasons.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { build, type Database, runBatch } from './database.ts'
import { users } from './schema.ts'
import {
  type Account,
  type CallerToken,
  decodeAccountByToken,
  mayActForAccount,
  selectAccountByTokenStatement,
} from './users.ts'

/**
 * Sets the language of the mails to a token's account. Null: that of each request. Refuses like
 * `findAccountByToken`. Records the success, unless it was the language before. Atomic; one round
 * trip.
 */
export async function updateLanguage(
  database: Database,
  caller: CallerToken,
  language: string | null,
  entry: AuditEntry,
): Promise<Result<Account, RevocationReason>> {
  const { userId, sessionId } = caller
  const isOther = sql`${users.language} IS NOT ${language}`
  const { found } = await runBatch(database, {
    updated: build
      .update(users)
      .set({ language })
      .where(and(eq(users.id, userId), mayActForAccount(caller), isOther)),
    ...auditStatements('recorded', entry, { outcome: 'success', userId, sessionId }),
    found: selectAccountByTokenStatement(caller),
  })
  return decodeAccountByToken(found)
}
