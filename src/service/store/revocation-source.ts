// The database as a guard's revocation source, for a Worker that has access to it.

import { DatabaseUnavailable } from '../../errors/database-unavailable.ts'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { placesPerPage } from '../../token/feed-format.ts'
import type { RevocationSource } from '../../token/revocation-source.ts'
import { type Database, databaseRule } from './database.ts'
import { findRevokedIds, readFeed } from './revocation-feed.ts'

/**
 * Reads the revocations directly from the service's database. Each request is one round trip. With
 * replicas, it goes to the primary.
 *
 * @throws TypeError when `database` is not a database
 *
 * @example
 * ```ts
 * import { requireAccessToken } from 'portcullis'
 * import { createDatabaseSource, openRemoteDatabase } from 'portcullis/database'
 *
 * interface Bindings {
 *   readonly AUTH: Fetcher
 *   readonly TURSO_DATABASE_URL: string
 *   readonly TURSO_AUTH_TOKEN: string
 * }
 *
 * const guard = requireAccessToken({
 *   issuer: 'https://auth.example.com',
 *   audience: 'https://api.example.com',
 *   service: (env: Bindings) => env.AUTH,
 *   revocationSource: (env: Bindings) =>
 *     createDatabaseSource(
 *       openRemoteDatabase({ url: env.TURSO_DATABASE_URL, authToken: env.TURSO_AUTH_TOKEN }),
 *     ),
 * })
 * ```
 */
export function createDatabaseSource(database: Database): RevocationSource {
  const problem = databaseRule(database, {})
  if (problem) throw new TypeError(`database ${problem}.`)
  return {
    pull: (after) =>
      refuseOnOutage(async () => {
        const range = { from: after + 1, through: after + placesPerPage }
        const { state, chunks } = await readFeed(database, range)
        const through = Math.min(range.through, state.head)
        const rows = chunks.map((chunk) => chunk.rows)
        return { ...state, from: range.from, through, rows, ageMs: 0 }
      }),
    check: (ids) =>
      refuseOnOutage(async () => {
        const { nowMs, revoked } = await findRevokedIds(database, ids)
        return { nowMs, isRevoked: revoked.length > 0, revoked }
      }),
  }
}

async function refuseOnOutage<T>(ask: () => Promise<T>): Promise<Result<T, string>> {
  try {
    return succeed(await ask())
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) throw error
    return refuse(`The revocations cannot be read: ${error.message}.`)
  }
}
