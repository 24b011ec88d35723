// The platforms of the contract: workerd over sqld, and Deno over a file.

import { createDatabaseFile, startDatabase, type TestDatabase } from '../support/database.ts'
import { serveOnDeno } from '../support/deno.ts'
import type { Server } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

/** A running service, and the database behind it. */
export interface Target extends Server {
  readonly database: TestDatabase
}

export type Platform = 'workerd' | 'Deno'

/** Starts the service on a platform with a fresh database. `stop` ends both. */
export async function startTarget(
  platform: Platform,
  bundle: string,
  variables: Readonly<Record<string, string>>,
): Promise<Target> {
  const database = platform === 'Deno' ? await createDatabaseFile() : await startDatabase()
  const settings = { ...testSettings, TURSO_DATABASE_URL: database.url, ...variables }
  const server =
    platform === 'Deno' ? await serveOnDeno(settings) : await serveOnWorkerd(bundle, settings)
  const stop = async () => {
    await server.stop()
    await database.stop()
  }
  return { ...server, database, stop }
}
