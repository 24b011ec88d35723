// The database client is an optional peer dependency, because guards do not need it. The commands
// that need it load it when they run.

import { settings } from '../service/config/settings.ts'
import { variableText } from '../service/config/variable-text.ts'
import { Failure } from './failure.ts'

/**
 * Returns what `load` imports. Throws a Failure that says what to install, if the client is
 * missing.
 */
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

/**
 * The database URL from `--url` or the variable, and its token, read in the same way as by the
 * service.
 */
export function databaseAddress(option: string | undefined) {
  const { TURSO_DATABASE_URL, TURSO_AUTH_TOKEN, INSECURE_HTTP } = process.env
  const url = variableText(option) ?? variableText(TURSO_DATABASE_URL)
  const token = variableText(TURSO_AUTH_TOKEN)
  const authToken = token === undefined ? undefined : settings.TURSO_AUTH_TOKEN.parse(token)
  if (authToken && !authToken.ok) throw new Failure(`TURSO_AUTH_TOKEN ${authToken.error}.`, 'usage')
  const allowsInsecureHttp = variableText(INSECURE_HTTP) === 'allow'
  // Without `--url`, the option has the value of the variable.
  const givenAs = url === variableText(TURSO_DATABASE_URL) ? 'TURSO_DATABASE_URL' : '--url'
  if (url) return { url, givenAs, authToken: authToken?.value, allowsInsecureHttp }
  throw new Failure(
    'Say which database: set TURSO_DATABASE_URL (and TURSO_AUTH_TOKEN), or pass --url.',
    'usage',
  )
}
