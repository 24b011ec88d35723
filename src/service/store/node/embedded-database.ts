// libSQL inside the process, over a file. For Deno; Workers have no files, and their bundle must
// not hold this one.

import { createClient } from '@libsql/client/node'
import type { Database } from '../database.ts'
import { createDatabaseFile } from './database-file.ts'

/** How long a writer waits for another process that is writing to the same file. */
const busyTimeoutMs = 5_000

/** A database in a file, which is open until it is closed. */
export interface EmbeddedDatabase extends Database {
  /**
   * Moves the write-ahead log into the file, and closes it for good: what is asked later fails.
   * Waits up to 5 s for others who use the file. The log stays where they go on, and nothing is
   * lost with it. Never rejects.
   */
  close(): Promise<void>
}

/**
 * A database in a file (`file:` URL), opened once for the process, in WAL mode so that reading does
 * not wait for writing. A file that is missing is made, for its owner alone. Rejects where it
 * cannot be opened.
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
      // Closing alone does so only where nobody else has the file open.
      await client.execute('PRAGMA wal_checkpoint(TRUNCATE)').catch(() => {})
      client.close()
    },
  }
}
