// Opens a database for a command, once: what goes wrong becomes a sentence.

import { type Client, createClient, LibsqlError } from '@libsql/client/node'
import { DatabaseUnavailable } from '../errors/database-unavailable.ts'
import { insecure, parseDatabaseUrl } from '../service/config/database-url.ts'
import type { Database } from '../service/store/database.ts'
import { createDatabaseFile } from '../service/store/node/database-file.ts'
import { isInsecureUrl } from '../token/loopback.ts'
import { Failure } from './failure.ts'

/** Which database, and what for. */
export interface DatabaseAddress {
  readonly url: string
  readonly authToken?: string | undefined
  /** As INSECURE_HTTP. Default: false. */
  readonly allowsInsecureHttp?: boolean
  /** Gives up when the user has ended the command. */
  readonly stopping?: AbortSignal
}

const timeoutMs = 15_000

/**
 * Runs `use` with a client of the database.
 *
 * @param failed begins the sentence of every failure: "The migration failed"
 * @throws Failure
 */
export async function withDatabase<T>(
  { url, authToken, allowsInsecureHttp, stopping }: DatabaseAddress,
  failed: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const isAddress = parseDatabaseUrl(url)
  if (!isAddress.ok) {
    throw new Failure(`${failed}: that is no address of a database; it ${isAddress.error}.`)
  }
  if (!allowsInsecureHttp && isInsecureUrl(url)) {
    throw new Failure(`${failed}: the address ${insecure}`)
  }
  let client: Client | undefined
  try {
    const fetchInTime = (request: Request) => {
      const timeout = AbortSignal.timeout(timeoutMs)
      return fetch(request, { signal: stopping ? AbortSignal.any([stopping, timeout]) : timeout })
    }
    createDatabaseFile(url)
    client = createClient({
      url,
      fetch: fetchInTime,
      timeout: timeoutMs,
      ...(authToken && { authToken }),
    })
    return await use(client)
  } catch (error) {
    if (error instanceof Failure) throw error
    const cause = error instanceof DatabaseUnavailable ? error.cause : error
    throw new Failure(`${failed}: ${explain(cause)}`)
  } finally {
    client?.close()
  }
}

/** The database behind the client of a command, for as long as the command runs. */
export function databaseOf(client: Client): Database {
  // The update of no rows that goes to the primary is harmless where there are no replicas.
  return { hasReplicas: true, withClient: (use) => use(client) }
}

/** What the clients say in their messages, and what to do about it. */
const explanations: readonly (readonly [RegExp, string])[] = [
  [
    /symbolic link/,
    'the database file is a symbolic link to nothing; make the file that it leads to, or remove it.',
  ],
  [
    /no such (table|column)|has no column/,
    'the schema is older than this version; run `portcullis migrate`.',
  ],
  [/NOTADB/, 'the file is no database; check TURSO_DATABASE_URL.'],
  [/BUSY|locked/i, 'another process is writing to the database; try again when it is done.'],
  [/timeout|timed out/i, 'the database did not answer within 15 s; check TURSO_DATABASE_URL.'],
  [
    /CANTOPEN|unable to open|ConnectionFailed/i,
    'the database file cannot be opened; check that its folder exists and can be written.',
  ],
  [
    /ECONNREFUSED|ENOTFOUND|fetch failed|error sending request/i,
    'the database cannot be reached; check TURSO_DATABASE_URL, and that it is running.',
  ],
  [/status 40[13]|unauthorized/i, 'the database refuses the token; check TURSO_AUTH_TOKEN.'],
  [/HTTP status|JSON/i, 'what answers there is no libSQL database; check TURSO_DATABASE_URL.'],
]

function explain(error: unknown): string {
  const code = error instanceof LibsqlError ? error.code : ''
  const text = `${code} ${error} ${error instanceof Error ? error.cause : ''}`
  const known = explanations.find(([message]) => message.test(text))
  return known?.[1] ?? `${text.trim()}. Nothing of it was applied; mend that, and run it again.`
}
