// Revokes one access token, as rows. Revocations are never refused. When too many tokens of a
// session are revoked individually, the session ends (decision 23).

import { and, eq, isNull, not, sql } from 'drizzle-orm'
import { maxTokenLifetimeSeconds } from '../../token/token-lifetime.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import {
  endOfLife,
  isAnyRevoked,
  type Revocation,
  revocationColumns,
  revocationResultColumns,
  revocationRow,
  revokedAgainUpdate,
} from './revoked-tokens.ts'
import { decodeRows } from './rows.ts'
import { revokedTokens, sessions } from './schema.ts'
import type { CallerToken } from './users.ts'

/**
 * How many tokens of one session can be revoked within the lifetime of the first. The next
 * revocation ends the session.
 */
const maxTokenRevocations = 3

/**
 * Revokes one access token, unless it is revoked already. The fourth revocation in a session within
 * the lifetime of the first token ends the session, with all of its tokens. Records the success.
 * Atomic, idempotent; one round trip.
 *
 * @returns the revocation; undefined when the token was revoked already
 */
export async function insertTokenRevocation(
  database: Database,
  caller: CallerToken,
  tokenId: string,
  entry: AuditEntry,
): Promise<Revocation | undefined> {
  const { userId, sessionId } = caller
  const isGood = not(isAnyRevoked(caller.revocationIds))
  const { revoked } = await runBatch(database, {
    counted: build
      .update(sessions)
      .set(countedRevocationColumns(caller))
      .where(and(eq(sessions.id, sessionId), isNull(sessions.revokedAt), isGood)),
    revoked: insertTokenRevocationStatement(caller, tokenId),
    ...auditStatements('recorded', entry, {
      ...{ outcome: 'success', target: tokenId },
      ...{ userId, sessionId },
    }),
  })
  return decodeRows(revocationRow, revoked)[0]
}

const isCounting = sql`${databaseNow} < ${sessions.tokenRevocationsUntil}`
const isTooOften = sql`${isCounting} AND ${sessions.tokenRevocations} >= ${maxTokenRevocations}`

/** The count starts again when the token that started it has expired. */
function countedRevocationColumns(token: CallerToken) {
  const until = sql`min(${endOfLife(token)}, ${databaseNow} + ${maxTokenLifetimeSeconds})`
  return {
    tokenRevocations: sql`CASE WHEN ${isCounting} THEN ${sessions.tokenRevocations} + 1 ELSE 1 END`,
    tokenRevocationsUntil: sql`CASE WHEN ${isCounting} THEN ${sessions.tokenRevocationsUntil} ELSE ${until} END`,
    revokedAt: sql`CASE WHEN ${isTooOften} THEN ${databaseNow} END`,
    expiresAt: sql`CASE WHEN ${isTooOften} THEN min(${sessions.expiresAt}, ${databaseNow}) ELSE ${sessions.expiresAt} END`,
  }
}

/** Publishes the token, or its session if that has ended. The session does not need a row. */
function insertTokenRevocationStatement(token: CallerToken, tokenId: string) {
  const { sessionId, revocationIds } = token
  const isEnded = sql`${sessions.revokedAt} IS NOT NULL`
  const until = endOfLife(token)
  return build
    .insert(revokedTokens)
    .select(
      build
        .select(
          revocationColumns(
            sql`CASE WHEN ${isEnded} THEN ${sessions.id} ELSE ${tokenId} END`,
            sql`CASE WHEN ${isEnded} THEN max(${sessions.tokensExpireAt}, ${until}) ELSE ${until} END`,
          ),
        )
        .from(sql`(SELECT 1)`)
        .leftJoin(sessions, eq(sessions.id, sessionId))
        .where(not(isAnyRevoked(revocationIds))),
    )
    .onConflictDoUpdate(revokedAgainUpdate)
    .returning(revocationResultColumns)
}
