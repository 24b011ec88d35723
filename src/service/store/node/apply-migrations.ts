// Brings a database to the schema of this version. Each migration is one atomic batch. The batch
// first inserts the number of the migration into the ledger. When two processes run it at once,
// only one of them can insert the number. So a run may be repeated, concurrent or interrupted.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Client, LibsqlError } from '@libsql/client/node'

/** A migration of this version of the service. */
export interface Migration {
  readonly version: number
  readonly name: string
  /** The lowest schema version whose services still work after this migration. */
  readonly oldestSchemaServed: number
  readonly statements: readonly string[]
}

const folder = fileURLToPath(new URL('../../../../migrations', import.meta.url).href)
const ledger = `CREATE TABLE IF NOT EXISTS portcullis_migrations (
  version INTEGER PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  oldest_schema_served INTEGER NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT`

/** The migrations in the order of their numbers. */
export function readMigrations(): Migration[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'))
  return files.sort().map(readMigration)
}

/** The migrations that the database does not have yet. Reads only. */
export async function listPendingMigrations(client: Client): Promise<Migration[]> {
  const versions = new Set((await readLedger(client)).map((entry) => entry.version))
  return readMigrations().filter((migration) => !versions.has(migration.version))
}

/**
 * Whether a later version has migrated the database to a schema that this version cannot use. Reads
 * only.
 */
export async function isSchemaTooNew(client: Client): Promise<boolean> {
  const ours = readMigrations().at(-1)?.version ?? 0
  const last = (await readLedger(client)).at(-1)
  return last !== undefined && last.oldestSchemaServed > ours
}

/**
 * Applies the pending migrations in order, and calls `tell` after each. Idempotent, and safe when
 * run twice at once.
 */
export async function applyMigrations(
  client: Client,
  tell: (migration: Migration) => void = () => {},
): Promise<void> {
  await client.execute(ledger)
  for (const migration of await listPendingMigrations(client)) {
    if (await applyMigration(client, migration)) tell(migration)
  }
}

async function readLedger(
  client: Client,
): Promise<Pick<Migration, 'version' | 'oldestSchemaServed'>[]> {
  const tables = await client.execute(
    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'portcullis_migrations'",
  )
  if (tables.rows.length === 0) return []
  const { rows } = await client.execute(
    'SELECT version, oldest_schema_served FROM portcullis_migrations ORDER BY version',
  )
  return rows.map((row) => ({
    version: Number(row.version),
    oldestSchemaServed: Number(row.oldest_schema_served),
  }))
}

/** @returns false when another process has applied it in the meantime */
async function applyMigration(client: Client, migration: Migration): Promise<boolean> {
  const enter = {
    sql: 'INSERT INTO portcullis_migrations (version, name, oldest_schema_served, applied_at) VALUES (?, ?, ?, unixepoch())',
    args: [migration.version, migration.name, migration.oldestSchemaServed],
  }
  try {
    await client.batch([enter, ...migration.statements], 'write')
    return true
  } catch (error) {
    if (isAlreadyEntered(error)) return false
    throw error
  }
}

function isAlreadyEntered(error: unknown): boolean {
  return (
    error instanceof LibsqlError &&
    error.code.startsWith('SQLITE_CONSTRAINT') &&
    error.message.includes('portcullis_migrations.version')
  )
}

function readMigration(file: string): Migration {
  const text = readFileSync(join(folder, file), 'utf8')
  const [, number, name] = /^(\d+)_(\w+)\.sql$/.exec(file) ?? []
  const [, oldestSchemaServed] = /^-- Oldest schema served: (\d+)$/m.exec(text) ?? []
  if (!number || !name || !oldestSchemaServed) {
    throw new Error(`migrations/${file} lacks its number or its line "-- Oldest schema served: N"`)
  }
  return {
    version: Number(number),
    name,
    oldestSchemaServed: Number(oldestSchemaServed),
    statements: text.split('--> statement-breakpoint').map((statement) => statement.trim()),
  }
}
