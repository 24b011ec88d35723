// Which schema this version needs, and which one the database has. The migrations are in the folder
// migrations/.

import { desc, eq, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { build, type Database, readBatch } from './database.ts'
import { decodeRow, decodeRows, integer } from './rows.ts'
import { migrations } from './schema.ts'

/** The number of the last migration that this version of the service was written for. */
export const schemaVersion = 9

export interface AppliedMigration {
  readonly version: number
  /** The lowest schema version whose services still work on this schema. */
  readonly oldestSchemaServed: number
}

const tableRow = v.object({ tables: integer })
const migrationRow = v.object({ version: integer, oldestSchemaServed: integer })

/** The last migration of the database, or undefined before the first. At most two round trips. */
export async function findLastMigration(database: Database): Promise<AppliedMigration | undefined> {
  const { tables } = await readBatch(database, {
    tables: build
      .select({ tables: sql<number>`count(*)` })
      .from(sql`sqlite_master`)
      .where(eq(sql`name`, 'portcullis_migrations')),
  })
  if (decodeRow(tableRow, tables).tables === 0) return undefined
  const { last } = await readBatch(database, {
    last: build
      .select({ version: migrations.version, oldestSchemaServed: migrations.oldestSchemaServed })
      .from(migrations)
      .orderBy(desc(migrations.version))
      .limit(1),
  })
  return decodeRows(migrationRow, last)[0]
}
