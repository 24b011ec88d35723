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
   * Closes the file for good, with all that the write-ahead log has moved into it. What is asked
   * later fails. Without it nothing is lost: the next to open the file reads the log.
   */
  close(): void
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
    close: () => client.close(),
  }
}
