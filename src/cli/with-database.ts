// Opens a database once for a command, and turns every failure into a sentence.

import { type Client, createClient, LibsqlError } from '@libsql/client/node'
import { DatabaseUnavailable } from '../errors/database-unavailable.ts'
import { insecure, parseDatabaseUrl } from '../service/config/database-url.ts'
import type { Database } from '../service/store/database.ts'
import { createDatabaseFile, isMissingFile } from '../service/store/node/database-file.ts'
import { isInsecureUrl } from '../token/loopback.ts'
import { Failure, type FailureKind } from './failure.ts'

/** Which database to open, and how. */
export interface DatabaseAddress {
  readonly url: string
  /**
   * The option or variable that gave the URL, for error messages. Default: `TURSO_DATABASE_URL`.
   */
  readonly givenAs?: string
  readonly authToken?: string | undefined
  /** Same as INSECURE_HTTP. Default: false. */
  readonly allowsInsecureHttp?: boolean
  /** Whether a missing file is created. Default: false, and a missing file is refused. */
  readonly makesFile?: boolean
  /** Stops requests when the user ends the command. */
  readonly stopping?: AbortSignal
}

const timeoutMs = 15_000

/**
 * Runs `use` with a client of the database.
 *
 * @param failed the first words of every error message, such as "The migration failed"
 * @throws Failure
 */
export async function withDatabase<T>(
  address: DatabaseAddress,
  failed: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { url, authToken, makesFile = false, stopping } = address
  refuseAddress(address, failed)
  let client: Client | undefined
  try {
    const fetchInTime = (request: Request) => {
      const timeout = AbortSignal.timeout(timeoutMs)
      return fetch(request, { signal: stopping ? AbortSignal.any([stopping, timeout]) : timeout })
    }
    if (makesFile) createDatabaseFile(url)
    if (isMissingFile(url)) throw new Failure(`${failed}: ${cannotOpen}`)
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
    throw explain(failed, cause, nameOf(address))
  } finally {
    client?.close()
  }
}

function nameOf({ givenAs = 'TURSO_DATABASE_URL' }: DatabaseAddress): string {
  return givenAs
}

function refuseAddress(address: DatabaseAddress, failed: string): void {
  const isAddress = parseDatabaseUrl(address.url)
  const isRefusedHttp = !address.allowsInsecureHttp && isInsecureUrl(address.url)
  const problem = isAddress.ok ? isRefusedHttp && insecure : `${isAddress.error}.`
  if (problem) throw new Failure(`${failed}: ${nameOf(address)} ${problem}`, 'usage')
}

/** The database behind the client of a command, while the command runs. */
export function databaseOf(client: Client): Database {
  // With `hasReplicas`, each batch first runs an update of no rows. That is harmless without
  // replicas.
  return { hasReplicas: true, withClient: (use) => use(client) }
}

const cannotOpen =
  'the database file cannot be opened; check that it exists, and that its folder can be written.'

/** A placeholder for the option or variable that gave the URL. */
const addressName = '{address}'

/** Patterns of client messages, what the user should do, and the kind of failure. */
const explanations: readonly (readonly [RegExp, string, FailureKind?])[] = [
  [
    /symbolic link/,
    'the database file is a symbolic link to nothing; make the file that it leads to, or remove the link.',
  ],
  [
    /no such (table|column)|has no column/,
    'the schema is older than this version; run `portcullis migrate`.',
    'pending',
  ],
  [/NOTADB/, `the file is not a database; check ${addressName}.`],
  [
    /BUSY|locked/i,
    'another process is writing to the database; try again when it is done.',
    'unreachable',
  ],
  [
    /timeout|timed out/i,
    `the database did not answer within 15 s; check ${addressName}.`,
    'unreachable',
  ],
  [/CANTOPEN|unable to open|ConnectionFailed/i, cannotOpen],
  [
    /ECONNREFUSED|ENOTFOUND|fetch failed|error sending request/i,
    `the database cannot be reached; check ${addressName}, and that it is running.`,
    'unreachable',
  ],
  [/status 40[13]|unauthorized/i, 'the database refuses the token; check TURSO_AUTH_TOKEN.'],
  [
    /HTTP status|JSON/i,
    `what answers there is no libSQL database; check ${addressName}.`,
    'unreachable',
  ],
]

function explain(failed: string, error: unknown, givenAs: string): Failure {
  const code = error instanceof LibsqlError ? error.code : ''
  const text = `${code} ${error} ${error instanceof Error ? error.cause : ''}`
  const [, explanation, kind] = explanations.find(([message]) => message.test(text)) ?? []
  const sentence = explanation?.replace(addressName, givenAs)
  return new Failure(
    `${failed}: ${sentence ?? `${text.trim()}. The step that failed has changed nothing. Mend the cause, and run the command again.`}`,
    kind,
  )
}
