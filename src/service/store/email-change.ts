// A user changes the email of an account, as rows. First a session asks for a code at the new
// email. Then somebody who has the code changes it. The first statement of each batch decides.

import { and, eq, exists, gt, isNull, ne, not, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type Result, type RevocationReason, refuse, succeed } from '../../errors/reasons.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import type { RequestedCode } from './code-requests.ts'
import { insertCodeStatement, insertHandleStatement, type NewCode } from './code-rows.ts'
import { useCodeStatement } from './codes.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { isFreshLogin } from './fresh-login.ts'
import { isLiveSession } from './live-session.ts'
import { codes } from './mail-schema.ts'
import {
  insertMailStatement,
  isMailable,
  isMailableTo,
  isOwnersOrMailable,
  type Notice,
} from './outgoing-mail.ts'
import { decodeRows, flag } from './rows.ts'
import { sessions, users } from './schema.ts'
import type { Rotation } from './session-rotation.ts'
import { unsuppressStatement } from './suppressed-addresses.ts'
import {
  type CallerToken,
  decodeAccountByToken,
  isAccountOf,
  isEnabledAccount,
  mayActForAccount,
  selectAccountByTokenStatement,
} from './users.ts'

/** The new email of an account. */
interface NewEmail {
  /** As typed, and as it is compared. */
  readonly email: string
  readonly emailNormalized: string
  /** The spellings that another account may store it in. */
  readonly spellings: readonly string[]
}

/** What a session asks for. */
export interface AskedEmail {
  readonly code: RequestedCode
  readonly newEmail: NewEmail
  /** The refresh token of the session. */
  readonly rotation: Rotation
  /** How long ago the login may be, in seconds. */
  readonly maxAgeSeconds: number
  /** A fresh id, for the mail to the owner of the email. */
  readonly existsMailId: string
}

/** How often an account may ask within an hour. */
const maxPerHour = 5

const handleRow = v.object({ handle: v.string() })
const currentRow = v.object({ isFresh: flag })

/**
 * Queues a mail with a code to the new email. If that belongs to another account, its owner gets a
 * mail that says so. No mail is queued if the email may get none now. The caller does not learn
 * which: there is a code in any case, and perhaps nobody gets it.
 *
 * Refuses like `findAccountByToken`. Refuses with 'login_not_fresh', by the row of the session and
 * the clock of the database. The same if the refresh token is used up. Refuses with 'mail_refused'
 * if the account has asked five times within an hour. Records the success. Atomic; one round trip.
 */
export async function requestEmailChange(
  database: Database,
  caller: CallerToken,
  asked: AskedEmail,
): Promise<Result<undefined, RevocationReason | 'login_not_fresh' | 'mail_refused'>> {
  const { code, newEmail, rotation } = asked
  const { email, emailNormalized, spellings } = newEmail
  const to = { email: sql`${email}`, emailNormalized: sql`${emailNormalized}` }
  const whose = eq(users.id, caller.userId)
  const isFresh = isFreshLogin(asked.maxAgeSeconds, rotation)
  const isOwn = and(eq(sessions.id, caller.sessionId), isLiveSession)
  const living = build.select({ id: sessions.id }).from(sessions).where(and(isOwn, isFresh))
  const mayAsk = and(whose, mayActForAccount(caller), exists(living), isSeldom())
  const isAsked = hasCode(code.codeId)
  // The mailbox may have had mail in the spelling of an account: perhaps of this one.
  const isMailableInAll = and(...spellings.map((spelling) => isMailableTo(sql`${spelling}`)))
  const isTaken = isTakenFrom(sql`${caller.userId}`, spellings)
  const { mailId, language, codeId } = code
  const { handle, current, found } = await runBatch(database, {
    code: insertCodeStatement(code, mayAsk, { to, sessionId: caller.sessionId }),
    handle: insertHandleStatement(
      ...([code.handle, sql`${codeId}`, true, and(whose, sql`changes() > 0`)] as const),
    ),
    ...auditStatements('recorded', code.entry, {
      ...{ outcome: 'success', userId: caller.userId, sessionId: caller.sessionId },
    }),
    mail: insertMailStatement(
      { mailId, language, kind: 'change_email' },
      { codeId: sql`${codeId}` },
      and(whose, isAsked, isMailableInAll, not(isTaken)),
      to,
    ),
    told: insertMailStatement(
      { mailId: asked.existsMailId, language, kind: 'account_exists' },
      {},
      and(
        ...[isAccountOf(spellings), ne(users.id, caller.userId), isEnabledAccount],
        ...[isAsked, isMailable],
      ),
    ),
    current: build
      .select({ isFresh: sql<number>`${isFresh}` })
      .from(sessions)
      .where(isOwn),
    found: selectAccountByTokenStatement(caller),
  })
  if (decodeRows(handleRow, handle).length > 0) return succeed(undefined)
  const account = decodeAccountByToken(found)
  if (!account.ok) return account
  const [state] = decodeRows(currentRow, current)
  if (!state) return refuse('token_revoked')
  return refuse(state.isFresh ? 'mail_refused' : 'login_not_fresh')
}

/** The condition that an account has not asked too often. It counts what nobody was mailed, too. */
function isSeldom(): SQL {
  const { id, userId, purpose, createdAt } = codes
  const fifth = build
    .select({ id })
    .from(codes)
    .where(
      and(
        ...[eq(userId, users.id), eq(purpose, 'change_email')],
        gt(createdAt, sql`${databaseNow} - 3600`),
      ),
    )
    .limit(1)
    .offset(maxPerHour - 1)
  return not(exists(fifth))
}

/** The condition that this batch has inserted the code with this fresh id. */
function hasCode(codeId: string): SQL {
  return exists(build.select({ id: codes.id }).from(codes).where(eq(codes.id, codeId)))
}

/** The condition that another account has the email, in any spelling, or can take it back. */
function isTakenFrom(userId: SQL, spellings: readonly string[]): SQL {
  const all = [...spellings]
  const taken = sql`SELECT 1 FROM ${users} AS other WHERE other.id <> ${userId} AND other.email_normalized IN ${all}`
  const kept = sql`SELECT 1 FROM ${codes} AS kept WHERE kept.new_email_normalized IN ${all}
    AND kept.purpose = 'undo_email_change' AND kept.user_id <> ${userId}
    AND kept.used_at IS NULL AND kept.link_expires_at > ${databaseNow}`
  return sql`(EXISTS (${taken}) OR EXISTS (${kept}))`
}

/** The condition, on the row of a code, that its new email is free. */
export function isNewEmailFree(spellings: readonly string[]): SQL {
  return not(isTakenFrom(sql`${codes.userId}`, spellings))
}

/** Selects a row if another account has the email, or can take it back. */
export function selectTakenStatement(userId: number, spellings: readonly string[]) {
  return build
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, userId), isTakenFrom(sql`${userId}`, spellings)))
}

/** The columns of an account that gets the email of a code, for an update. Its email is proved. */
export function newEmailColumns(codeId: string) {
  const of = (column: SQL) => sql`(SELECT ${column} FROM ${codes} WHERE ${codes.id} = ${codeId})`
  return {
    email: of(sql`${codes.newEmail}`),
    emailNormalized: of(sql`${codes.newEmailNormalized}`),
    emailVerifiedAt: databaseNow,
  }
}

/** A change with a code that was checked. */
export interface EmailChange {
  readonly codeId: string
  /** Whether it came as a link. */
  readonly isLink: boolean
  readonly userId: number
  /** The spellings that another account may store the new email in. */
  readonly spellings: readonly string[]
  /** The code that takes the change back. */
  readonly undo: NewCode
  /** The mail that tells it to the old email. */
  readonly notice: Notice
  readonly entry: AuditEntry
  /** The `seq` of the event of the code. */
  readonly attemptSeq: number | undefined
}

/**
 * Uses the code, and gives the account the new email, which is proved. The old email gets a mail.
 * If the old email was proved, the mail has a link that takes the change back. Back to an email
 * with such a link, there is none: that link and later ones are void then. Other codes that change
 * the email are void. Exactly one of several calls with a code succeeds. The others are refused
 * with 'code_wrong'. Refuses with 'email_taken' if another account has the email by now. A refusal
 * changes nothing. Records the success. Atomic; one round trip.
 */
export async function changeEmail(
  database: Database,
  change: EmailChange,
): Promise<Result<undefined, 'code_wrong' | 'email_taken'>> {
  const { codeId, userId, spellings, undo, notice, entry, attemptSeq } = change
  const { mailId, language, device } = notice
  const whose = eq(users.id, userId)
  const isUsed = and(whose, sql`changes() > 0`)
  // The undo is there in any case, perhaps void. So it shows that this batch has used the code.
  const isChanged = and(whose, hasCode(undo.codeId))
  const ownUndo = selectOwnUndo(userId, codeId)
  const getsNoUndo = sql`(${users.emailVerifiedAt} IS NULL OR (${ownUndo}) IS NOT NULL)`
  const { changed, taken } = await runBatch(database, {
    used: useCodeStatement(codeId, 'change_email', change.isLink, isNewEmailFree(spellings)),
    undo: insertCodeStatement(undo, isUsed, { to: users, isVoid: getsNoUndo }),
    told: insertMailStatement(
      { mailId, language, kind: 'email_changed' },
      { codeId: selectOpenCode(undo.codeId), device },
      and(isChanged, isOwnersOrMailable),
    ),
    changed: build.update(users).set(newEmailColumns(codeId)).where(isChanged),
    ...auditStatements('recorded', entry, { outcome: 'success', userId, attemptSeq }),
    undone: voidUndosStatement(userId, sql`rowid >= (${ownUndo})`, hasCode(undo.codeId)),
    voided: voidChangesStatement(userId, hasCode(undo.codeId)),
    unsuppressed: unsuppressStatement(
      sql`${build.select({ recipient: users.emailNormalized }).from(users).where(isChanged)}`,
    ),
    taken: selectTakenStatement(userId, spellings),
  })
  if (changed.rowsAffected > 0) return succeed(undefined)
  return refuse(taken.length > 0 ? 'email_taken' : 'code_wrong')
}

/** The id of the code, or NULL if it is void. */
function selectOpenCode(codeId: string): SQL {
  const open = build
    .select({ id: codes.id })
    .from(codes)
    .where(and(eq(codes.id, codeId), isNull(codes.usedAt)))
  return sql`(${open})`
}

/** The row of the account's own undo that is open, and gives it the email that the code gives. */
function selectOwnUndo(userId: number, codeId: string): SQL {
  return sql`SELECT min(own.rowid) FROM ${codes} AS own WHERE own.user_id = ${userId}
    AND own.purpose = 'undo_email_change' AND own.used_at IS NULL
    AND own.link_expires_at > ${databaseNow} AND own.new_email_normalized =
      (SELECT given.new_email_normalized FROM ${codes} AS given WHERE given.id = ${codeId})`
}

/** Makes undos of the account void. */
export function voidUndosStatement(userId: number, which: SQL, condition: SQL) {
  return build
    .update(codes)
    .set({ usedAt: databaseNow })
    .where(
      and(
        ...[eq(codes.userId, userId), eq(codes.purpose, 'undo_email_change')],
        ...[isNull(codes.usedAt), which, condition],
      ),
    )
}

/** Makes every code void with which the email of an account would change. */
export function voidChangesStatement(userId: number, condition: SQL | undefined) {
  return build
    .update(codes)
    .set({ usedAt: databaseNow })
    .where(
      and(
        ...[eq(codes.userId, userId), eq(codes.purpose, 'change_email'), isNull(codes.usedAt)],
        condition,
      ),
    )
}
