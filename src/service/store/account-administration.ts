// What administrators do to accounts, as rows. Whatever takes something away revokes the account's
// generation in the same batch, and with it every token that says otherwise.

import { and, not, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import {
  insertGenerationRevocationStatement,
  updateEndedSessionsStatement,
  updateRevokedGenerationStatement,
} from './account-endings.ts'
import { build, type Database, databaseNow, readBatch, runBatch } from './database.ts'
import { type RoleValues, roleColumns, roleEntries, roleValuesOf } from './roles.ts'
import { decodeRows, integer } from './rows.ts'
import { users } from './schema.ts'
import { insertUserStatement, isAccountOf, type NewUser } from './users.ts'

/** Whose account, and what a change of it needs. */
export interface AccountChange {
  /** What its email may be stored as; the first that there is counts. */
  readonly spellings: readonly string[]
  /** A fresh generation, in the place of the one that is revoked. */
  readonly tokenGeneration: string
}

const changedRow = v.object({ userId: integer })

/** Inserts an account with roles: its id, or undefined where the email has one. One round trip. */
export async function insertAccount(
  database: Database,
  user: NewUser,
  roles: readonly string[],
): Promise<number | undefined> {
  const { inserted } = await runBatch(database, {
    inserted: insertUserStatement({ ...user, ...roleValuesOf(roles) }).returning({
      userId: users.id,
    }),
  })
  return decodeRows(changedRow, inserted)[0]?.userId
}

/** The account's roles, as its columns have them, or undefined where there is none. One round trip. */
export async function findRoleValues(
  database: Database,
  spellings: readonly string[],
): Promise<RoleValues | undefined> {
  const { found } = await readBatch(database, {
    found: build.select(roleColumns).from(users).where(isAccountOf(spellings)),
  })
  return decodeRows(v.object(roleEntries), found)[0]
}

/**
 * Gives the account exactly these roles, if it has exactly those of `from`, where they are given.
 * Where that changes anything, its tokens are revoked; its sessions go on, and are given new ones
 * with their next refresh. Atomic, idempotent; one round trip.
 *
 * @returns whether it changed anything, or undefined where there is no such account
 */
export async function updateRoles(
  database: Database,
  change: AccountChange,
  roles: readonly string[],
  from?: RoleValues,
): Promise<{ readonly isChanged: boolean } | undefined> {
  const isTheirs = and(isAccountOf(change.spellings), from && not(hasOtherRoles(from)))
  const values = roleValuesOf(roles)
  const { tokenGeneration } = change
  const { revoked, updated } = await runBatch(database, {
    revoked: insertGenerationRevocationStatement(and(isTheirs, hasOtherRoles(values))),
    replaced: updateRevokedGenerationStatement(isTheirs, { tokenGeneration }),
    updated: updateUserStatement(isTheirs, values),
  })
  const isFound = decodeRows(changedRow, updated).length > 0
  return isFound ? { isChanged: revoked.length > 0 } : undefined
}

/** The condition that an account has other roles than these. */
function hasOtherRoles({ admin, otherRoles }: RoleValues): SQL {
  return sql`(${users.admin} <> ${admin ? 1 : 0} OR ${users.otherRoles} <> ${otherRoles})`
}

/**
 * Disables the account: its tokens are revoked, and its sessions end. Atomic, idempotent; one round
 * trip.
 *
 * @returns whether there is such an account
 */
export function disableAccount(database: Database, change: AccountChange): Promise<boolean> {
  const disabledAt = sql`coalesce(${users.disabledAt}, ${databaseNow})`
  return endEverything(database, change, { disabledAt })
}

/** Revokes the account's tokens, and ends its sessions. As `disableAccount`. */
export function endAccountSessions(database: Database, change: AccountChange): Promise<boolean> {
  return endEverything(database, change, { disabledAt: sql`${users.disabledAt}` })
}

/** Lets the account log in again. As `disableAccount`. */
export async function enableAccount(
  database: Database,
  { spellings }: Pick<AccountChange, 'spellings'>,
): Promise<boolean> {
  const isTheirs = isAccountOf(spellings)
  const { updated } = await runBatch(database, {
    updated: updateUserStatement(isTheirs, { disabledAt: null }),
  })
  return decodeRows(changedRow, updated).length > 0
}

async function endEverything(
  database: Database,
  { spellings, tokenGeneration }: AccountChange,
  change: Pick<UserColumns, 'disabledAt'>,
): Promise<boolean> {
  const isTheirs = isAccountOf(spellings)
  const { updated } = await runBatch(database, {
    revoked: insertGenerationRevocationStatement(isTheirs),
    replaced: updateRevokedGenerationStatement(isTheirs, { tokenGeneration }),
    ended: updateEndedSessionsStatement(isTheirs, tokenGeneration),
    updated: updateUserStatement(isTheirs, change),
  })
  return decodeRows(changedRow, updated).length > 0
}

/** The columns that an update of an account can set. */
type UserColumns = Parameters<ReturnType<typeof build.update<typeof users>>['set']>[0]

function updateUserStatement(whose: SQL | undefined, columns: UserColumns) {
  return build.update(users).set(columns).where(whose).returning({ userId: users.id })
}
