// What is written into a database after a backup was restored.

import { eq, notExists, sql } from 'drizzle-orm'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { build, type Database, runBatch } from './database.ts'
import {
  insertLastingRevocationStatement,
  mayBeAccepted,
  revocationColumns,
  revokedAgainUpdate,
} from './revoked-tokens.ts'
import { feedState, revokedTokens, sessions, users } from './schema.ts'

/** SQLite's own table: the highest ids that AUTOINCREMENT has given. */
const sequences = sqliteTable('sqlite_sequence', {
  name: text('name').notNull(),
  seq: integer('seq').notNull(),
})
const isOfUsers = eq(sequences.name, 'portcullis_users')

/** More accounts than were registered since the backup was made, as far as anybody can tell. */
const userIdsSkipped = 1_000_000

const randomCharacter = sql`substr('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', (random() & 63) + 1, 1)`
/** An opaque id for each row, as `createRandomId` makes them: six random bits a character. */
const randomId = sql.join(
  Array.from({ length: 16 }, () => randomCharacter),
  sql` || `,
)

/**
 * Gives the history of revocations a new epoch, and revokes the ids for ever. Every account gets a
 * fresh generation: the one of the backup may be revoked since, and running guards know that.
 * Accounts that the backup has forgotten had ids, which APIs may have kept data by: so many are
 * skipped that no new account gets one of them. Atomic; one round trip. Done again, it does all of
 * that again.
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
    // A token that was issued since the restore must not survive a later logout everywhere.
    generationsRevoked: build
      .insert(revokedTokens)
      .select(
        build
          .select(revocationColumns(users.tokenGeneration, sql`max(${sessions.tokensExpireAt})`))
          .from(sessions)
          .innerJoin(users, eq(users.id, sessions.userId))
          .where(mayBeAccepted(sessions.tokensExpireAt))
          .groupBy(users.tokenGeneration),
      )
      .onConflictDoUpdate(revokedAgainUpdate),
    generationsReplaced: build.update(users).set({ tokenGeneration: randomId }),
    ...Object.fromEntries(
      ids.map((id, at) => [`revoked${at}`, insertLastingRevocationStatement(id)]),
    ),
  })
}
