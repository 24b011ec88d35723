// Deletes expired rows in chunks, so that one writer does not block the others for long.

import { inArray, type SQL } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { build, type Database, runBatch } from './database.ts'

/** Rows per delete. */
export const maxRowsPerDelete = 1_000

/**
 * Deletes up to 1,000 rows that satisfy the condition. One round trip.
 *
 * @param key the primary key of the table
 * @returns how many were deleted; fewer than `maxRowsPerDelete` means that none are left
 */
export async function deleteRows(
  database: Database,
  key: SQLiteColumn,
  isOver: SQL,
): Promise<number> {
  const over = build.select({ key }).from(key.table).where(isOver).limit(maxRowsPerDelete)
  const { deleted } = await runBatch(database, {
    deleted: build.delete(key.table).where(inArray(key, over)),
  })
  return deleted.rowsAffected
}
