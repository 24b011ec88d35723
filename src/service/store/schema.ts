// The tables, as drizzle definitions. Migrations are generated from this file and reviewed by hand
// (docs/explain/storage.md). Every name has the prefix, so that the tables can share a database
// with those of an application. Times are in seconds since 1970, by the database's clock
// (`databaseNow`).

import { sql } from 'drizzle-orm'
import { check, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Accounts. */
export const users = sqliteTable(
  'portcullis_users',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    /** As typed: trimmed and NFC. */
    email: text('email').notNull(),
    /**
     * Emails are compared by this: `emailNormalized` of `Email`. Until 0.5 it was the whole email
     * in lower-case NFC.
     */
    emailNormalized: text('email_normalized').notNull().unique(),
    passwordHash: text('password_hash').notNull(),
    /** The role `admin`. */
    admin: integer('admin', { mode: 'boolean' }).notNull().default(false),
    /** In every token of the user. Revoking it revokes all of them. */
    tokenGeneration: text('token_generation').notNull(),
    disabledAt: integer('disabled_at'),
    registeredAt: integer('registered_at').notNull(),
    /** All other roles, separated by spaces, as scopes are (RFC 6749 §3.3). */
    otherRoles: text('other_roles').notNull().default(''),
    /**
     * How often the account was logged out everywhere, in the minute that begins at
     * `logoutsEverywhereSince`.
     */
    logoutsEverywhere: integer('logouts_everywhere').notNull().default(0),
    logoutsEverywhereSince: integer('logouts_everywhere_since').notNull().default(0),
    /** Grows with each change of the password, so that older device tokens are void. */
    passwordVersion: integer('password_version').notNull().default(1),
    /** When somebody last proved that the email receives mail; null if nobody has. */
    emailVerifiedAt: integer('email_verified_at'),
    /** The language of its mails; null: that of the request that causes one. */
    language: text('language'),
    /** When the account is deleted, unless its owner logs in before; null: never. */
    deletionDueAt: integer('deletion_due_at'),
  },
  (table) => [
    index('portcullis_users_deletion_due_at')
      .on(table.deletionDueAt)
      .where(sql`${table.deletionDueAt} IS NOT NULL`),
    check('portcullis_users_admin', sql`${table.admin} IN (0, 1)`),
    check('portcullis_users_token_generation', sql`length(${table.tokenGeneration}) = 16`),
  ],
)

/**
 * One row for each login. It is kept for some time after the session has ended. It contains no
 * secret.
 */
export const sessions = sqliteTable(
  'portcullis_sessions',
  {
    /** In all tokens of the session. Revoking it revokes them. */
    id: text('id').primaryKey(),
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** The version of the current refresh token. Each rotation adds one. */
    version: integer('version').notNull().default(1),
    createdAt: integer('created_at').notNull(),
    /** When the password was last given. */
    authenticatedAt: integer('authenticated_at').notNull(),
    rotatedAt: integer('rotated_at').notNull(),
    /** When the session ends unless it is refreshed before; never after `absoluteExpiresAt`. */
    expiresAt: integer('expires_at').notNull(),
    absoluteExpiresAt: integer('absolute_expires_at').notNull(),
    revokedAt: integer('revoked_at'),
    /** A few words about the user agent, for people to read. */
    device: text('device'),
    /** The address of the login, for people to read, if configured. */
    address: text('address'),
    /**
     * Grows with each access token, and with each rotation. A version of the service that does not
     * count them leaves it unchanged, which the triggers of migration 3 notice.
     */
    tokensIssued: integer('tokens_issued').notNull().default(0),
    /** When the last of its access tokens expires. */
    tokensExpireAt: integer('tokens_expire_at').notNull().default(0),
    /** Refresh tokens below this version were replaced longer ago than the grace window. */
    reusedBelow: integer('reused_below').notNull().default(0),
    /** Refresh tokens below `markedVersion` were replaced at `markedAt` or before. */
    markedVersion: integer('marked_version').notNull().default(0),
    markedAt: integer('marked_at').notNull().default(0),
    /** How often the session was refreshed, in the minute that begins at `refreshesSince`. */
    refreshes: integer('refreshes').notNull().default(0),
    refreshesSince: integer('refreshes_since').notNull().default(0),
    /**
     * How many of its access tokens were revoked individually. The count is valid until
     * `tokenRevocationsUntil`.
     */
    tokenRevocations: integer('token_revocations').notNull().default(0),
    tokenRevocationsUntil: integer('token_revocations_until').notNull().default(0),
  },
  (table) => [
    // For the living sessions of an account: ended sessions are not read.
    index('portcullis_sessions_user_id_expires_at').on(table.userId, table.expiresAt),
    index('portcullis_sessions_expires_at').on(table.expiresAt),
    check('portcullis_sessions_id', sql`length(${table.id}) = 16`),
  ],
)

/**
 * The set of revoked ids of tokens, sessions, generations and keys. It does not say whose they are.
 */
export const revokedTokens = sqliteTable(
  'portcullis_revoked_tokens',
  {
    /** The order of revocation, which is the order of commits. A number is never used twice. */
    seq: integer('seq').primaryKey({ autoIncrement: true }),
    id: text('id').notNull().unique(),
    revokedAt: integer('revoked_at').notNull(),
    /** When the last token with this id expires. */
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [
    index('portcullis_revoked_tokens_expires_at').on(table.expiresAt),
    check('portcullis_revoked_tokens_id', sql`length(${table.id}) = 16`),
  ],
)

/**
 * How often a password was tried: for an account from one source, and from everywhere. The keys are
 * MACs, so they say neither whose account it is, nor whether there is one.
 */
export const attempts = sqliteTable(
  'portcullis_attempts',
  {
    key: text('key').primaryKey(),
    /** Attempts that were not right, and those under way. */
    count: integer('count').notNull(),
    /** Of the account from everywhere: since when the current step runs (attempts.ts). */
    lastAt: integer('last_at').notNull(),
    /** Whether an attempt was refused since the last one that was counted. */
    isRefused: integer('is_refused', { mode: 'boolean' }).notNull().default(false),
  },
  (table) => [index('portcullis_attempts_last_at').on(table.lastAt)],
)

/**
 * What happened to accounts: append-only. It names accounts and sessions by their ids alone. The
 * order of `seq` is the order of commits.
 */
export const auditEvents = sqliteTable(
  'portcullis_audit_events',
  {
    seq: integer('seq').primaryKey({ autoIncrement: true }),
    at: integer('at').notNull(),
    /** The name of a route, or of a command. */
    event: text('event').notNull(),
    /** `success`, `attempted`, or the reason of a refusal. */
    outcome: text('outcome').notNull(),
    /** `user`, `administrator`, or `service` for what it does by itself. */
    actor: text('actor').notNull(),
    userId: integer('user_id'),
    sessionId: text('session_id'),
    requestId: text('request_id'),
    /** The `seq` of the attempt that this success belongs to. */
    attemptSeq: integer('attempt_seq'),
    /** What it was done to, other than the account and the session: an id, or roles. */
    target: text('target'),
  },
  // The index has the rowid, which is `seq`, at the end of each entry.
  (table) => [index('portcullis_audit_events_user_id').on(table.userId)],
)

/** The personal details of events. They are deleted at `expiresAt`; the events stay. */
export const auditDetails = sqliteTable(
  'portcullis_audit_details',
  {
    /** Of the event. */
    seq: integer('seq').primaryKey(),
    address: text('address'),
    /** A few words about the user agent. */
    device: text('device'),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [index('portcullis_audit_details_expires_at').on(table.expiresAt)],
)

/** Each seal covers the events of its range, and the seal before it. */
export const auditSeals = sqliteTable('portcullis_audit_seals', {
  /** 1, 2, 3 …, without a gap. */
  number: integer('number').primaryKey(),
  firstSeq: integer('first_seq').notNull(),
  lastSeq: integer('last_seq').notNull(),
  /** How many events the range has. */
  events: integer('events').notNull(),
  /** In base64url. */
  mac: text('mac').notNull(),
  /** Which key made the MAC. */
  keyId: text('key_id').notNull(),
  sealedAt: integer('sealed_at').notNull(),
})

/** One row that identifies the history of `revokedTokens`. A restored database gets a new epoch. */
export const feedState = sqliteTable(
  'portcullis_feed_state',
  {
    id: integer('id').primaryKey(),
    epoch: text('epoch').notNull(),
  },
  (table) => [check('portcullis_feed_state_one_row', sql`${table.id} = 1`)],
)

/** Which migrations were applied to this database. */
export const migrations = sqliteTable('portcullis_migrations', {
  version: integer('version').primaryKey(),
  name: text('name').notNull(),
  /** The lowest schema version whose services still work on this schema. */
  oldestSchemaServed: integer('oldest_schema_served').notNull(),
  appliedAt: integer('applied_at').notNull(),
})
