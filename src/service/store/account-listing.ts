// Accounts, as administrators see them.

import { and, asc, count, eq, gt, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { build, type Database, readBatch } from './database.ts'
import { isLiveSession } from './live-session.ts'
import { roleColumns, roleEntries, withRoles } from './roles.ts'
import { decodeRow, decodeRows, flag, instant, integer } from './rows.ts'
import { sessions, users } from './schema.ts'
import { isAccountOf, isInvitation } from './users.ts'

/** A page of a list: the first `limit` accounts with ids greater than `after`. */
export interface Page {
  readonly limit: number
  readonly after: number
}

/** An account of the list. Instants are seconds since 1970. */
export interface AccountOfList {
  readonly userId: number
  readonly email: string
  readonly roles: readonly string[]
  /** Whether nobody has accepted the invitation: no password, and the email is not proved. */
  readonly isInvited: boolean
  /** When it was disabled; null when it is enabled. */
  readonly disabledAt: number | null
  readonly registeredAt: number
  /** When somebody last proved that the email receives mail; null if nobody has. */
  readonly emailVerifiedAt: number | null
  /** When it is deleted, unless its owner logs in before; null: never. */
  readonly deletionDueAt: number | null
}

/** An account, and how many of its sessions have not ended. */
export interface FoundAccount extends AccountOfList {
  readonly livingSessions: number
}

const accountColumns = {
  userId: users.id,
  email: users.email,
  ...roleColumns,
  isInvited: sql<number>`${isInvitation}`.as('is_invited'),
  disabledAt: users.disabledAt,
  registeredAt: users.registeredAt,
  emailVerifiedAt: users.emailVerifiedAt,
  deletionDueAt: users.deletionDueAt,
}
const accountRow = v.object({
  userId: integer,
  email: v.string(),
  ...roleEntries,
  isInvited: flag,
  disabledAt: v.nullable(instant),
  registeredAt: instant,
  emailVerifiedAt: v.nullable(instant),
  deletionDueAt: v.nullable(instant),
})

/** A page of all accounts, in the order of their ids. One round trip. */
export async function listAccounts(
  database: Database,
  { limit, after }: Page,
): Promise<AccountOfList[]> {
  const { listed } = await readBatch(database, {
    listed: build
      .select(accountColumns)
      .from(users)
      .where(gt(users.id, after))
      .orderBy(asc(users.id))
      .limit(limit),
  })
  return decodeRows(accountRow, listed).map((row) => withRoles(row))
}

/** The account with this email, if there is one. One round trip. */
export async function findAccountByEmail(
  database: Database,
  spellings: readonly string[],
): Promise<FoundAccount | undefined> {
  const isTheirs = isAccountOf(spellings)
  const { found, counted } = await readBatch(database, {
    found: build.select(accountColumns).from(users).where(isTheirs),
    counted: build
      .select({ livingSessions: count() })
      .from(sessions)
      .innerJoin(users, eq(users.id, sessions.userId))
      .where(and(isTheirs, isLiveSession)),
  })
  const [row] = decodeRows(accountRow, found)
  const { livingSessions } = decodeRow(v.object({ livingSessions: integer }), counted)
  return row && { ...withRoles(row), livingSessions }
}
