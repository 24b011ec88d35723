// What administrators do to account rows. Every change that removes access also revokes the
// account's generation in the same batch, and with it every older token.

import { and, eq, exists, not, or, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { deletionStatements } from './account-deletion.ts'
import {
  insertGenerationRevocationStatement,
  updateEndedSessionsStatement,
  updateRevokedGenerationStatement,
} from './account-endings.ts'
import { type AuditEntry, auditStatements, ofAccount } from './audit-events.ts'
import { build, type Database, databaseNow, readBatch, runBatch } from './database.ts'
import { isLiveSession } from './live-session.ts'
import { insertUserStatement, type NewUser } from './new-users.ts'
import { type RoleValues, roleColumns, roleEntries, roleValuesOf } from './roles.ts'
import { decodeRows, integer } from './rows.ts'
import { sessions, users } from './schema.ts'
import { isAccountOf, isEnabledAccount, newPasswordColumns } from './users.ts'

/** Which account to change, and what the change needs. */
export interface AccountChange {
  /** The forms under which its email may be stored. The first one that has an account counts. */
  readonly spellings: readonly string[]
  /** A fresh generation. It replaces the revoked one. */
  readonly tokenGeneration: string
  readonly entry: AuditEntry
}

const changedRow = v.object({ userId: integer })

/**
 * Inserts an account with roles, and records it with the roles as target. Returns its id, or
 * undefined when the email has an account. One round trip.
 */
export async function insertAccount(
  database: Database,
  user: NewUser,
  roles: readonly string[],
  entry: AuditEntry,
): Promise<number | undefined> {
  const { inserted } = await runBatch(database, {
    inserted: insertUserStatement({ ...user, ...roleValuesOf(roles) }).returning({
      userId: users.id,
    }),
    ...recordedStatements(entry, isAccountOf(user.spellings), roles.join(' ')),
  })
  return decodeRows(changedRow, inserted)[0]?.userId
}

/**
 * The values of the account's role columns, or undefined when there is no such account. One round
 * trip.
 */
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
 * Gives the account exactly these roles. With `from`, only if the account has exactly the roles of
 * `from`. If the roles change, its tokens are revoked, and the change is recorded with the new
 * roles as target. Its sessions go on, and get new tokens with their next refresh. Atomic,
 * idempotent; one round trip.
 *
 * @returns whether the roles changed, or undefined when there is no such account
 */
export async function updateRoles(
  database: Database,
  change: AccountChange,
  roles: readonly string[],
  from?: RoleValues,
): Promise<{ readonly isChanged: boolean } | undefined> {
  const isTheirs = and(isAccountOf(change.spellings), from && not(hasOtherRoles(from)))
  const values = roleValuesOf(roles)
  const { tokenGeneration, entry } = change
  const { revoked, updated } = await runBatch(database, {
    revoked: insertGenerationRevocationStatement(and(isTheirs, hasOtherRoles(values))),
    ...recordedStatements(entry, isTheirs, roles.join(' ')),
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
 * Disables the account, revokes its tokens and ends its sessions. Changes and records nothing where
 * the account is disabled already and has no living session. Atomic, idempotent; one round trip.
 *
 * @returns whether there is such an account
 */
export function disableAccount(database: Database, change: AccountChange): Promise<boolean> {
  const disabledAt = sql`coalesce(${users.disabledAt}, ${databaseNow})`
  // Somebody may have disabled it with SQL, which ends no session.
  const living = build
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.userId, users.id), isLiveSession))
  return endEverything(database, change, { disabledAt }, or(isEnabledAccount, exists(living)))
}

/**
 * Revokes the account's tokens, and ends its sessions. Records each call: an account may have
 * tokens without a session. Atomic, idempotent; one round trip. Same result as `disableAccount`.
 */
export function endAccountSessions(database: Database, change: AccountChange): Promise<boolean> {
  return endEverything(database, change, { disabledAt: sql`${users.disabledAt}` })
}

/**
 * Gives the account another password, revokes its tokens, and ends its sessions. Same guarantees
 * and result as `endAccountSessions`.
 */
export function replacePassword(
  database: Database,
  change: AccountChange,
  passwordHash: string,
): Promise<boolean> {
  return endEverything(database, change, newPasswordColumns(passwordHash))
}

/**
 * Deletes the account with this email and this id, with everything personal, and revokes its
 * tokens. Same guarantees and result as `disableAccount`. The revocations and the events stay, and
 * no other account ever gets the id.
 */
export async function deleteAccount(
  database: Database,
  change: Omit<AccountChange, 'tokenGeneration'>,
  userId: number,
): Promise<boolean> {
  const isTheirs = and(isAccountOf(change.spellings), eq(users.id, userId))
  const { deleted } = await runBatch(database, {
    revoked: insertGenerationRevocationStatement(isTheirs),
    ...recordedStatements(change.entry, isTheirs),
    ...deletionStatements(isTheirs),
  })
  return decodeRows(changedRow, deleted).length > 0
}

/**
 * Lets the account log in again. Changes and records nothing where it is not disabled. Same
 * guarantees and result as `disableAccount`.
 */
export async function enableAccount(
  database: Database,
  { spellings, entry }: Omit<AccountChange, 'tokenGeneration'>,
): Promise<boolean> {
  const isTheirs = isAccountOf(spellings)
  const { found } = await runBatch(database, {
    updated: updateUserStatement(and(isTheirs, not(isEnabledAccount)), { disabledAt: null }),
    ...recordedStatements(entry, isTheirs),
    found: build.select({ userId: users.id }).from(users).where(isTheirs),
  })
  return decodeRows(changedRow, found).length > 0
}

/** Without `isNeeded` of the account, nothing is revoked. Then the later statements change nothing. */
async function endEverything(
  database: Database,
  { spellings, tokenGeneration, entry }: AccountChange,
  change: UserColumns,
  isNeeded?: SQL,
): Promise<boolean> {
  const isTheirs = isAccountOf(spellings)
  const { updated } = await runBatch(database, {
    revoked: insertGenerationRevocationStatement(and(isTheirs, isNeeded)),
    ...recordedStatements(entry, isTheirs),
    replaced: updateRevokedGenerationStatement(isTheirs, { tokenGeneration }),
    ended: updateEndedSessionsStatement(isTheirs, tokenGeneration),
    updated: updateUserStatement(isTheirs, change),
  })
  return decodeRows(changedRow, updated).length > 0
}

/** Records a success for the account that the condition selects, if there was a change. */
function recordedStatements(entry: AuditEntry, whose: SQL | undefined, target?: string) {
  const fact = { outcome: 'success', userId: sql`${users.id}`, target } as const
  return auditStatements('recorded', entry, { ...fact, of: ofAccount(whose) })
}

/** The columns that an update of an account can set. */
type UserColumns = Parameters<ReturnType<typeof build.update<typeof users>>['set']>[0]

function updateUserStatement(whose: SQL | undefined, columns: UserColumns) {
  return build.update(users).set(columns).where(whose).returning({ userId: users.id })
}
