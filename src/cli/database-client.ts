// The client of the database is an optional peer of the package, so that guards do without it: the
// commands that need it load it when they run.

import { Failure } from './failure.ts'

/** What `load` imports, or a sentence that says what to install. */
export async function loadDatabaseClient<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if (!/Cannot find (package|module)/.test(`${error}`)) throw error
    throw new Failure(
      'The client of the database is not installed: run `npm install @libsql/client drizzle-orm`.',
    )
  }
}

/** The database of `--url`, which has the variable as its default, and the token for it. */
export function databaseAddress(url: string | undefined) {
  if (url) return { url, authToken: process.env.TURSO_AUTH_TOKEN }
  throw new Failure(
    'Say which database: set TURSO_DATABASE_URL (and TURSO_AUTH_TOKEN), or pass --url.',
  )
}
