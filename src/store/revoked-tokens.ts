// The set of revoked ids, as rows. An id is revoked while it has a row; rows go when every token
// that carries the id has long expired.

import { and, eq, exists, inArray, isNull, not, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { keepAfterExpirySeconds } from '../revocation/feed-format.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { decodeRow, decodeRows, flag, instant } from './rows.ts'
import { revokedTokens, users } from './schema.ts'

/** An id that is in the set, and until when it is remembered, in seconds since 1970. */
export interface Revocation {
  readonly id: string
  readonly expiresAt: number
}

/** What becomes of an attempt to revoke. */
export type RevocationOutcome = Revocation | 'already_revoked' | 'account_gone'

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

/** In 2106: as long as a view can tell (revoked-ids.ts has minutes in 28 bits), and then some. */
const endOfTime = 2 ** 32 - 1
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
 * The condition that a token is not revoked, for a statement of the handler's own (drizzle): so a
 * strict check costs no round trip beside the one that there is anyway. Where the database has
 * replicas, such a statement must go to the primary.
 *
 * @example
 * ```ts
 * import { type SQL, sql } from 'drizzle-orm'
 * import type { Authentication } from 'portcullis'
 * import { liveToken } from 'portcullis/database'
 *
 * const selectNotes = (auth: Authentication): SQL =>
 *   sql`SELECT text FROM notes WHERE owner = ${auth.subject} AND ${liveToken(auth)}`
 * ```
 */
export function liveToken({ revocationIds }: { readonly revocationIds: readonly string[] }): SQL {
  return not(anyRevoked(revocationIds))
}

/**
 * Revokes a session, if the token that asks is not revoked and its account is there: exactly one of
 * several concurrent calls gets the revocation. Atomic; one round trip.
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
  const ownRow = v.object({ id: v.literal(revocation.sessionId), expiresAt: instant })
  const [own] = decodeRows(ownRow, inserted)
  if (own) return own
  return decodeRow(revokedRow, found).isRevoked ? 'already_revoked' : 'account_gone'
}

/**
 * Revokes an id for ever, whatever it belongs to. Revoked again, it takes a new place in the order,
 * so that every verifier hears of it once more. Atomic, idempotent; one round trip.
 */
export async function insertLastingRevocation(database: Database, id: string): Promise<void> {
  await runBatch(database, [
    build
      .insert(revokedTokens)
      .values({ id, revokedAt: databaseNow, expiresAt: endOfTime })
      .onConflictDoUpdate({
        target: revokedTokens.id,
        set: {
          seq: sql`excluded.seq`,
          expiresAt: sql`max(${revokedTokens.expiresAt}, excluded.expires_at)`,
        },
      }),
  ])
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
    .returning({ id: revokedTokens.id, expiresAt: revokedTokens.expiresAt })
}
