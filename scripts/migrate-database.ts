// Opens a database for the commands, and brings it to the schema of this version: what goes wrong becomes a sentence.

import { type Client, createClient, LibsqlError } from '@libsql/client/node'
import { Failure } from './failure.ts'
import { applyMigrations, listPendingMigrations, type Migration } from './migrations.ts'

export interface DatabaseAddress {
  readonly url: string
  readonly authToken?: string | undefined
}

const timeoutMs = 15_000

/** Applies what is pending and tells of each. Idempotent, and safe when run twice at once. */
export function migrate(address: DatabaseAddress, tell: (line: string) => void): Promise<void> {
  return withDatabase(address, (client) =>
    applyMigrations(client, ({ version, name }) => tell(`Applied migration ${version}, ${name}.`)),
  )
}

/** What has not been applied. Changes nothing. */
export function findPending(address: DatabaseAddress): Promise<Migration[]> {
  return withDatabase(address, listPendingMigrations)
}

async function withDatabase<T>(
  { url, authToken }: DatabaseAddress,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  let client: Client | undefined
  try {
    const fetchInTime = (request: Request) =>
      fetch(request, { signal: AbortSignal.timeout(timeoutMs) })
    client = createClient({
      url,
      fetch: fetchInTime,
      timeout: timeoutMs,
      ...(authToken && { authToken }),
    })
    return await use(client)
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(`The migration failed: ${explain(error)}`)
  } finally {
    client?.close()
  }
}

function explain(error: unknown): string {
  const text = `${error} ${error instanceof Error ? error.cause : ''}`
  if (/TimeoutError|timed? ?out/i.test(text)) {
    return 'the database did not answer within 15 s; check TURSO_DATABASE_URL and try again.'
  }
  if (/ECONNREFUSED|ENOTFOUND|fetch failed|connect/i.test(text)) {
    return 'the database cannot be reached; check TURSO_DATABASE_URL, and that it is running.'
  }
  if (/40[13]|unauthorized/i.test(text)) {
    return 'the database refuses the token; check TURSO_AUTH_TOKEN.'
  }
  if (/CANTOPEN|unable to open|ConnectionFailed/i.test(text)) {
    return 'the database file cannot be opened; check that its folder exists and can be written.'
  }
  const what = error instanceof LibsqlError ? error.message : text.trim()
  return `${what} Nothing of it was applied; mend that, and run it again.`
}
