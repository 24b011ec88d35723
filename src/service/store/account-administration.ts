// What administrators do to accounts, as rows. Whatever takes something away revokes the account's
// generation in the same batch, and with it every token that says otherwise.

import { and, eq, or, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { endSessionsOf, replaceRevokedGeneration, revokeGeneration } from './account-endings.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { decodeRows, integer } from './rows.ts'
import { users } from './schema.ts'
import { roleColumnsOf } from './users.ts'

/** Whose account, and what a change of it needs. */
export interface AccountChange {
  readonly emailNormalized: string
  /** A fresh generation, in the place of the one that is revoked. */
  readonly tokenGeneration: string
}

const changedRow = v.object({ userId: integer })

/**
 * Gives the account exactly these roles. Where that changes anything, its tokens are revoked; its
 * sessions go on, and are given new ones with their next refresh. Atomic, idempotent; one round trip.
 *
 * @returns whether there is such an account
 */
export async function updateRoles(
  database: Database,
  change: AccountChange,
  roles: readonly string[],
): Promise<boolean> {
  const isTheirs = eq(users.emailNormalized, change.emailNormalized)
  const columns = roleColumnsOf(roles)
  const differ = or(
    sql`${users.admin} <> ${columns.admin ? 1 : 0}`,
    sql`${users.otherRoles} <> ${columns.otherRoles}`,
  )
  const [, , updated] = await runBatch(database, [
    revokeGeneration(and(isTheirs, differ)),
    replaceRevokedGeneration(isTheirs, { tokenGeneration: change.tokenGeneration }),
    build.update(users).set(columns).where(isTheirs).returning({ userId: users.id }),
  ])
  return decodeRows(changedRow, updated).length > 0
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
  { emailNormalized }: Pick<AccountChange, 'emailNormalized'>,
): Promise<boolean> {
  const [updated] = await runBatch(database, [
    build
      .update(users)
      .set({ disabledAt: null })
      .where(eq(users.emailNormalized, emailNormalized))
      .returning({ userId: users.id }),
  ])
  return decodeRows(changedRow, updated).length > 0
}

async function endEverything(
  database: Database,
  { emailNormalized, tokenGeneration }: AccountChange,
  change: Pick<Parameters<ReturnType<typeof build.update<typeof users>>['set']>[0], 'disabledAt'>,
): Promise<boolean> {
  const isTheirs = eq(users.emailNormalized, emailNormalized)
  const [, , , updated] = await runBatch(database, [
    revokeGeneration(isTheirs),
    replaceRevokedGeneration(isTheirs, { tokenGeneration }),
    endSessionsOf(isTheirs, tokenGeneration),
    build.update(users).set(change).where(isTheirs).returning({ userId: users.id }),
  ])
  return decodeRows(changedRow, updated).length > 0
}
