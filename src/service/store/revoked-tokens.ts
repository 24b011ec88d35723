// The set of revoked ids, as rows. An id is revoked while it has a row; rows go when every token
// that carries the id has long expired.

import { eq, exists, inArray, not, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { keepAfterExpirySeconds } from '../../token/feed-format.ts'
import { maxTokenLifetimeSeconds } from '../../token/token-lifetime.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { deleteRows } from './delete-rows.ts'
import { instant, integer } from './rows.ts'
import { revokedTokens } from './schema.ts'

/** An id that is in the set, and until when it is remembered, in seconds since 1970. */
export interface Revocation {
  readonly id: string
  readonly expiresAt: number
  /** In the order of revocations. */
  readonly place: number
}

/** In 2106: as long as a view can tell (revoked-ids.ts has minutes in 28 bits), and then some. */
const endOfTime = 2 ** 32 - 1

/** The columns that a statement which revokes returns, and its rows. */
export const revocationResultColumns = {
  id: revokedTokens.id,
  expiresAt: revokedTokens.expiresAt,
  place: revokedTokens.seq,
}
export const revocationRow = v.object({ id: v.string(), expiresAt: instant, place: integer })

/**
 * For an insert of an id that is there. Revoked again, it takes a new place in the order, so that
 * every verifier hears of it once more.
 */
export const revokedAgainUpdate = {
  target: revokedTokens.id,
  set: {
    seq: sql`excluded.seq`,
    expiresAt: sql`max(${revokedTokens.expiresAt}, excluded.expires_at)`,
  },
}

/**
 * The columns of a revocation, for an insert that selects. No row is kept longer than the greatest
 * lifetime of a token from now: whoever has a stolen key can write any expiry into a token.
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
 * When a token that is presented now is over, by the slower of two clocks: what it says, or as long
 * from now as the service thinks that it is valid.
 */
export function endOfLife(token: {
  readonly expiresAt: number
  readonly remainingSeconds: number
}): SQL {
  const { expiresAt, remainingSeconds } = token
  return sql`max(CAST(${expiresAt} AS INTEGER), ${databaseNow} + ${remainingSeconds})`
}

/**
 * The condition that a guard may still accept a token that expires at this moment: its clock may be
 * behind. Of tokens that are over everywhere, no revocation is needed.
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
 * The condition that a token is not revoked, for a statement of the handler's own (drizzle): so a
 * strict check costs no round trip beside the one that there is anyway. Where the database has
 * replicas, such a statement must go to the primary.
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
 * Revokes an id for ever, whatever it belongs to. Revoked again, it takes a new place in the order,
 * so that every verifier hears of it once more. Atomic, idempotent; one round trip.
 */
export async function insertLastingRevocation(database: Database, id: string): Promise<void> {
  await runBatch(database, { inserted: insertLastingRevocationStatement(id) })
}

/** Revokes an id for ever, in a batch. */
export function insertLastingRevocationStatement(id: string) {
  return build
    .insert(revokedTokens)
    .values({ id, revokedAt: databaseNow, expiresAt: endOfTime })
    .onConflictDoUpdate(revokedAgainUpdate)
}

/**
 * Deletes up to 1,000 rows whose tokens expired more than 300 s ago, by the database's clock. As
 * `deleteRows`.
 */
export function deleteExpiredRevocations(database: Database): Promise<number> {
  const { seq, expiresAt } = revokedTokens
  return deleteRows(database, seq, sql`${expiresAt} < ${databaseNow} - ${keepAfterExpirySeconds}`)
}
