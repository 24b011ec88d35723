// The client of the database is an optional peer of the package, so that guards do without it: the
// commands that need it load it when they run.

import { settings } from '../service/config/settings.ts'
import { variableText } from '../service/config/variable-text.ts'
import { Failure } from './failure.ts'

/** What `load` imports, or a sentence that says what to install. */
export async function loadDatabaseClient<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if (!/Cannot find (package|module)/.test(`${error}`)) throw error
    throw new Failure(
      'The client of the database is not installed: run `npm install @libsql/client drizzle-orm bcryptjs`.',
    )
  }
}

/** The database of `--url`, or of the variable, and the token for it, as the service reads them. */
export function databaseAddress(option: string | undefined) {
  const { TURSO_DATABASE_URL, TURSO_AUTH_TOKEN, INSECURE_HTTP } = process.env
  const url = variableText(option) ?? variableText(TURSO_DATABASE_URL)
  const token = variableText(TURSO_AUTH_TOKEN)
  const authToken = token === undefined ? undefined : settings.TURSO_AUTH_TOKEN.parse(token)
  if (authToken && !authToken.ok) throw new Failure(`TURSO_AUTH_TOKEN ${authToken.error}.`, 'usage')
  const allowsInsecureHttp = variableText(INSECURE_HTTP) === 'allow'
  // `--url` has the value of the variable where it is not given.
  const givenAs = url === variableText(TURSO_DATABASE_URL) ? 'TURSO_DATABASE_URL' : '--url'
  if (url) return { url, givenAs, authToken: authToken?.value, allowsInsecureHttp }
  throw new Failure(
    'Say which database: set TURSO_DATABASE_URL (and TURSO_AUTH_TOKEN), or pass --url.',
    'usage',
  )
}
