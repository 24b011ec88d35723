// The tables, as drizzle knows them. Migrations are generated from here and read by hand
// (docs/storage.md). Every name carries the prefix, so that the tables can live beside an
// application's own. Times are the database's: seconds since 1970.

import { sql } from 'drizzle-orm'
import { check, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Accounts. */
export const users = sqliteTable(
  'portcullis_users',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    /** As typed: trimmed and NFC. */
    email: text('email').notNull(),
    /** What emails are compared by: lower-cased. */
    emailNormalized: text('email_normalized').notNull().unique(),
    passwordHash: text('password_hash').notNull(),
    admin: integer('admin', { mode: 'boolean' }).notNull().default(false),
    /** In every token of the user; revoking it revokes all of them. */
    tokenGeneration: text('token_generation').notNull(),
    disabledAt: integer('disabled_at'),
    registeredAt: integer('registered_at').notNull(),
  },
  (table) => [
    check('portcullis_users_admin', sql`${table.admin} IN (0, 1)`),
    check('portcullis_users_token_generation', sql`length(${table.tokenGeneration}) = 16`),
  ],
)

/** The set of revoked ids: of tokens, sessions, generations and keys. Nothing in it says who. */
export const revokedTokens = sqliteTable(
  'portcullis_revoked_tokens',
  {
    /** The order of revocation, which is the order of commits; never used twice. */
    seq: integer('seq').primaryKey({ autoIncrement: true }),
    id: text('id').notNull().unique(),
    revokedAt: integer('revoked_at').notNull(),
    /** When the last token that carries the id has expired. */
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [
    index('portcullis_revoked_tokens_expires_at').on(table.expiresAt),
    check('portcullis_revoked_tokens_id', sql`length(${table.id}) = 16`),
  ],
)

/** One row: which history of `revokedTokens` this is. A restored database gets a new epoch. */
export const feedState = sqliteTable(
  'portcullis_feed_state',
  {
    id: integer('id').primaryKey(),
    epoch: text('epoch').notNull(),
  },
  (table) => [check('portcullis_feed_state_one_row', sql`${table.id} = 1`)],
)

/** Which migrations this database has had. */
export const migrations = sqliteTable('portcullis_migrations', {
  version: integer('version').primaryKey(),
  name: text('name').notNull(),
  /**
   * The lowest schema version that a service may have been written for and still work on this
   * schema.
   */
  oldestSchemaServed: integer('oldest_schema_served').notNull(),
  appliedAt: integer('applied_at').notNull(),
})
