// libSQL inside the process, over a file. For Deno: Workers have no files, so their bundle must not
// contain this module.

import { createClient } from '@libsql/client/node'
import type { Database } from '../database.ts'
import { createDatabaseFile } from './database-file.ts'

/** How long a writer waits while another process writes to the same file. */
const busyTimeoutMs = 5_000

/** A database in a file. It stays open until `close`. */
export interface EmbeddedDatabase extends Database {
  /**
   * Moves the write-ahead log into the file, and closes the database. Later statements fail. Waits
   * up to 5 s for other processes that use the file. If they go on, the log stays, and no data is
   * lost. Never rejects.
   */
  close(): Promise<void>
}

/**
 * A database in a file (`file:` URL), opened once for the process. It is in WAL mode, so that reads
 * do not wait for writes. A missing file is created, and only its owner can access it. Rejects when
 * the file cannot be opened.
 *
 * @example
 * ```ts
 * import { openEmbeddedDatabase } from 'portcullis/database/embedded'
 *
 * const database = await openEmbeddedDatabase('file:/var/lib/portcullis/portcullis.db')
 * ```
 */
export async function openEmbeddedDatabase(databaseUrl: string): Promise<EmbeddedDatabase> {
  createDatabaseFile(databaseUrl)
  const client = createClient({ url: databaseUrl, timeout: busyTimeoutMs })
  await client.execute('PRAGMA journal_mode = WAL')
  return {
    hasReplicas: false,
    withClient: (use) => use(client),
    async close() {
      // `client.close()` moves the log only when no other process has the file open.
      await client.execute('PRAGMA wal_checkpoint(TRUNCATE)').catch(() => {})
      client.close()
    },
  }
}
