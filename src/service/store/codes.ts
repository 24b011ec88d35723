// The rows of codes. A code is used once. A wrong try is counted for the handle of the client that
// has asked, so that nobody uses up the tries of another one.

import {
  and,
  eq,
  exists,
  gt,
  isNull,
  lt,
  not,
  or,
  type SQL,
  type SQLWrapper,
  sql,
} from 'drizzle-orm'
import * as v from 'valibot'
import type { CodeLifetimes } from '../config/mail-settings.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { deleteRows } from './delete-rows.ts'
import { isLiveSession } from './live-session.ts'
import { codeHandles, codes } from './mail-schema.ts'
import { decodeRows, flag, integer } from './rows.ts'
import { sessions, users } from './schema.ts'
import {
  type CheckedAccount,
  decodeCheckedAccount,
  isEnabledAccount,
  selectCheckedAccountStatement,
} from './users.ts'

/** What a code is good for. */
export type CodePurpose = (typeof codePurposes)[number]

export const codePurposes = [
  ...(['reset_password', 'sign_in', 'verify_email', 'invitation'] as const),
  ...(['change_email', 'undo_email_change'] as const),
] as const

/** Long enough for a mailbox that is read once in a weekend. */
const undoLinkSeconds = 3 * 86_400

/** How long the link of a mail lives, in seconds. */
export function linkSecondsOf(
  purpose: CodePurpose,
  { codeSeconds, resetLinkSeconds }: CodeLifetimes,
): number {
  if (purpose === 'undo_email_change') return undoLinkSeconds
  return setsPassword(purpose) ? resetLinkSeconds : codeSeconds
}

function setsPassword(purpose: CodePurpose): boolean {
  return purpose === 'reset_password' || purpose === 'invitation'
}

/** What a client presents: the handle that it got, or the id of the code from a genuine link. */
export type PresentedCode =
  | { readonly handle: string; readonly codeId?: undefined }
  | { readonly codeId: string; readonly handle?: undefined }

/** The account of a code that may be used now. */
export interface FoundCode {
  readonly codeId: string
  readonly account: CheckedAccount
  /**
   * Whether who has set the password has asked for it, and the handle was presented: with a session
   * or with the password.
   */
  readonly isOfSession: boolean
  /** The email that the account gets with it; null: it keeps its own. */
  readonly newEmail: string | null
  /** The `seq` of its event. */
  readonly attemptSeq: number | undefined
}

/** How many wrong tries a handle has, and a link. */
const maxTries = 5
const daySeconds = 86_400

const codeRow = v.object({
  ...{ codeId: v.string(), isOfSession: flag },
  newEmail: v.nullable(v.string()),
})
const attemptedRow = v.object({ seq: integer })

/**
 * The account of a code, if the code may be used now. Counts a try of the handle, or of the link,
 * and finds nothing after five of them. So however many come at once, no more than five are
 * compared. A link does not count while its account is disabled. Records the attempt. Atomic; one
 * round trip.
 */
export async function findCode(
  database: Database,
  presented: PresentedCode,
  purpose: CodePurpose,
  entry: AuditEntry,
): Promise<FoundCode | undefined> {
  const isPresented = and(
    isOfPresented(presented),
    isUsable(purpose, presented.handle === undefined),
  )
  const isFound = and(isCounted, isPresented)
  const { code, account, attempted } = await runBatch(database, {
    counted: countTryStatement(presented),
    code: build
      .select({
        ...{ codeId: codes.id, isOfSession: isOfSession(presented) },
        newEmail: codes.newEmail,
      })
      .from(codes)
      .innerJoin(users, eq(users.id, codes.userId))
      .where(isFound),
    account: selectCheckedAccountStatement(isAccountOfCode(presented, isFound)),
    ...auditStatements('attempted', entry, {
      outcome: 'attempted',
      userId: sql`${users.id}`,
      of: {
        table: sql`${codes} INNER JOIN ${users} ON ${users.id} = ${codes.userId}`,
        where: isPresented,
      },
    }),
  })
  const [found] = decodeRows(codeRow, code)
  const checked = decodeCheckedAccount(account)
  const [recorded] = decodeRows(attemptedRow, attempted)
  return found && checked && { ...found, account: checked, attemptSeq: recorded?.seq }
}

/** Whether a try was counted just now. */
const isCounted = sql`changes() > 0`

/**
 * Counts a try of a handle. The id of the code counts those of its link, while the account is
 * enabled: an undo must be good again afterwards.
 */
function countTryStatement(presented: PresentedCode) {
  const { id, tries } = codeHandles
  const again = { tries: sql`${tries} + 1` }
  if (presented.handle !== undefined) {
    return build
      .update(codeHandles)
      .set(again)
      .where(and(eq(id, presented.handle), lt(tries, maxTries)))
  }
  const first = build
    .select({
      id: codes.id,
      codeId: sql<string>`${codes.id}`.as('code_id'),
      tries: sql<number>`1`.as('tries'),
      createdAt: databaseNow.as('created_at'),
      isOfSession: sql<boolean>`0`.as('is_of_session'),
    })
    .from(codes)
    .innerJoin(users, eq(users.id, codes.userId))
    .where(and(eq(codes.id, presented.codeId), isEnabledAccount))
  return build
    .insert(codeHandles)
    .select(first)
    .onConflictDoUpdate({ target: id, set: again, setWhere: lt(tries, maxTries) })
}

/** The condition on the row of an account. The first part finds the row by its id. */
function isAccountOfCode(presented: PresentedCode, isFound: SQL | undefined): SQL | undefined {
  const owner = build.select({ id: codes.userId }).from(codes).where(isOfPresented(presented))
  const found = build
    .select({ id: codes.id })
    .from(codes)
    .where(and(eq(codes.userId, users.id), isFound))
  return and(sql`${users.id} = (${owner})`, exists(found))
}

/** Whether who has set the password got the handle: 0 or 1. The link of a mail shows nothing. */
function isOfSession({ handle }: PresentedCode): SQL<number> {
  const { id, isOfSession } = codeHandles
  return sql<number>`EXISTS (SELECT 1 FROM ${codeHandles} WHERE ${id} = ${handle ?? ''} AND ${isOfSession})`
}

/** Gives a try back whose code was right. One round trip. */
export async function giveTryBack(
  database: Database,
  { handle, codeId }: PresentedCode,
): Promise<void> {
  const { id, tries } = codeHandles
  await runBatch(database, {
    given: build
      .update(codeHandles)
      .set({ tries: sql`max(0, ${tries} - 1)` })
      .where(eq(id, handle ?? codeId)),
  })
}

/**
 * Uses a code, if it may still be used: the first statement of the batch that does what it is for.
 * Of several at once exactly one changes a row.
 *
 * @param isLink whether it came as a link, which lives longer
 * @param condition a further condition on the account
 */
export function useCodeStatement(...which: Parameters<typeof mayUseCode>) {
  return build
    .update(codes)
    .set({ usedAt: databaseNow })
    .where(mayUseCode(...which))
}

/** The condition of `useCodeStatement` on the row of a code, for a statement before it. */
export function mayUseCode(
  codeId: string,
  purpose: CodePurpose,
  isLink: boolean,
  condition?: SQL,
): SQL | undefined {
  const account = build
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, codes.userId), isUsable(purpose, isLink), condition))
  return and(eq(codes.id, codeId), exists(account))
}

/** Deletes up to 1,000 codes that expired more than a day ago. Returns the same as `deleteRows`. */
export function deleteExpiredCodes(database: Database): Promise<number> {
  return deleteRows(database, codes.id, isLongAgo(codes.linkExpiresAt))
}

/** Deletes up to 1,000 handles whose codes have expired. Returns the same as `deleteRows`. */
export function deleteOldHandles(database: Database): Promise<number> {
  // Few codes live longer. Their handles stay as long as they do.
  return deleteRows(
    database,
    codeHandles.id,
    and(isLongAgo(codeHandles.createdAt, 3), not(exists(selectCodeOfHandle()))) as SQL,
  )
}

function selectCodeOfHandle() {
  return build.select({ id: codes.id }).from(codes).where(eq(codes.id, codeHandles.codeId))
}

function isLongAgo(column: SQLWrapper, days = 1): SQL {
  return sql`${column} < ${databaseNow} - ${days * daySeconds}`
}

function isOfPresented({ handle, codeId }: PresentedCode): SQL {
  if (codeId !== undefined) return eq(codes.id, codeId)
  const named = build
    .select({ codeId: codeHandles.codeId })
    .from(codeHandles)
    .where(eq(codeHandles.id, handle))
  return sql`${codes.id} = (${named})`
}

/**
 * The condition, where its account is joined, that a code is still bound to it. The account has the
 * email and the password of that time. The session that has asked for a change goes on. Only an
 * undo holds whatever a thief has changed since.
 */
export const isBound: SQL = sql`(${codes.purpose} = 'undo_email_change' OR (${and(
  eq(codes.address, users.emailNormalized),
  eq(codes.passwordVersion, users.passwordVersion),
  or(isNull(codes.sessionId), exists(selectAskingSession())),
)}))`

function selectAskingSession() {
  return build
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.id, codes.sessionId), isLiveSession))
}

/**
 * The condition that a code may be used now, where its account is joined: for this purpose, not
 * used, not expired, and still bound to the account, which is enabled.
 */
function isUsable(purpose: CodePurpose, isLink: boolean): SQL | undefined {
  const expiresAt = isLink ? codes.linkExpiresAt : codes.codeExpiresAt
  return and(
    ...[eq(codes.purpose, purpose), isNull(codes.usedAt), gt(expiresAt, databaseNow)],
    ...[isEnabledAccount, isBound],
  )
}
