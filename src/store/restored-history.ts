// What is written into a database after a backup was restored.

import { eq, sql } from 'drizzle-orm'
import { build, type Database, runBatch } from './database.ts'
import { lastingRevocationStatement } from './revoked-tokens.ts'
import { feedState } from './schema.ts'

/**
 * Gives the history of revocations a new epoch, and revokes the ids for ever. Atomic; one round
 * trip. Done again, it gives another epoch.
 *
 * @throws DatabaseUnavailable
 */
export async function updateEpochAndRevoke(
  database: Database,
  ids: readonly string[],
): Promise<void> {
  await runBatch(database, [
    build
      .update(feedState)
      .set({ epoch: sql`lower(hex(randomblob(12)))` })
      .where(eq(feedState.id, 1)),
    ...ids.map(lastingRevocationStatement),
  ])
}
