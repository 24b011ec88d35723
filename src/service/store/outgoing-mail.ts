// Mail as rows, until it is sent. A row is inserted in the batch of what it tells. It has no
// secret.

import {
  and,
  eq,
  exists,
  isNotNull,
  isNull,
  lt,
  or,
  type SQL,
  type SQLWrapper,
  sql,
} from 'drizzle-orm'
import type { EmailColumns } from './code-rows.ts'
import { build, type Database, databaseNow } from './database.ts'
import { deleteRows } from './delete-rows.ts'
import { outgoingMail } from './mail-schema.ts'
import { users } from './schema.ts'
import { isSuppressed } from './suppressed-addresses.ts'

/** What a mail is about. */
type MailKind = (typeof mailKinds)[number]

export const mailKinds = [
  ...(['reset_password', 'sign_in', 'verify_email', 'invitation', 'change_email'] as const),
  ...(['password_changed', 'email_changed', 'account_exists', 'deletion_planned'] as const),
  ...(['deletion_taken_back', 'new_device'] as const),
] as const

/** What its row needs beside the account. */
interface QueuedMail {
  /** A fresh id. */
  readonly mailId: string
  readonly kind: MailKind
  /** Of the mail, if the account has none. */
  readonly language: string
}

/** Mails for one address in an hour that strangers can cause. All mails count. */
const maxMailsPerHour = 5
const hourSeconds = 3_600
const daySeconds = 86_400
const isDone = isNull(outgoingMail.nextTryAt)

/** The condition that an account may get a mail that a stranger can cause: see `isMailableTo`. */
export const isMailable: SQL = isMailableTo(users.emailNormalized)

/**
 * The condition that a stranger can cause a mail to an address: at most five an hour, and none
 * while it is suppressed.
 */
export function isMailableTo(address: SQLWrapper): SQL {
  return sql`(${countOfHour(address)} < ${maxMailsPerHour} AND NOT ${isSuppressed(sql`${address}`)})`
}

function countOfHour(address: SQLWrapper): SQL {
  const { recipient, createdAt } = outgoingMail
  const ofHour = build
    .select({ mails: sql<number>`count(*)`.as('mails') })
    .from(outgoingMail)
    .where(and(eq(recipient, address), sql`${createdAt} > ${databaseNow} - ${hourSeconds}`))
  return sql`(${ofHour})`
}

/**
 * Queues a mail to the account that the condition selects. It is due at once.
 *
 * @param to where it goes; default: the email of the account
 */
export function insertMailStatement(
  { mailId, kind, language }: QueuedMail,
  carried: { readonly codeId?: SQL; readonly device?: string | undefined },
  whose: SQL | undefined,
  to: EmailColumns = users,
) {
  const nothing = sql<null>`NULL`
  return build.insert(outgoingMail).select(
    build
      .select({
        id: sql<string>`${mailId}`.as('id'),
        kind: sql<string>`${kind}`.as('kind'),
        userId: users.id,
        address: sql<string>`${to.email}`.as('address'),
        recipient: sql<string>`${to.emailNormalized}`.as('recipient'),
        language: sql<string>`coalesce(${users.language}, ${language})`.as('language'),
        codeId: sql<string | null>`${carried.codeId ?? nothing}`.as('code_id'),
        device: sql<string | null>`${carried.device ?? null}`.as('device'),
        createdAt: databaseNow.as('created_at'),
        nextTryAt: databaseNow.as('next_try_at'),
        tries: sql<number>`0`.as('tries'),
        sentAt: nothing.as('sent_at'),
        givenUpAt: nothing.as('given_up_at'),
        problem: nothing.as('problem'),
        // A retry says the same, also if the account has another time by then.
        dueAt: sql<
          number | null
        >`${kind === 'deletion_planned' ? users.deletionDueAt : nothing}`.as('due_at'),
      })
      .from(users)
      .where(whose),
  )
}

/**
 * The condition that an account may get a notice. An email that nobody has proved may be a
 * stranger's, so it gets no more mails than strangers can cause.
 */
export const isOwnersOrMailable = or(isNotNull(users.emailVerifiedAt), isMailable)

/** A mail that tells the owner of an account what has changed. */
export interface Notice {
  /** A fresh id. */
  readonly mailId: string
  /** Of the mail, if the account has none. */
  readonly language: string
  /** A few words about the client. */
  readonly device: string | undefined
}

/** The notice of a login. */
export interface LoginNotice extends Notice {
  /** Whether the owner is told because of the device alone. */
  readonly isOfNewDevice: boolean
}

/**
 * Queues the notice to the account that the condition selects. Without one there is no statement.
 */
export function noticeStatements(
  notice: Notice | undefined,
  whose: SQL | undefined,
  kind: 'password_changed' | 'deletion_planned' | 'deletion_taken_back' = 'password_changed',
) {
  if (!notice) return {}
  const { mailId, language, device } = notice
  return {
    told: insertMailStatement(
      { mailId, language, kind },
      { device },
      and(whose, isOwnersOrMailable),
    ).returning({ id: outgoingMail.id }),
  }
}

/**
 * Queues the notice about a new device to the account that the condition selects. Only one in an
 * hour, so that a program without device tokens is no flood. None in the first hour of an account,
 * and none while its email is suppressed. Without a notice there is no statement.
 */
export function newDeviceStatements(notice: Notice | undefined, whose: SQL | undefined) {
  if (!notice) return {}
  const { recipient, createdAt, kind } = outgoingMail
  const { emailNormalized, registeredAt } = users
  const hourAgo = sql`${databaseNow} - ${hourSeconds}`
  const isTold = exists(
    build
      .select({ id: outgoingMail.id })
      .from(outgoingMail)
      .where(
        and(
          ...[eq(recipient, emailNormalized), eq(kind, 'new_device')],
          sql`${createdAt} > ${hourAgo}`,
        ),
      ),
  )
  const mayBeTold = sql`(${registeredAt} <= ${hourAgo} AND NOT ${isTold}
    AND NOT ${isSuppressed(sql`${emailNormalized}`)})`
  const { mailId, language, device } = notice
  return {
    told: insertMailStatement(
      { mailId, language, kind: 'new_device' },
      { device },
      and(whose, mayBeTold, isOwnersOrMailable),
    ).returning({ id: outgoingMail.id }),
  }
}

/** Whether a mail of these statements is queued, by the answer of the statement. */
export function isQueued(told: unknown): boolean {
  return Array.isArray(told) && told.length > 0
}

/**
 * Deletes up to 1,000 mails that were sent more than a day ago, or given up more than a week ago.
 * Returns the same as `deleteRows`.
 */
export function deleteOldMail(database: Database): Promise<number> {
  const { id, createdAt, givenUpAt } = outgoingMail
  const days = sql`iif(${givenUpAt} IS NULL, 1, 8)`
  return deleteRows(
    database,
    id,
    and(isDone, lt(createdAt, sql`${databaseNow} - ${daySeconds} * ${days}`)) as SQL,
  )
}
