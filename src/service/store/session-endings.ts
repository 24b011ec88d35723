// Ends sessions, as rows: by their own token, by another token of the same account, or by expiry.
// The file account-endings.ts ends all sessions of an account at once. A session that ends early is
// published in the same batch. It stays published until its last access token has expired.

import { and, eq, gt, isNull, lt, not, or, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type Result, type RevocationReason, refuse, succeed } from '../../errors/reasons.ts'
import { type AuditEntry, auditStatements, sessionEventStatements } from './audit-events.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { deleteRows } from './delete-rows.ts'
import {
  endOfLife,
  isRevokedId,
  mayBeAccepted,
  type Revocation,
  revocationColumns,
  revocationResultColumns,
  revocationRow,
  revokedAgainUpdate,
} from './revoked-tokens.ts'
import { decodeRow, decodeRows, flag } from './rows.ts'
import { revokedTokens, sessions, users } from './schema.ts'
import {
  type CallerToken,
  decodeAccountByToken,
  hasUnrevokedIds,
  isRevokedToken,
  mayActForAccount,
  selectAccountByTokenStatement,
} from './users.ts'

/** The columns of a session that ends early, for an update. */
export const endedColumns = {
  revokedAt: databaseNow,
  expiresAt: sql<number>`min(${sessions.expiresAt}, ${databaseNow})`,
}

/** How long a session is kept after its end. A late client then gets the reason why it ended. */
const keepAfterEndSeconds = 86_400
const revokedRow = v.object({ isRevoked: flag })

/**
 * Ends the session of the caller's token, and revokes it even if the token has expired. Exactly one
 * of several concurrent calls ends it. Refuses the others with 'token_revoked'. Refuses with
 * 'account_gone' when the account does not exist, or is disabled. Records the success. Atomic; one
 * round trip.
 *
 * @returns the revocation
 */
export async function endOwnSession(
  database: Database,
  caller: CallerToken,
  entry: AuditEntry,
): Promise<Result<Revocation | undefined, RevocationReason>> {
  const { userId, sessionId } = caller
  const isTheirs = and(eq(sessions.id, sessionId), eq(sessions.userId, userId))
  const { ended, revoked, found } = await runBatch(database, {
    ended: build
      .update(sessions)
      .set(endedColumns)
      .where(and(isTheirs, isNull(sessions.revokedAt), mayActForAccount(caller)))
      .returning({ sessionId: sessions.id }),
    // It revokes whatever is ended, and sessions without a row.
    revoked: insertOwnEndingRevocationStatement(caller),
    ...auditStatements('recorded', entry, { outcome: 'success', userId, sessionId }),
    found: build
      .select({ isRevoked: sql<number>`${isRevokedToken(caller)}` })
      .from(sql`(SELECT 1)`)
      .leftJoin(users, eq(users.id, userId)),
  })
  const [revocation] = decodeRows(revocationRow, revoked)
  if (ended.length > 0 || revocation) return succeed(revocation)
  const { isRevoked } = decodeRow(revokedRow, found)
  return refuse(isRevoked ? 'token_revoked' : 'account_gone')
}

/**
 * Ends a living session of the caller's account. It may be the caller's own session. Refuses like
 * `endOwnSession`, and with 'session_unknown' when the account has no such living session. Records
 * the success. Atomic; one round trip.
 *
 * @returns the revocation; undefined when every access token of the session has expired
 */
export async function endSessionOfAccount(
  database: Database,
  caller: CallerToken,
  sessionId: string,
  entry: AuditEntry,
): Promise<Result<Revocation | undefined, RevocationReason | 'session_unknown'>> {
  const { userId } = caller
  const isTheirs = and(eq(sessions.id, sessionId), eq(sessions.userId, userId))
  const { ended, revoked, found } = await runBatch(database, {
    ended: build
      .update(sessions)
      .set(endedColumns)
      .where(and(isTheirs, isEndableSession, mayActForAccount(caller)))
      .returning({ sessionId: sessions.id }),
    ...auditStatements('recorded', entry, {
      ...{ outcome: 'success', target: sessionId },
      ...{ userId, sessionId: caller.sessionId },
    }),
    revoked: insertEndingRevocationStatement(sessionId),
    found: selectAccountByTokenStatement(caller),
  })
  if (ended.length > 0) return succeed(decodeRows(revocationRow, revoked)[0])
  const account = decodeAccountByToken(found)
  return account.ok ? refuse('session_unknown') : account
}

/**
 * Ends a living session by its refresh token, and records it. Atomic, idempotent; one round trip.
 *
 * @returns whether the call ended a session, and the revocation, unless all of its access tokens
 * have expired
 */
export async function endSessionOfRefreshToken(
  database: Database,
  sessionId: string,
  entry: AuditEntry,
): Promise<{ readonly isEnded: boolean; readonly revocation: Revocation | undefined }> {
  const { ended, revoked } = await runBatch(database, {
    ended: build
      .update(sessions)
      .set(endedColumns)
      .where(and(eq(sessions.id, sessionId), isEndableSession))
      .returning({ sessionId: sessions.id }),
    ...sessionEventStatements(entry, sessionId, 'success'),
    revoked: insertEndingRevocationStatement(sessionId),
  })
  const [revocation] = decodeRows(revocationRow, revoked)
  return { isEnded: ended.length > 0, revocation }
}

/**
 * The condition that a session is not revoked, and that it lives or its access tokens may still be
 * accepted.
 */
const isEndableSession = and(
  isNull(sessions.revokedAt),
  not(isRevokedId(sessions.id)),
  or(gt(sessions.expiresAt, databaseNow), mayBeAccepted(sessions.tokensExpireAt)),
)

/**
 * Revokes the access tokens of the session that the previous statement has ended. Does nothing if
 * that statement ended none, or if no access token may still be accepted.
 */
export function insertEndingRevocationStatement(sessionId: string) {
  const { tokensExpireAt } = sessions
  return build
    .insert(revokedTokens)
    .select(
      build
        .select(revocationColumns(sessions.id, tokensExpireAt))
        .from(sessions)
        .where(and(eq(sessions.id, sessionId), sql`changes() = 1`, mayBeAccepted(tokensExpireAt))),
    )
    .onConflictDoUpdate(revokedAgainUpdate)
    .returning(revocationResultColumns)
}

/**
 * Deletes up to 1,000 sessions that ended more than a day ago, by the database's clock. Returns the
 * same as `deleteRows`.
 */
export function deleteEndedSessions(database: Database): Promise<number> {
  const endedBefore = sql`${databaseNow} - ${keepAfterEndSeconds}`
  return deleteRows(database, sessions.id, lt(sessions.expiresAt, endedBefore))
}

/**
 * Revokes the session of the caller's token, even without a row: versions before 0.4 inserted none.
 * The token may still be valid by a clock other than the database's.
 */
function insertOwnEndingRevocationStatement(caller: CallerToken) {
  const { userId, sessionId } = caller
  const tokensExpireAt = sql`max(${endOfLife(caller)}, coalesce(${sessions.tokensExpireAt}, 0))`
  return build
    .insert(revokedTokens)
    .select(
      build
        .select(revocationColumns(sql`${sessionId}`, tokensExpireAt))
        .from(users)
        .leftJoin(sessions, and(eq(sessions.id, sessionId), eq(sessions.userId, users.id)))
        .where(and(eq(users.id, userId), hasUnrevokedIds(caller))),
    )
    .returning(revocationResultColumns)
}
