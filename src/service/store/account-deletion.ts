// An account whose owner wants it deleted, as rows. It is deleted some days later, unless its owner
// logs in before. All sessions end at once. due-deletions.ts deletes the accounts whose time has
// come.

import {
  and,
  eq,
  exists,
  inArray,
  isNull,
  max,
  not,
  notExists,
  or,
  type SQL,
  sql,
} from 'drizzle-orm'
import * as v from 'valibot'
import { type Result, type RevocationReason, refuse, succeed } from '../../errors/reasons.ts'
import {
  insertGenerationRevocationStatement,
  updateEndedSessionsStatement,
} from './account-endings.ts'
import { type AuditEntry, auditStatements, deleteDetailsStatement } from './audit-events.ts'
import { type Answers, build, type Database, databaseNow, runBatch } from './database.ts'
import { isFreshLogin } from './fresh-login.ts'
import { isLiveSession } from './live-session.ts'
import { codeHandles, codes, outgoingMail, suppressedAddresses } from './mail-schema.ts'
import { type Notice, noticeStatements } from './outgoing-mail.ts'
import { type Revocation, revocationRow } from './revoked-tokens.ts'
import { decodeRows, flag, instant } from './rows.ts'
import { sessions, users } from './schema.ts'
import type { Rotation } from './session-rotation.ts'
import {
  type CallerToken,
  decodeAccountByToken,
  mayActForAccount,
  selectAccountByTokenStatement,
} from './users.ts'

/** What its owner asks for. */
export interface AskedDeletion {
  /** How long the account stays. 0 deletes it at once, unless its email can be taken back. */
  readonly days: number
  /** A fresh generation. It replaces the revoked one. */
  readonly tokenGeneration: string
  /** How long ago the login may be, in seconds. */
  readonly maxAgeSeconds: number
  /** The refresh token of the caller's session. It is part of the proof, and is not exchanged. */
  readonly rotation: Rotation
  /** The mail that tells the owner, if the service sends mail and the account stays for now. */
  readonly notice: Notice | undefined
  readonly entry: AuditEntry
}

/** The deletion that is planned, or done. */
export interface PlannedDeletion {
  readonly revocation: Revocation
  /** In seconds since 1970. Undefined: it is done. */
  readonly deletionDueAt: number | undefined
}

const daySeconds = 86_400
const plannedRow = v.object({ deletionDueAt: instant })
const stateRow = v.object({ isFresh: flag })

/**
 * Plans the deletion of the caller's account, or deletes it. Its generation is revoked and
 * replaced, and all of its sessions end. Exactly one of several concurrent calls succeeds. The
 * others are refused with 'token_revoked'. Refuses with 'account_gone' when the account does not
 * exist, or is disabled. Refuses with 'login_not_fresh' as `updatePassword`. A refusal changes
 * nothing. Records the success. Atomic; one round trip.
 */
export async function planDeletion(
  database: Database,
  caller: CallerToken,
  asked: AskedDeletion,
): Promise<Result<PlannedDeletion, RevocationReason | 'login_not_fresh'>> {
  const whose = and(eq(users.id, caller.userId), eq(users.tokenGeneration, asked.tokenGeneration))
  const isDue = sql`${users.deletionDueAt} <= ${databaseNow}`
  const { deleted, ...planned } = await runBatch(database, {
    ...planningStatements(caller, asked),
    ...deletionStatements(and(whose, isDue)),
  })
  return decodePlan(planned, deleted.length > 0)
}

function planningStatements(caller: CallerToken, asked: AskedDeletion) {
  const { tokenGeneration, days, entry } = asked
  const { userId, sessionId } = caller
  const whose = eq(users.id, userId)
  const isFresh = isFreshLogin(asked.maxAgeSeconds, asked.rotation)
  const isTheirs = and(eq(sessions.id, sessionId), eq(sessions.userId, userId), isLiveSession)
  const fresh = build.select({ id: sessions.id }).from(sessions).where(and(isTheirs, isFresh))
  return {
    // What the state was before the batch ends the session.
    state: build
      .select({ isFresh: sql<number>`${isFresh}` })
      .from(sessions)
      .where(isTheirs),
    found: selectAccountByTokenStatement(caller),
    revoked: insertGenerationRevocationStatement(
      and(whose, mayActForAccount(caller), exists(fresh)),
    ),
    // Only right after a revocation by this batch.
    planned: build
      .update(users)
      .set({ tokenGeneration, deletionDueAt: dueAfter(days) })
      .where(and(whose, sql`changes() > 0`))
      .returning({ deletionDueAt: users.deletionDueAt }),
    ...auditStatements('recorded', entry, { outcome: 'success', userId, sessionId }),
    ended: updateEndedSessionsStatement(whose, tokenGeneration),
    ...noticeStatements(
      asked.notice,
      and(whose, eq(users.tokenGeneration, tokenGeneration)),
      'deletion_planned',
    ),
  }
}

/**
 * The time after so many days, and not before a change of the email can no longer be taken back.
 */
function dueAfter(days: number): SQL<number> {
  const lastUndo = build
    .select({ at: max(codes.linkExpiresAt) })
    .from(codes)
    .where(
      and(
        ...[eq(codes.userId, users.id), eq(codes.purpose, 'undo_email_change')],
        isNull(codes.usedAt),
      ),
    )
  return sql`max(${databaseNow} + ${days * daySeconds}, coalesce((${lastUndo}), 0))`
}

function decodePlan(
  {
    state,
    found,
    revoked,
    planned,
  }: Pick<
    Answers<ReturnType<typeof planningStatements>>,
    'state' | 'found' | 'revoked' | 'planned'
  >,
  isDone: boolean,
): Result<PlannedDeletion, RevocationReason | 'login_not_fresh'> {
  const [revocation] = decodeRows(revocationRow, revoked)
  const [plan] = decodeRows(plannedRow, planned)
  if (revocation && plan) {
    return succeed({ revocation, deletionDueAt: isDone ? undefined : plan.deletionDueAt })
  }
  const account = decodeAccountByToken(found)
  if (!account.ok) return account
  const [session] = decodeRows(stateRow, state)
  return refuse(session ? 'login_not_fresh' : 'token_revoked')
}

/**
 * The statements that delete the accounts which the condition selects, with everything personal.
 * The revocations and the events stay. Mail of the last hour is not sent, and stays for a day.
 * Otherwise a new account could have five more mails sent to the same email. The condition must not
 * change during the batch.
 */
export function deletionStatements(whose: SQL | undefined) {
  const accounts = build.select({ id: users.id }).from(users).where(whose)
  const theirCodes = build
    .select({ id: codes.id })
    .from(codes)
    .where(inArray(codes.userId, accounts))
  const isTheirMail = inArray(outgoingMail.userId, accounts)
  const isRecent = sql`${outgoingMail.createdAt} > ${databaseNow} - 3600`
  const addresses = build.select({ recipient: users.emailNormalized }).from(users).where(whose)
  // A new email that was refused, and is nobody's.
  const others = build
    .select({ recipient: outgoingMail.recipient })
    .from(outgoingMail)
    .where(and(isTheirMail, notExists(selectAccountOfMail())))
  return {
    details: deleteDetailsStatement(sql`${accounts}`),
    // Not left to ON DELETE CASCADE: whether foreign keys count is a setting of the connection.
    sessions: build.delete(sessions).where(inArray(sessions.userId, accounts)),
    handles: build.delete(codeHandles).where(inArray(codeHandles.codeId, theirCodes)),
    codes: build.delete(codes).where(inArray(codes.userId, accounts)),
    // Before the mail, which tells whose suppressions they are.
    suppressed: build
      .delete(suppressedAddresses)
      .where(
        or(
          inArray(suppressedAddresses.recipient, addresses),
          inArray(suppressedAddresses.recipient, others),
        ),
      ),
    mail: build.delete(outgoingMail).where(and(isTheirMail, not(isRecent))),
    unsent: build.update(outgoingMail).set({ nextTryAt: null, device: null }).where(isTheirMail),
    deleted: build.delete(users).where(whose).returning({ userId: users.id }),
  }
}

function selectAccountOfMail() {
  return build
    .select({ id: users.id })
    .from(users)
    .where(eq(users.emailNormalized, outgoingMail.recipient))
}
