// The rows of codes. A code is requested together with its mail, and used once. A wrong try is
// counted for the handle of the client that asks, so that nobody uses up the tries of another one.

import {
  and,
  eq,
  exists,
  gt,
  isNull,
  lt,
  not,
  notExists,
  type SQL,
  type SQLWrapper,
  sql,
} from 'drizzle-orm'
import * as v from 'valibot'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { deleteRows } from './delete-rows.ts'
import { codeHandles, codes } from './mail-schema.ts'
import { insertMailStatement, isMailable } from './outgoing-mail.ts'
import { decodeRows, instant, integer } from './rows.ts'
import { users } from './schema.ts'
import {
  type CheckedAccount,
  decodeCheckedAccount,
  isAccountOf,
  isEnabledAccount,
  selectCheckedAccountStatement,
} from './users.ts'

/** What a code is good for. It is also the kind of its mail. */
export type CodePurpose = 'reset_password' | 'sign_in'

/** A code that somebody asks for. */
export interface RequestedCode {
  readonly purpose: CodePurpose
  /** The spellings of the email: whose code it is. */
  readonly spellings: readonly string[]
  /** Fresh ids. */
  readonly codeId: string
  readonly handle: string
  readonly mailId: string
  readonly codeSeconds: number
  readonly linkSeconds: number
  /** Of the mail, if the account has none. */
  readonly language: string
  readonly entry: AuditEntry
}

/** What a client presents: the handle that it got, or the id of the code from a genuine link. */
export type PresentedCode =
  | { readonly handle: string; readonly codeId?: undefined }
  | { readonly codeId: string; readonly handle?: undefined }

/** The account of a code that may be used now. */
export interface FoundCode {
  readonly codeId: string
  readonly account: CheckedAccount
  /** When somebody last proved the email of the account. */
  readonly emailVerifiedAt: number | null
  /** The `seq` of its event. */
  readonly attemptSeq: number | undefined
}

/** How many wrong tries a handle has. */
const maxTries = 5
const daySeconds = 86_400

const codeRow = v.object({ codeId: v.string(), emailVerifiedAt: v.nullable(instant) })
const attemptedRow = v.object({ seq: integer })

/**
 * Queues a mail with a code for the account with this email, and gives the handle to the client. A
 * code that was requested within the first half of its life is mailed again. Does nothing if there
 * is no account, if it is disabled, or if it may get no mail now (`isMailable`). The answer does not
 * say which. Records the success. Atomic; one round trip.
 */
export async function requestCode(database: Database, asked: RequestedCode): Promise<void> {
  const { handle, purpose, codeId, mailId, entry } = asked
  const mayAsk = and(isAccountOf(asked.spellings), isEnabledAccount, isMailable)
  const recent = selectRecentCode(asked)
  const isHandled = eq(codeHandles.id, handle)
  await runBatch(database, {
    code: build.insert(codes).select(
      build
        .select({
          id: sql<string>`${codeId}`.as('id'),
          purpose: sql<string>`${purpose}`.as('purpose'),
          userId: users.id,
          address: users.emailNormalized,
          passwordVersion: users.passwordVersion,
          createdAt: databaseNow.as('created_at'),
          codeExpiresAt: sql<number>`${databaseNow} + ${asked.codeSeconds}`.as('code_expires_at'),
          linkExpiresAt: sql<number>`${databaseNow} + ${asked.linkSeconds}`.as('link_expires_at'),
          usedAt: sql<null>`NULL`.as('used_at'),
        })
        .from(users)
        .where(and(mayAsk, notExists(recent))),
    ),
    handle: build.insert(codeHandles).select(
      build
        .select({
          id: sql<string>`${handle}`.as('id'),
          codeId: sql<string>`(${recent})`.as('code_id'),
          tries: sql<number>`0`.as('tries'),
          createdAt: databaseNow.as('created_at'),
        })
        .from(users)
        .where(mayAsk),
    ),
    mail: insertMailStatement(
      { mailId, kind: purpose, language: asked.language },
      { codeId: sql`(SELECT ${codeHandles.codeId} FROM ${codeHandles} WHERE ${isHandled})` },
      and(isAccountOf(asked.spellings), sql`changes() > 0`),
    ),
    ...auditStatements('recorded', entry, {
      outcome: 'success',
      userId: sql`${users.id}`,
      of: { table: sql`${users}`, where: isAccountOf(asked.spellings) },
    }),
  })
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

/**
 * The account of a code, if the code may be used now. Counts a try of the handle, and finds nothing
 * after five of them. So however many come at once, no more than five are compared. Records the
 * attempt. Atomic; one round trip.
 */
export async function findCode(
  database: Database,
  presented: PresentedCode,
  purpose: CodePurpose,
  entry: AuditEntry,
): Promise<FoundCode | undefined> {
  const isCounted = presented.handle === undefined ? sql`1` : sql`changes() > 0`
  const isPresented = and(
    isOfPresented(presented),
    isUsable(purpose, presented.handle === undefined),
  )
  const isFound = and(isCounted, isPresented)
  const { code, account, attempted } = await runBatch(database, {
    counted: build
      .update(codeHandles)
      .set({ tries: sql`${codeHandles.tries} + 1` })
      .where(and(eq(codeHandles.id, presented.handle ?? ''), lt(codeHandles.tries, maxTries))),
    code: build
      .select({ codeId: codes.id, emailVerifiedAt: users.emailVerifiedAt })
      .from(codes)
      .innerJoin(users, eq(users.id, codes.userId))
      .where(isFound),
    account: selectCheckedAccountStatement(
      exists(
        build
          .select({ id: codes.id })
          .from(codes)
          .where(and(eq(codes.userId, users.id), isFound)),
      ),
    ),
    ...auditStatements('attempted', entry, {
      outcome: 'attempted',
      userId: sql`${users.id}`,
      condition: isCounted,
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

/** Gives a try back whose code was right. One round trip. */
export async function giveTryBack(database: Database, { handle }: PresentedCode): Promise<void> {
  if (handle === undefined) return
  const { id, tries } = codeHandles
  await runBatch(database, {
    given: build
      .update(codeHandles)
      .set({ tries: sql`max(0, ${tries} - 1)` })
      .where(eq(id, handle)),
  })
}

/**
 * Uses a code, if it may still be used: the first statement of the batch that does what it is for.
 * Of several at once exactly one changes a row.
 *
 * @param isLink whether it came as a link, which lives longer
 * @param condition a further condition on the account
 */
export function useCodeStatement(
  codeId: string,
  purpose: CodePurpose,
  isLink: boolean,
  condition?: SQL,
) {
  const account = build
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, codes.userId), isUsable(purpose, isLink), condition))
  return build
    .update(codes)
    .set({ usedAt: databaseNow })
    .where(and(eq(codes.id, codeId), exists(account)))
}

/** Deletes up to 1,000 codes that expired more than a day ago. Returns the same as `deleteRows`. */
export function deleteExpiredCodes(database: Database): Promise<number> {
  return deleteRows(database, codes.id, isLongAgo(codes.linkExpiresAt))
}

/** Deletes up to 1,000 handles whose codes have expired. Returns the same as `deleteRows`. */
export function deleteOldHandles(database: Database): Promise<number> {
  // A code lives for a day at most, and for another one if its mail is late.
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
 * The condition that a code may be used now, where its account is joined: for this purpose, not used,
 * not expired, and the account has the email and the password of that time.
 */
function isUsable(purpose: CodePurpose, isLink: boolean): SQL | undefined {
  const expiresAt = isLink ? codes.linkExpiresAt : codes.codeExpiresAt
  return and(
    ...[eq(codes.purpose, purpose), isNull(codes.usedAt), gt(expiresAt, databaseNow)],
    ...[eq(codes.address, users.emailNormalized), isEnabledAccount],
    eq(codes.passwordVersion, users.passwordVersion),
  )
}
