// The rows of the set of revoked ids. An id is revoked while it has a row. A row is deleted some
// time after every token with the id has expired.

import { eq, exists, inArray, not, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { keepAfterExpirySeconds } from '../../token/feed-format.ts'
import { maxTokenLifetimeSeconds } from '../../token/token-lifetime.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { deleteRows } from './delete-rows.ts'
import { instant, integer } from './rows.ts'
import { revokedTokens } from './schema.ts'

/** An id in the set, and until when the set keeps it, in seconds since 1970. */
export interface Revocation {
  readonly id: string
  readonly expiresAt: number
  /** Its place in the order of revocations. */
  readonly place: number
}

/** In the year 2106. A view can store this instant (revoked-ids.ts keeps minutes in 28 bits). */
const endOfTime = 2 ** 32 - 1

/** The columns that a revoking statement returns, and the shape of its rows. */
export const revocationResultColumns = {
  id: revokedTokens.id,
  expiresAt: revokedTokens.expiresAt,
  place: revokedTokens.seq,
}
export const revocationRow = v.object({ id: v.string(), expiresAt: instant, place: integer })

/**
 * For an insert of an id that is already in the set. The id gets a new place in the order, so that
 * every verifier receives it again.
 */
export const revokedAgainUpdate = {
  target: revokedTokens.id,
  set: {
    seq: sql`excluded.seq`,
    expiresAt: sql`max(${revokedTokens.expiresAt}, excluded.expires_at)`,
  },
}

/**
 * The columns of a revocation, for an insert that selects. A row expires at the latest after the
 * maximum token lifetime from now. The limit is necessary because an attacker with a stolen key can
 * write any expiry into a token.
 */
export function revocationColumns(id: SQLWrapper, tokensExpireAt: SQLWrapper) {
  const latest = sql`${databaseNow} + ${maxTokenLifetimeSeconds}`
  return {
    seq: sql`NULL`.as('seq'),
    id: sql<string>`${id}`.as('id'),
    revokedAt: databaseNow.as('revoked_at'),
    expiresAt: sql<number>`min(${tokensExpireAt}, ${latest})`.as('expires_at'),
  }
}

/**
 * When a token that is presented now ends, by the slower of two clocks. It is the later of two
 * instants: the token's `exp`, and the database's time plus `remainingSeconds`.
 */
export function endOfLife(token: {
  readonly expiresAt: number
  readonly remainingSeconds: number
}): SQL {
  const { expiresAt, remainingSeconds } = token
  return sql`max(CAST(${expiresAt} AS INTEGER), ${databaseNow} + ${remainingSeconds})`
}

/**
 * The condition that a guard may still accept a token with this expiry, because its clock may be
 * behind. Tokens that no guard accepts need no revocation.
 */
export function mayBeAccepted(tokensExpireAt: SQLWrapper): SQL {
  return sql`${tokensExpireAt} + ${keepAfterExpirySeconds} > ${databaseNow}`
}

/** The condition that the id in a column is revoked. */
export function isRevokedId(column: SQLWrapper): SQL {
  return exists(
    build.select({ id: revokedTokens.id }).from(revokedTokens).where(eq(revokedTokens.id, column)),
  )
}

/** The condition that any of the ids is revoked. */
export function isAnyRevoked(ids: readonly string[]): SQL {
  return exists(
    build
      .select({ id: revokedTokens.id })
      .from(revokedTokens)
      .where(inArray(revokedTokens.id, [...ids])),
  )
}

/**
 * The condition that a token is not revoked, for the handler's own drizzle statement. So a strict
 * check adds no round trip. Signature and expiry are the guard's part. If the database has
 * replicas, the statement must go to the primary.
 *
 * @example
 * ```ts
 * import { type SQL, sql } from 'drizzle-orm'
 * import type { Authentication } from 'portcullis'
 * import { isTokenLive } from 'portcullis/database'
 *
 * const selectNotes = (auth: Authentication): SQL =>
 *   sql`SELECT text FROM notes WHERE owner = ${auth.subject} AND ${isTokenLive(auth)}`
 * ```
 */
export function isTokenLive({ revocationIds }: { readonly revocationIds: readonly string[] }): SQL {
  return not(isAnyRevoked(revocationIds))
}

/**
 * Revokes an id of any kind forever, which is until the year 2106. An id that is already revoked
 * gets a new place in the order, so that every verifier receives it again. Records it, with the
 * target. Atomic, idempotent; one round trip.
 */
export async function insertLastingRevocation(
  database: Database,
  id: string,
  entry: AuditEntry,
  target: string,
): Promise<void> {
  await runBatch(database, {
    inserted: insertLastingRevocationStatement(id),
    ...auditStatements('recorded', entry, { outcome: 'success', target }),
  })
}

/** Revokes an id forever, in a batch. */
export function insertLastingRevocationStatement(id: string) {
  return build
    .insert(revokedTokens)
    .values({ id, revokedAt: databaseNow, expiresAt: endOfTime })
    .onConflictDoUpdate(revokedAgainUpdate)
}

/**
 * Deletes up to 1,000 rows whose tokens expired more than 300 s ago, by the database's clock.
 * Returns the same as `deleteRows`.
 */
export function deleteExpiredRevocations(database: Database): Promise<number> {
  const { seq, expiresAt } = revokedTokens
  return deleteRows(database, seq, sql`${expiresAt} < ${databaseNow} - ${keepAfterExpirySeconds}`)
}
