// Accounts that move in from another system. One statement inserts them, another one their events.
// Each has them in one JSON parameter: some platforms limit the number of parameters to 100.

import { eq, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type AuditEntry, eventColumns } from './audit-events.ts'
import { build, type Database, databaseNow, readBatch, runBatch } from './database.ts'
import { codes } from './mail-schema.ts'
import type { NewUser } from './new-users.ts'
import type { RoleValues } from './roles.ts'
import { decodeRows, integer } from './rows.ts'
import { auditEvents, users } from './schema.ts'

/** An instant in seconds since 1970, or the database's time of the insert. */
export type Moment = number | 'now'

/** An account that moves in. */
export interface MovedUser extends NewUser, RoleValues {
  readonly disabledAt: Moment | null
  readonly registeredAt: Moment
  readonly emailVerifiedAt: Moment | null
}

/**
 * Whose an email was before: nobody's, an account's that an import has made, or another account's.
 * A stranger may have registered the last one. An account that can take the email back counts, too.
 */
export type EmailHolder = 'nobody' | 'moved' | 'other'

/**
 * Inserts the accounts whose email has none, in any spelling, and that no account can take back.
 * Changes no account that exists. Of several with one email, and of several concurrent calls,
 * exactly one inserts. Records each account that is inserted, with its roles as target. Atomic,
 * idempotent. One round trip.
 *
 * @returns for each account whose email it was. `nobody` if and only if it was inserted
 */
export async function insertMovedUsers(
  database: Database,
  moved: readonly MovedUser[],
  entry: AuditEntry,
): Promise<readonly EmailHolder[]> {
  const { inserted, others } = await runBatch(database, {
    inserted: insertMovedUsersStatement(moved),
    recorded: insertEventsStatement(moved, entry),
    // After the events, so that those just inserted are not among them.
    others: placesStatement(moved, isHeldByOther(entry)),
  })
  const rows = decodeRows(v.object({ tokenGeneration: v.string() }), inserted)
  const made = new Set(rows.map(({ tokenGeneration }) => tokenGeneration))
  const taken = decodePlaces(others)
  return moved.map(({ tokenGeneration }, place) => {
    if (made.has(tokenGeneration)) return 'nobody'
    return taken.has(place) ? 'other' : 'moved'
  })
}

/**
 * Whose the emails are, in any spelling, for an import that records this event. Reads only. One
 * round trip.
 */
export async function findEmailHolders(
  database: Database,
  moved: readonly Pick<NewUser, 'spellings'>[],
  entry: Pick<AuditEntry, 'event'>,
): Promise<readonly EmailHolder[]> {
  const { all, others } = await readBatch(database, {
    all: placesStatement(moved, isTaken),
    others: placesStatement(moved, isHeldByOther(entry)),
  })
  const [held, taken] = [decodePlaces(all), decodePlaces(others)]
  return moved.map((_, place) => {
    if (!held.has(place)) return 'nobody'
    return taken.has(place) ? 'other' : 'moved'
  })
}

/** The places in the list, from 0, of those that the condition holds for. */
function placesStatement(moved: readonly Pick<NewUser, 'spellings'>[], condition: SQL) {
  return build
    .select({ place: sql<number>`entry.key` })
    .from(entriesOf(moved.map(({ spellings }) => ({ spellings }))))
    .where(condition)
}

function decodePlaces(rows: readonly unknown[]): ReadonlySet<number> {
  return new Set(decodeRows(v.object({ place: integer }), rows).map(({ place }) => place))
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
    language: sql<string | null>`NULL`.as('language'),
    deletionDueAt: sql<number | null>`NULL`.as('deletion_due_at'),
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

/**
 * An event for each account that was inserted just now. Its generation is fresh, so it shows that.
 */
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

const spellings = sql`SELECT spelling.value FROM json_each(entry.value, '$.spellings') AS spelling`
/** An account has the email of an entry, or can take it back: see `insertUserStatement`. */
const isOfEntry = sql`${users.id} IN (
  SELECT had.id FROM ${users} AS had WHERE had.email_normalized IN (${spellings})
  UNION ALL SELECT kept.user_id FROM ${codes} AS kept
  WHERE kept.new_email_normalized IN (${spellings}) AND kept.purpose = 'undo_email_change'
    AND kept.used_at IS NULL AND kept.link_expires_at > ${databaseNow})`

/** The condition that the email of an entry has an account, in any of its spellings. */
const isTaken = sql`EXISTS (SELECT 1 FROM ${users} WHERE ${isOfEntry})`

/** The condition that it has one that no import has made. No id of an account is given twice. */
function isHeldByOther({ event }: Pick<AuditEntry, 'event'>) {
  const hasMoved = sql`EXISTS (SELECT 1 FROM ${auditEvents} WHERE ${auditEvents.userId} = ${users.id} AND ${auditEvents.event} = ${event})`
  return sql`EXISTS (SELECT 1 FROM ${users} WHERE ${isOfEntry} AND NOT ${hasMoved})`
}
