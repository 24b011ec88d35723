// What is written into a database after a backup was restored.

import { eq, notExists, sql } from 'drizzle-orm'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { build, type Database, runBatch } from './database.ts'
import { insertLastingRevocationStatement } from './revoked-tokens.ts'
import { feedState } from './schema.ts'

/** SQLite's own table: the highest ids that AUTOINCREMENT has given. */
const sequences = sqliteTable('sqlite_sequence', {
  name: text('name').notNull(),
  seq: integer('seq').notNull(),
})
const isOfUsers = eq(sequences.name, 'portcullis_users')

/** More accounts than were registered since the backup was made, as far as anybody can tell. */
const userIdsSkipped = 1_000_000

/**
 * Gives the history of revocations a new epoch, and revokes the ids for ever. Accounts that the
 * backup has forgotten had ids, which APIs may have kept data by: so many are skipped that no new
 * account gets one of them. Atomic; one round trip. Done again, it gives another epoch, and skips
 * ids again.
 *
 * @throws DatabaseUnavailable
 */
export async function updateEpochAndRevoke(
  database: Database,
  ids: readonly string[],
): Promise<void> {
  await runBatch(database, {
    epoch: build
      .update(feedState)
      .set({ epoch: sql`lower(hex(randomblob(12)))` })
      .where(eq(feedState.id, 1)),
    // There is none before the first account.
    sequence: build.insert(sequences).select(
      build
        .select({ name: sql<string>`'portcullis_users'`.as('name'), seq: sql<number>`0`.as('seq') })
        .from(sql`(SELECT 1)`)
        .where(notExists(build.select({ seq: sequences.seq }).from(sequences).where(isOfUsers))),
    ),
    skipped: build
      .update(sequences)
      .set({ seq: sql`${sequences.seq} + ${userIdsSkipped}` })
      .where(isOfUsers),
    ...Object.fromEntries(
      ids.map((id, at) => [`revoked${at}`, insertLastingRevocationStatement(id)]),
    ),
  })
}
