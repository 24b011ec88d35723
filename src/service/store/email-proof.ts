// Somebody proves with a code that the email of an account receives mail, as rows.

import { and, eq, sql } from 'drizzle-orm'
import { revocationsOf, type Takeover, takeoverStatements } from './account-takeover.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { useCodeStatement } from './codes.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import type { Revocation } from './revoked-tokens.ts'
import { users } from './schema.ts'
import { unsuppressStatement } from './suppressed-addresses.ts'

/** A code that was checked. */
export interface EmailProof {
  readonly codeId: string
  /** Whether it came as a link. */
  readonly isLink: boolean
  readonly userId: number
  /** If nobody knows whether the same person has registered. */
  readonly takeover: Takeover | undefined
  readonly entry: AuditEntry
  /** The `seq` of the event of the code. */
  readonly attemptSeq: number | undefined
}

/**
 * Uses the code, and notes the proof. With a takeover, the password, the tokens and the sessions of
 * the account end. Exactly one of several calls with a code succeeds. The others get undefined, and
 * change nothing. Records the success. Atomic; one round trip.
 *
 * @returns the revocation of a takeover
 */
export async function proveEmail(
  database: Database,
  { codeId, isLink, userId, takeover, entry, attemptSeq }: EmailProof,
): Promise<readonly Revocation[] | undefined> {
  const whose = eq(users.id, userId)
  const isUsed = takeover ? eq(users.tokenGeneration, takeover.tokenGeneration) : sql`changes() > 0`
  const { proved, ...taken } = await runBatch(database, {
    used: useCodeStatement(codeId, 'verify_email', isLink),
    ...takeoverStatements(whose, takeover),
    proved: build.update(users).set({ emailVerifiedAt: databaseNow }).where(and(whose, isUsed)),
    ...auditStatements('recorded', entry, { outcome: 'success', userId, attemptSeq }),
    unsuppressed: unsuppressStatement(
      sql`${build
        .select({ recipient: users.emailNormalized })
        .from(users)
        .where(and(whose, sql`changes() > 0`))}`,
    ),
  })
  return proved.rowsAffected > 0 ? revocationsOf(taken) : undefined
}
