// What is written to the database after a backup was restored.

import { eq, notExists, sql } from 'drizzle-orm'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { build, type Database, runBatch } from './database.ts'
import {
  insertLastingRevocationStatement,
  mayBeAccepted,
  revocationColumns,
  revokedAgainUpdate,
} from './revoked-tokens.ts'
import { feedState, revokedTokens, sessions, users } from './schema.ts'

/** SQLite's own table: the highest ids that AUTOINCREMENT has assigned. */
const sequences = sqliteTable('sqlite_sequence', {
  name: text('name').notNull(),
  seq: integer('seq').notNull(),
})
const isOfUsers = eq(sequences.name, 'portcullis_users')

/** An estimate that is higher than the number of accounts that were registered since the backup. */
const userIdsSkipped = 1_000_000

const randomCharacter = sql`substr('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', (random() & 63) + 1, 1)`
/** An opaque id for each row, like those of `createRandomId`: six random bits per character. */
const randomId = sql.join(
  Array.from({ length: 16 }, () => randomCharacter),
  sql` || `,
)

/**
 * Gives the history of revocations a new epoch, and revokes the ids forever. Every account gets a
 * fresh generation. The old one may have been revoked after the backup, and running guards know
 * that. Accounts that are missing in the backup had ids, and APIs may have stored data under those
 * ids. So 1,000,000 ids are skipped, and no new account gets one of them. Atomic; one round trip. A
 * second call does all of this again. Records it, with the target.
 *
 * @throws DatabaseUnavailable
 */
export async function updateEpochAndRevoke(
  database: Database,
  ids: readonly string[],
  entry: AuditEntry,
  target: string,
): Promise<void> {
  await runBatch(database, {
    epoch: build
      .update(feedState)
      .set({ epoch: sql`lower(hex(randomblob(12)))` })
      .where(eq(feedState.id, 1)),
    ...auditStatements('recorded', entry, { outcome: 'success', target }),
    // The row of the sequence does not exist before the first account.
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
    // A token that was issued after the restore must not survive a later logout everywhere.
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
