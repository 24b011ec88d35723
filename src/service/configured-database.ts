// The remote database of the settings, for every platform.

import type { Config } from './config/config.ts'
import type { Database } from './store/database.ts'
import { openRemoteDatabase } from './store/remote-database.ts'

/** The database of TURSO_DATABASE_URL and the settings that belong to it. No I/O yet. */
export function openConfiguredDatabase(config: Config): Database {
  return openRemoteDatabase({
    url: config.databaseUrl,
    authToken: config.databaseAuthToken,
    timeoutMs: config.databaseTimeoutMs,
    hasReplicas: config.databaseHasReplicas,
  })
}
