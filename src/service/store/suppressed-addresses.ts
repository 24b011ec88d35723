// Addresses that a provider refuses for good. They get no mail for a week, or until somebody proves
// them.

import { and, eq, exists, type SQL, sql } from 'drizzle-orm'
import { build, type Database, databaseNow } from './database.ts'
import { deleteRows } from './delete-rows.ts'
import { suppressedAddresses } from './mail-schema.ts'

const weekSeconds = 7 * 86_400

/** The condition that mail to an address is refused for good, as far as is known. */
export function isSuppressed(recipient: SQL): SQL {
  return exists(
    build
      .select({ until: suppressedAddresses.until })
      .from(suppressedAddresses)
      .where(
        and(
          eq(suppressedAddresses.recipient, recipient),
          sql`${suppressedAddresses.until} > ${databaseNow}`,
        ),
      ),
  )
}

/** Lets an address get no mail for a week. */
export function suppressStatement(recipient: string) {
  const until = sql`${databaseNow} + ${weekSeconds}`
  return build
    .insert(suppressedAddresses)
    .values({ recipient, until })
    .onConflictDoUpdate({ target: suppressedAddresses.recipient, set: { until } })
}

/** Lets an address get mail again: somebody has proved it. */
export function unsuppressStatement(recipient: SQL) {
  return build
    .delete(suppressedAddresses)
    .where(sql`${suppressedAddresses.recipient} = (${recipient})`)
}

/** Deletes up to 1,000 addresses whose time is over. Returns the same as `deleteRows`. */
export function deleteEndedSuppressions(database: Database): Promise<number> {
  const { recipient, until } = suppressedAddresses
  return deleteRows(database, recipient, sql`${until} <= ${databaseNow}`)
}
