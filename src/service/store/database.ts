// The only access to the database. Drizzle builds statements; `runBatch` and `readBatch` execute
// and decode them, in one round trip. There are no interactive transactions: a Worker that dies
// inside one would block every writer for seconds. The conditions are in the SQL instead.
//
// Names in the store: a function whose name ends in `Statement` only builds a statement. Names with
// `is…` and `may…` build conditions. Names that end in `Columns` are columns. Functions that take a
// database execute.

import { type Client, LibsqlError, type ResultSet } from '@libsql/client/http'
import { eq, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import { must, type Rule } from '../../errors/check-options.ts'
import { DatabaseUnavailable, SchemaOutdated } from '../../errors/database-unavailable.ts'
import { isObject } from '../../token/json.ts'
import { feedState } from './schema.ts'
import { build, prepare } from './statements.ts'

export { build } from './statements.ts'

/**
 * A libSQL database: where it is, and how to send statements to it. Safe to keep while the process
 * or isolate lives.
 */
export interface Database {
  /**
   * Runs `use` with a client, and again if the database was too busy to begin. A remote database
   * gives a new client each time. On Workers, requests must never share a client. Its queued work
   * would run in another request's context, and be cancelled with it. A database in a file gives
   * the one client of the process.
   */
  withClient<T>(use: (client: Client) => Promise<T>): Promise<T>
  /** Whether reads may go to a replica, which can be behind the primary. */
  readonly hasReplicas: boolean
  /** Its host, for the log. Default: the log does not name it. */
  readonly host?: string
}

/** Whether something is a database. */
export const databaseRule: Rule = must(
  (value) => isObject(value) && typeof value.withClient === 'function' && 'hasReplicas' in value,
  'a database, as openRemoteDatabase gives it',
)

type Statement = BatchItem<'sqlite'>

/**
 * The statements of a batch, at least one, by name. They run in the order in which they are
 * written. A name must not be a number, because JavaScript puts numeric keys first.
 * `joinStatements` makes one batch of two.
 */
export type Statements = Readonly<Record<string, Statement>>

/** The result of a batch: the answer of each statement, under its name. */
export type Answers<T extends Statements> = { readonly [Name in keyof T]: T[Name]['_']['result'] }

/**
 * The database's clock, in seconds since 1970. All times in rows come from it, so that all machines
 * agree on them. Only the expiry of a token may come from the service's clock.
 */
export const databaseNow = sql<number>`unixepoch()`

/**
 * Two batches as one: the statements of `first`, then those of `second`. The types forbid a shared
 * name, because the later statement would replace the earlier one.
 */
export function joinStatements<
  First extends Statements,
  Second extends Statements & { readonly [Name in keyof First]?: never },
>(first: First, second: Second): First & Second {
  return { ...first, ...second }
}

/**
 * Runs statements that write, and reads that belong to them, as one atomic batch. One round trip,
 * all or nothing, serialised with every other writer. The statements run in the order in which they
 * are written: `runBatch(database, { updated: …, found: … })` reads what it has updated.
 *
 * @returns the answer of each statement, under its name
 * @throws DatabaseUnavailable when there is no answer in time, or no usable one. The caller then
 * cannot know whether the batch was committed.
 */
export function runBatch<T extends Statements>(
  database: Database,
  statements: T,
): Promise<Answers<T>> {
  return execute(database, 'write', statements)
}

/**
 * Runs statements that only read, in one round trip over one snapshot. Otherwise like `runBatch`.
 * With replicas, it still goes to the primary. A decision about access must not depend on how far
 * behind a replica is.
 *
 * @throws DatabaseUnavailable as `runBatch`
 */
export function readBatch<T extends Statements>(
  database: Database,
  statements: T,
): Promise<Answers<T>> {
  return execute(database, database.hasReplicas ? 'write' : 'read', statements)
}

async function execute<T extends Statements>(
  database: Database,
  mode: 'read' | 'write',
  statements: T,
): Promise<Answers<T>> {
  const touch = mode === 'write' && database.hasReplicas ? [touchPrimaryStatement] : []
  const batch = [...touch, ...Object.values(statements)]
  try {
    const answers = await database.withClient((client) => sendBatch(client, mode, batch))
    const named = Object.keys(statements).map(
      (name, at) => [name, answers[touch.length + at]] as const,
    )
    return Object.fromEntries(named) as Answers<T>
  } catch (error) {
    throw isConstraintViolation(error) ? error : outage(error, database.host)
  }
}

/**
 * One statement is atomic by itself, so it is sent without a transaction. Under load, the database
 * then does not wait between BEGIN and COMMIT. Several statements are one transaction in the mode
 * that they need. In a deferred transaction, a batch that reads first can fail when it begins to
 * write.
 */
async function sendBatch(
  client: Client,
  mode: 'read' | 'write',
  statements: readonly Statement[],
): Promise<readonly unknown[]> {
  const prepared = statements.map(prepare)
  const [first, ...others] = prepared
  const results =
    first && others.length === 0
      ? [await client.execute(first.statement)]
      : await client.batch(
          prepared.map(({ statement }) => statement),
          mode,
        )
  return prepared.map(({ decode }, at) => decode(results[at] as ResultSet))
}

/**
 * Changes nothing. A batch that begins with it runs on the primary, even when its other statements
 * only read.
 */
const touchPrimaryStatement = build
  .update(feedState)
  .set({ epoch: sql`${feedState.epoch}` })
  .where(eq(feedState.id, 0))

/** A row that the schema forbids is a bug in this code. Every other failure here is an outage. */
function isConstraintViolation(error: unknown): boolean {
  return error instanceof LibsqlError && error.code.startsWith('SQLITE_CONSTRAINT')
}

/**
 * Describes the failure without quoting it, because messages of the client can contain SQL. Logs
 * omit the cause.
 */
function outage(error: unknown, host: string | undefined): DatabaseUnavailable {
  if (error instanceof DatabaseUnavailable) return error
  const text = String(error)
  if (/no such (table|column)|has no column/.test(text)) {
    return new SchemaOutdated(
      'The schema of the database is older than this version. Run `portcullis migrate`.',
      { cause: error },
    )
  }
  const kind = error instanceof LibsqlError ? error.code : error instanceof Error ? error.name : ''
  const [what, check] = /status 40[13]/.test(text)
    ? ['refuses the token', 'TURSO_AUTH_TOKEN']
    : ['gave no usable answer', 'that it runs, and TURSO_DATABASE_URL']
  const message = `The database${host ? ` at ${host}` : ''} ${what} (${kind || 'unknown'}): check ${check}.`
  return new DatabaseUnavailable(message, { cause: error })
}
