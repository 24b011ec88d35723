// Accounts that move in from another system. One statement inserts them, another one their events.
// Each has them in one JSON parameter: some platforms limit the number of parameters to 100.

import { eq, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type AuditEntry, eventColumns } from './audit-events.ts'
import { build, type Database, databaseNow, readBatch, runBatch } from './database.ts'
import type { RoleValues } from './roles.ts'
import { decodeRows, integer } from './rows.ts'
import { auditEvents, users } from './schema.ts'
import type { NewUser } from './users.ts'

/** An instant in seconds since 1970, or the database's time of the insert. */
export type Moment = number | 'now'

/** An account that moves in. */
export interface MovedUser extends NewUser, RoleValues {
  readonly disabledAt: Moment | null
  readonly registeredAt: Moment
  readonly emailVerifiedAt: Moment | null
}

/**
 * Inserts the accounts whose email has none, in any spelling. Changes no account that exists. Of
 * several with one email, and of several concurrent calls, exactly one inserts. Records each account
 * that is inserted, with its roles as target. Atomic, idempotent. One round trip.
 *
 * @returns the token generations of the accounts that were inserted
 */
export async function insertMovedUsers(
  database: Database,
  moved: readonly MovedUser[],
  entry: AuditEntry,
): Promise<ReadonlySet<string>> {
  const { inserted } = await runBatch(database, {
    inserted: insertMovedUsersStatement(moved),
    recorded: insertEventsStatement(moved, entry),
  })
  const rows = decodeRows(v.object({ tokenGeneration: v.string() }), inserted)
  return new Set(rows.map(({ tokenGeneration }) => tokenGeneration))
}

/**
 * The places in the list, from 0, of those whose email has an account, in any spelling. Reads only.
 * One round trip.
 */
export async function findTakenPlaces(
  database: Database,
  moved: readonly Pick<NewUser, 'spellings'>[],
): Promise<ReadonlySet<number>> {
  const { taken } = await readBatch(database, {
    taken: build
      .select({ place: sql<number>`entry.key` })
      .from(entriesOf(moved.map(({ spellings }) => ({ spellings }))))
      .where(isTaken),
  })
  const rows = decodeRows(v.object({ place: integer }), taken)
  return new Set(rows.map(({ place }) => place))
}

function insertMovedUsersStatement(moved: readonly MovedUser[]) {
  // In the order of the table's columns, as drizzle demands it.
  const columns = {
    id: sql<number>`NULL`.as('id'),
    email: member('email').as('email'),
    emailNormalized: member('emailNormalized').as('email_normalized'),
    passwordHash: member('passwordHash').as('password_hash'),
    admin: sql<boolean>`${member('admin')}`.as('admin'),
    tokenGeneration: member('tokenGeneration').as('token_generation'),
    disabledAt: moment('disabledAt').as('disabled_at'),
    registeredAt: moment('registeredAt').as('registered_at'),
    otherRoles: member('otherRoles').as('other_roles'),
    logoutsEverywhere: sql<number>`0`.as('logouts_everywhere'),
    logoutsEverywhereSince: sql<number>`0`.as('logouts_everywhere_since'),
    passwordVersion: sql<number>`1`.as('password_version'),
    emailVerifiedAt: moment('emailVerifiedAt').as('email_verified_at'),
  }
  return build
    .insert(users)
    .select(
      build
        .select(columns)
        .from(entriesOf(moved))
        .where(sql`NOT ${isTaken}`)
        .orderBy(sql`entry.key`),
    )
    .onConflictDoNothing({ target: users.emailNormalized })
    .returning({ tokenGeneration: users.tokenGeneration })
}

/** An event for each account that was inserted just now. Its generation is fresh, so it shows that. */
function insertEventsStatement(moved: readonly MovedUser[], entry: AuditEntry) {
  const entries = moved.map(({ emailNormalized, tokenGeneration }) => ({
    ...{ emailNormalized, tokenGeneration },
  }))
  const roles = sql`trim(iif(${users.admin}, 'admin ', '') || ${users.otherRoles})`
  const fact = { outcome: 'success', userId: sql`${users.id}`, target: roles } as const
  return build.insert(auditEvents).select(
    build
      .select(eventColumns(entry, fact))
      .from(entriesOf(entries))
      .innerJoin(users, eq(users.emailNormalized, member('emailNormalized')))
      .where(eq(users.tokenGeneration, member('tokenGeneration')))
      .orderBy(sql`entry.key`),
  )
}

function entriesOf(list: readonly object[]) {
  return sql`json_each(${JSON.stringify(list)}) AS entry`
}

function member(name: keyof MovedUser) {
  return sql<string>`entry.value ->> ${name}`
}

function moment(name: keyof MovedUser) {
  return sql<number>`CASE ${member(name)} WHEN 'now' THEN ${databaseNow} ELSE ${member(name)} END`
}

/** The condition that the email of an entry has an account, in any of its spellings. */
const isTaken = sql`EXISTS (SELECT 1 FROM ${users} WHERE ${users.emailNormalized} IN (SELECT spelling.value FROM json_each(entry.value, '$.spellings') AS spelling))`
