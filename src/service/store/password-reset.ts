// Somebody who has a code gives an account another password, as rows. The first statement uses the
// code, and each later one asks whether it did. So of several at once exactly one succeeds.

import { and, eq, sql } from 'drizzle-orm'
import * as v from 'valibot'
import {
  insertGenerationRevocationStatement,
  updateEndedSessionsStatement,
} from './account-endings.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { useCodeStatement } from './codes.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { cancellationStatements } from './deletion-cancelling.ts'
import { insertMailStatement, type Notice } from './outgoing-mail.ts'
import { type Revocation, revocationRow } from './revoked-tokens.ts'
import { decodeRows, integer } from './rows.ts'
import { users } from './schema.ts'
import { unsuppressStatement } from './suppressed-addresses.ts'
import { newPasswordColumns } from './users.ts'

/** A password that is set with a code. */
export interface PasswordReset {
  readonly codeId: string
  /** Whether the code came as a link, which lives longer. */
  readonly isLink: boolean
  readonly userId: number
  readonly passwordHash: string
  /** A fresh generation. It replaces the revoked one. */
  readonly tokenGeneration: string
  /** The mail that tells the owner. */
  readonly notice: Notice
  /** The mail that tells the owner that the account is kept. */
  readonly keptNotice: Notice
  readonly entry: AuditEntry
  /** The `seq` of the event of the code. */
  readonly attemptSeq: number | undefined
}

/** The account after the reset. */
interface CommittedReset {
  readonly revocation: Revocation
  readonly passwordVersion: number
  /** Whether its deletion was planned, and is not any more. */
  readonly isDeletionCancelled: boolean
}

const changedRow = v.object({ passwordVersion: integer })

/**
 * Uses the code and changes the password. All sessions and tokens of the account end. Its email is
 * proved, so it gets mail again. It is kept if its deletion is planned. A mail tells the owner.
 * Exactly one of several calls with a code succeeds. The others get undefined, and change nothing.
 * Records the success. Atomic; one round trip.
 */
export async function resetPassword(
  database: Database,
  reset: PasswordReset,
): Promise<CommittedReset | undefined> {
  const { userId, tokenGeneration, notice } = reset
  const whose = eq(users.id, userId)
  const isReset = and(whose, eq(users.tokenGeneration, tokenGeneration))
  const { revoked, replaced, kept } = await runBatch(database, {
    used: useCodeStatement(reset.codeId, 'reset_password', reset.isLink),
    revoked: insertGenerationRevocationStatement(and(whose, sql`changes() > 0`)),
    replaced: build
      .update(users)
      .set({
        ...newPasswordColumns(reset.passwordHash),
        ...{ tokenGeneration, emailVerifiedAt: databaseNow },
      })
      .where(and(whose, sql`changes() > 0`))
      .returning({ passwordVersion: users.passwordVersion }),
    ...auditStatements('recorded', reset.entry, {
      ...{ outcome: 'success', userId, attemptSeq: reset.attemptSeq },
    }),
    ended: updateEndedSessionsStatement(whose, tokenGeneration),
    // Its email is proved, so the mail needs no further condition.
    changed: insertMailStatement({ ...notice, kind: 'password_changed' }, notice, isReset),
    ...cancellationStatements(isReset, reset.keptNotice, reset.entry, { userId }),
    unsuppressed: unsuppressStatement(
      sql`${build.select({ recipient: users.emailNormalized }).from(users).where(isReset)}`,
    ),
  })
  const [revocation] = decodeRows(revocationRow, revoked)
  const [changed] = decodeRows(changedRow, replaced)
  return revocation && changed && { revocation, ...changed, isDeletionCancelled: kept.length > 0 }
}
