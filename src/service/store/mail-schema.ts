// The tables of mail and of the codes that it carries, as drizzle definitions. As in schema.ts,
// times are in seconds since 1970, by the database's clock.

import { sql } from 'drizzle-orm'
import { check, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/**
 * Codes that are mailed. The row has no secret: a code is a MAC of its id and purpose. It is bound
 * to the account, to its email at that time, and to its password.
 */
export const codes = sqliteTable(
  'portcullis_codes',
  {
    id: text('id').primaryKey(),
    /** What it is good for. */
    purpose: text('purpose').notNull(),
    userId: integer('user_id').notNull(),
    /** The email of the account, as it is compared. */
    address: text('address').notNull(),
    passwordVersion: integer('password_version').notNull(),
    createdAt: integer('created_at').notNull(),
    /** The eight characters are good until then, and the link until `linkExpiresAt`. */
    codeExpiresAt: integer('code_expires_at').notNull(),
    linkExpiresAt: integer('link_expires_at').notNull(),
    usedAt: integer('used_at'),
    /** The email that the account gets with it, as typed and as it is compared. */
    newEmail: text('new_email'),
    newEmailNormalized: text('new_email_normalized'),
    /** The session that has asked for it, if it ends with that. */
    sessionId: text('session_id'),
  },
  (table) => [
    index('portcullis_codes_user_id').on(table.userId, table.purpose, table.createdAt),
    index('portcullis_codes_link_expires_at').on(table.linkExpiresAt),
    index('portcullis_codes_new_email_normalized')
      .on(table.newEmailNormalized)
      .where(sql`${table.newEmailNormalized} IS NOT NULL`),
    check('portcullis_codes_id', sql`length(${table.id}) = 16`),
  ],
)

/** One row for each client that has asked for a code and got a mail sent: it counts wrong tries. */
export const codeHandles = sqliteTable(
  'portcullis_code_handles',
  {
    /** What the client has. */
    id: text('id').primaryKey(),
    codeId: text('code_id').notNull(),
    tries: integer('tries').notNull().default(0),
    createdAt: integer('created_at').notNull(),
    /** Whether who has set the password has asked, and not a stranger. */
    isOfSession: integer('is_of_session', { mode: 'boolean' }).notNull().default(false),
  },
  (table) => [
    index('portcullis_code_handles_created_at').on(table.createdAt),
    index('portcullis_code_handles_code_id').on(table.codeId),
    check('portcullis_code_handles_id', sql`length(${table.id}) = 16`),
  ],
)

/** Mail that is to be sent, or was sent a short time ago. It contains no secret. */
export const outgoingMail = sqliteTable(
  'portcullis_outgoing_mail',
  {
    /** In the mail, too, so that a second copy can be recognised. */
    id: text('id').primaryKey(),
    kind: text('kind').notNull(),
    userId: integer('user_id').notNull(),
    /** The address that it goes to, as its owner has typed it. */
    address: text('address').notNull(),
    /** The same, as it is compared. */
    recipient: text('recipient').notNull(),
    language: text('language').notNull(),
    /** The code that it carries. */
    codeId: text('code_id'),
    /** The device that caused it, in a few words. */
    device: text('device'),
    createdAt: integer('created_at').notNull(),
    /** When it is tried next; null: never, because it was sent or given up. */
    nextTryAt: integer('next_try_at'),
    tries: integer('tries').notNull().default(0),
    sentAt: integer('sent_at'),
    givenUpAt: integer('given_up_at'),
    /** Why it was not sent at the last try. It names no address. */
    problem: text('problem'),
    /** The time that it tells, beside its own. */
    dueAt: integer('due_at'),
  },
  (table) => [
    index('portcullis_outgoing_mail_next_try_at').on(table.nextTryAt, table.createdAt),
    index('portcullis_outgoing_mail_recipient').on(table.recipient, table.createdAt),
    index('portcullis_outgoing_mail_user_id').on(table.userId),
    check('portcullis_outgoing_mail_id', sql`length(${table.id}) = 16`),
  ],
)

/** Addresses that a provider refuses for good. They get no mail until then. */
export const suppressedAddresses = sqliteTable(
  'portcullis_suppressed_addresses',
  {
    /** As it is compared. */
    recipient: text('recipient').primaryKey(),
    until: integer('until').notNull(),
  },
  (table) => [index('portcullis_suppressed_addresses_until').on(table.until)],
)
