// Somebody asks for a code, as rows: the code, the handle of the client, and the mail. An account
// that gets no mail gets no rows, and the statements are the same.

import { and, eq, gt, isNull, notExists, type SQL, sql } from 'drizzle-orm'
import type { Result, RevocationReason } from '../../errors/reasons.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { insertCodeStatement, insertHandleStatement, type NewCode } from './code-rows.ts'
import type { CodePurpose } from './codes.ts'
import { build, type Database, databaseNow, joinStatements, runBatch } from './database.ts'
import { codeHandles, codes } from './mail-schema.ts'
import { insertMailStatement, isMailable } from './outgoing-mail.ts'
import { users } from './schema.ts'
import {
  type Account,
  type CallerToken,
  decodeAccountByToken,
  isAccountOf,
  isEnabledAccount,
  mayActForAccount,
  selectAccountByTokenStatement,
} from './users.ts'

/** What somebody asks for, who gets a mail of that kind. */
export type AskedPurpose = Exclude<CodePurpose, 'undo_email_change'>

/** A code that somebody asks for. */
export interface RequestedCode<Purpose extends CodePurpose = AskedPurpose>
  extends NewCode<Purpose> {
  /** Fresh ids. */
  readonly handle: string
  readonly mailId: string
  /** Of the mail, if the account has none. */
  readonly language: string
  readonly entry: AuditEntry
}

/**
 * Queues a mail with a code for the account with this email, and gives the handle to the client. A
 * code that was requested within the first half of its life is mailed again. Does nothing if there
 * is no account, if it is disabled, or if it may get no mail now (`isMailable`). The answer does
 * not say which. Records the success. Atomic; one round trip.
 */
export async function requestCode(
  database: Database,
  asked: RequestedCode,
  spellings: readonly string[],
): Promise<void> {
  const whose = isAccountOf(spellings)
  await runBatch(database, requestStatements(asked, whose, and(whose, isEnabledAccount), false))
}

/**
 * The same for the account of a token, unless its email is proved. Refuses like
 * `findAccountByToken`. Records the success. Atomic; one round trip.
 *
 * @returns the account, and whether a mail was queued
 */
export async function requestOwnCode(
  database: Database,
  asked: RequestedCode,
  caller: CallerToken,
): Promise<{ readonly account: Result<Account, RevocationReason>; readonly isQueued: boolean }> {
  const whose = eq(users.id, caller.userId)
  const mayAsk = and(whose, mayActForAccount(caller), isNull(users.emailVerifiedAt))
  const { handle, found } = await runBatch(
    database,
    joinStatements(requestStatements(asked, whose, mayAsk, true), {
      found: selectAccountByTokenStatement(caller),
    }),
  )
  return {
    account: decodeAccountByToken(found),
    isQueued: handle.length > 0,
  }
}

function requestStatements(
  asked: RequestedCode,
  whose: SQL,
  mayAsk: SQL | undefined,
  isOfSession: boolean,
) {
  return {
    ...codeStatements(asked, whose, mayAsk, isOfSession),
    ...auditStatements('recorded', asked.entry, {
      outcome: 'success',
      userId: sql`${users.id}`,
      of: { table: sql`${users}`, where: whose },
    }),
  }
}

/**
 * Queues a mail with a code, and gives the handle to the client. None of it happens if the account
 * may get no mail now.
 *
 * @param whose the account
 * @param mayAsk the condition that it may get a code
 * @param isOfSession whether the client is the one who has set the password: it has a session, or
 * has given the password
 */
export function codeStatements(
  asked: RequestedCode,
  whose: SQL,
  mayAsk: SQL | undefined,
  isOfSession: boolean,
) {
  const { handle, purpose, mailId } = asked
  const recent = selectRecentCode(asked)
  const isHandled = eq(codeHandles.id, handle)
  return {
    code: insertCodeStatement(asked, and(mayAsk, isMailable, notExists(recent))),
    handle: insertHandleStatement(handle, sql`(${recent})`, isOfSession, and(mayAsk, isMailable)),
    mail: insertMailStatement(
      { mailId, kind: purpose, language: asked.language },
      { codeId: sql`(SELECT ${codeHandles.codeId} FROM ${codeHandles} WHERE ${isHandled})` },
      and(whose, sql`changes() > 0`),
    ),
  }
}

/** The account's newest code of this purpose that has more than half of its life left. */
function selectRecentCode({ purpose, codeSeconds }: RequestedCode) {
  return build
    .select({ id: codes.id })
    .from(codes)
    .where(
      and(
        ...[eq(codes.userId, users.id), eq(codes.purpose, purpose), isNull(codes.usedAt)],
        ...[eq(codes.address, users.emailNormalized)],
        eq(codes.passwordVersion, users.passwordVersion),
        gt(codes.createdAt, sql`${databaseNow} - ${Math.floor(codeSeconds / 2)}`),
      ),
    )
    .orderBy(sql`${codes.createdAt} DESC`)
    .limit(1)
}
