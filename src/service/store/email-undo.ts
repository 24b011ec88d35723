// The owner of an account takes a change of its email back, as rows. Whoever has changed it may
// have changed it again, and the password, too. So the link of an undo holds all the same, and it
// makes the undos of later changes void. An earlier undo stays good: its email was the account's
// before.

import { and, eq, exists, isNotNull, type SQL, sql } from 'drizzle-orm'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import {
  insertGenerationRevocationStatement,
  updateEndedSessionsStatement,
} from './account-endings.ts'
import type { Takeover } from './account-takeover.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import type { RequestedCode } from './code-requests.ts'
import { insertCodeStatement, insertHandleStatement } from './code-rows.ts'
import { mayUseCode, useCodeStatement } from './codes.ts'
import { build, type Database, runBatch } from './database.ts'
import { cancellationStatements } from './deletion-cancelling.ts'
import {
  isNewEmailFree,
  newEmailColumns,
  selectTakenStatement,
  voidChangesStatement,
  voidUndosStatement,
} from './email-change.ts'
import { codes } from './mail-schema.ts'
import { insertMailStatement, type Notice } from './outgoing-mail.ts'
import { type Revocation, revocationRow } from './revoked-tokens.ts'
import { decodeRows } from './rows.ts'
import { users } from './schema.ts'
import { unsuppressStatement } from './suppressed-addresses.ts'
import { newPasswordColumns } from './users.ts'

/** An undo with a code that was checked. */
export interface EmailUndo {
  readonly codeId: string
  readonly userId: number
  /** The spellings that another account may store the old email in. */
  readonly spellings: readonly string[]
  readonly takeover: Takeover
  /** The code for a new password. */
  readonly reset: RequestedCode
  /** The mail that tells the owner that the account is kept. */
  readonly keptNotice: Notice
  /** The mail that tells the email which is replaced. */
  readonly replacedNotice: Notice
  readonly entry: AuditEntry
  /** The `seq` of the event of the code. */
  readonly attemptSeq: number | undefined
}

/**
 * Uses the code, and gives the account its old email back. The password, the sessions, the tokens
 * and the device tokens end. A planned deletion is taken back. A mail with a code for a new
 * password is queued, and a notice to the email that is replaced, if it was proved. Void are the
 * undos of later changes, and every code that would change the email. Exactly one of several calls
 * with a code succeeds. The others are refused with 'code_wrong'. Refuses with 'email_taken' if
 * another account has the old email by now. A refusal changes nothing. Records the success. Atomic;
 * one round trip.
 */
export async function undoEmailChange(
  database: Database,
  undo: EmailUndo,
): Promise<Result<Revocation, 'code_wrong' | 'email_taken'>> {
  const { codeId, userId, spellings, takeover, reset, entry, attemptSeq } = undo
  const { tokenGeneration, passwordHash } = takeover
  const whose = eq(users.id, userId)
  const isUsed = and(whose, sql`changes() > 0`)
  const isUndone = and(whose, eq(users.tokenGeneration, tokenGeneration))
  const undone = exists(build.select({ id: users.id }).from(users).where(isUndone))
  const which = [codeId, 'undo_email_change', true, isNewEmailFree(spellings)] as const
  const used = build
    .select({ id: codes.id })
    .from(codes)
    .where(mayUseCode(...which))
  const { revoked, taken } = await runBatch(database, {
    // While the account has that email, so before the code is used, and under the same condition.
    replacedTold: insertMailStatement(
      { ...undo.replacedNotice, kind: 'email_changed' },
      undo.replacedNotice,
      and(whose, isNotNull(users.emailVerifiedAt), exists(used)),
    ),
    used: useCodeStatement(...which),
    revoked: insertGenerationRevocationStatement(isUsed),
    replaced: build
      .update(users)
      .set({
        ...newEmailColumns(codeId),
        ...newPasswordColumns(passwordHash),
        tokenGeneration,
      })
      .where(isUsed),
    ...auditStatements('recorded', entry, { outcome: 'success', userId, attemptSeq }),
    ended: updateEndedSessionsStatement(whose, tokenGeneration),
    code: insertCodeStatement(reset, isUndone),
    handle: insertHandleStatement(reset.handle, sql`${reset.codeId}`, false, isUndone),
    mail: insertMailStatement(
      { mailId: reset.mailId, language: reset.language, kind: 'reset_password' },
      { codeId: sql`${reset.codeId}` },
      isUndone,
    ),
    later: voidUndosStatement(userId, isLaterThan(codeId), undone),
    changes: voidChangesStatement(userId, undone),
    ...cancellationStatements(isUndone, undo.keptNotice, entry, { userId }),
    unsuppressed: unsuppressStatement(
      sql`${build.select({ recipient: users.emailNormalized }).from(users).where(isUndone)}`,
    ),
    taken: selectTakenStatement(userId, spellings),
  })
  const [revocation] = decodeRows(revocationRow, revoked)
  if (revocation) return succeed(revocation)
  return refuse(taken.length > 0 ? 'email_taken' : 'code_wrong')
}

/** The condition, on the row of an undo, that its change was later. See `voidUndosStatement`. */
function isLaterThan(codeId: string): SQL {
  // The order of the rows: two changes may come within one second, and a clock may be set back.
  return sql`rowid > (SELECT this.rowid FROM ${codes} AS this WHERE this.id = ${codeId})`
}
