// Migrates a database to the schema of this version, for the commands.

import type { Client } from '@libsql/client/node'
import { parseDatabaseUrl } from '../service/config/database-url.ts'
import { beginNewHistory } from '../service/domain/feed/begin-new-history.ts'
import {
  applyMigrations,
  isSchemaTooNew,
  listPendingMigrations,
  type Migration,
  readMigrations,
} from '../service/store/node/apply-migrations.ts'
import { databaseFileOf, isMissingFile } from '../service/store/node/database-file.ts'
import { administratorEntry } from './audited-commands.ts'
import { Failure } from './failure.ts'
import { warnOfReaders } from './private-file.ts'
import { type DatabaseAddress, databaseOf, withDatabase } from './with-database.ts'

/**
 * Applies the pending migrations, calls `tell` after each, and returns them. Idempotent, and safe
 * when run twice at once.
 */
export function migrate(
  address: DatabaseAddress,
  tell: (line: string) => void,
): Promise<Migration[]> {
  warnOfDatabaseReaders(address.url)
  return withDatabase({ ...address, makesFile: true }, 'The migration failed', async (client) => {
    await refuseLaterSchema(client)
    const applied: Migration[] = []
    await applyMigrations(client, (migration) => {
      applied.push(migration)
      tell(`Applied migration ${migration.version}, ${migration.name}.`)
    })
    return applied
  })
}

/** The migrations that are not applied yet. Changes nothing. */
export function findPending(address: DatabaseAddress): Promise<Migration[]> {
  // Opening a missing file would create it. `withDatabase` refuses an invalid URL.
  if (parseDatabaseUrl(address.url).ok && isMissingFile(address.url))
    return Promise.resolve(readMigrations())
  return withDatabase(address, 'The migrations were not checked', async (client) => {
    await refuseLaterSchema(client)
    return listPendingMigrations(client)
  })
}

/**
 * Gives the history of revocations a new epoch, and revokes every token of the keys, in one batch.
 * Guards that follow the feed load it again, and forget no revocation.
 */
export function beginNewHistoryIn(
  address: DatabaseAddress,
  keyIds: readonly string[],
): Promise<void> {
  return withDatabase(address, 'No new history of revocations was begun', (client) =>
    beginNewHistory(databaseOf(client), keyIds, administratorEntry('migrate --restored')),
  )
}

/** Accepts a schema of a later version if this version can still use it. */
async function refuseLaterSchema(client: Client): Promise<void> {
  if (await isSchemaTooNew(client)) {
    throw new Failure(
      'A later version of Portcullis has migrated the database, and this version cannot use it: use that later version.',
    )
  }
}

function warnOfDatabaseReaders(url: string): void {
  const file = databaseFileOf(url)
  // The pattern includes the files that SQLite creates next to it.
  const warning = file && warnOfReaders(file, `${file}*`)
  if (warning) console.error(warning)
}
