// The set of revoked ids, as rows. An id is revoked while it has a row; rows go when every token
// that carries the id has long expired.

import { and, eq, exists, inArray, isNull, not, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { decodeRow, decodeRows, flag } from './rows.ts'
import { revokedTokens, users } from './schema.ts'

/** What becomes of an attempt to revoke. */
export type RevocationOutcome = 'revoked' | 'already_revoked' | 'account_gone'

export interface SessionRevocation {
  readonly sessionId: string
  readonly userId: number
  /** Of the token that asks: if any of them is revoked already, it has no say. */
  readonly revocationIds: readonly string[]
  /** When the token that asks expires, in seconds since 1970. */
  readonly tokenExpiresAt: number
  /** The longest lifetime that an access token of the session may still have. */
  readonly longestLifetimeSeconds: number
}

/** How long rows stay after the last token's expiry, for verifiers whose clocks are behind. */
const keepAfterExpirySeconds = 300
/** Rows per delete: a writer must not hold up the others for long. */
export const maxRowsPerDelete = 1_000

const revokedRow = v.object({ isRevoked: flag })

/** The condition that any of the ids is revoked. */
export function anyRevoked(ids: readonly string[]): SQL {
  return exists(
    build
      .select({ id: revokedTokens.id })
      .from(revokedTokens)
      .where(inArray(revokedTokens.id, [...ids])),
  )
}

/**
 * Revokes a session, if the token that asks is not revoked and its account is there: exactly one of
 * several concurrent calls is told 'revoked'. Atomic; one round trip.
 */
export async function insertSessionRevocation(
  database: Database,
  revocation: SessionRevocation,
): Promise<RevocationOutcome> {
  const [inserted, found] = await runBatch(database, [
    insertRevocation(revocation),
    // By now the session is revoked whoever won; without an inserted row it tells "revoked before"
    // from "no such account".
    build
      .select({ isRevoked: sql<number>`${anyRevoked(revocation.revocationIds)}` })
      .from(sql`(SELECT 1)`),
  ])
  const ownRow = v.object({ id: v.literal(revocation.sessionId) })
  if (decodeRows(ownRow, inserted).length > 0) return 'revoked'
  return decodeRow(revokedRow, found).isRevoked ? 'already_revoked' : 'account_gone'
}

/**
 * Deletes up to 1,000 rows whose tokens expired more than 300 s ago, by the database's clock. One
 * round trip.
 *
 * @returns how many were deleted; fewer than `maxRowsPerDelete` means that none are left
 */
export async function deleteExpiredRevocations(database: Database): Promise<number> {
  const expired = build
    .select({ seq: revokedTokens.seq })
    .from(revokedTokens)
    .where(sql`${revokedTokens.expiresAt} < ${databaseNow} - ${keepAfterExpirySeconds}`)
    .limit(maxRowsPerDelete)
  const [{ rowsAffected }] = await runBatch(database, [
    build.delete(revokedTokens).where(inArray(revokedTokens.seq, expired)),
  ])
  return rowsAffected
}

/** Inserts nothing where any of the token's ids, its session's among them, is revoked already. */
function insertRevocation(revocation: SessionRevocation) {
  const { sessionId, userId, revocationIds, tokenExpiresAt, longestLifetimeSeconds } = revocation
  return build
    .insert(revokedTokens)
    .select(
      build
        .select({
          seq: sql`NULL`.as('seq'),
          id: sql`${sessionId}`.as('id'),
          revokedAt: databaseNow.as('revoked_at'),
          expiresAt: sql`max(${tokenExpiresAt}, ${databaseNow} + ${longestLifetimeSeconds})`.as(
            'expires_at',
          ),
        })
        .from(users)
        .where(and(eq(users.id, userId), isNull(users.disabledAt), not(anyRevoked(revocationIds)))),
    )
    .returning({ id: revokedTokens.id })
}
