// Builds statements with drizzle's query builders, and decodes what the database answers. Drizzle's
// own database has more, which nothing here uses: relational queries, transactions and a cache.

import type { InStatement, ResultSet } from '@libsql/client/http'
import { Column, is, type Query, SQL } from 'drizzle-orm'
import type { drizzle } from 'drizzle-orm/libsql/http'
import {
  SQLiteAsyncDialect,
  SQLiteDeleteBase,
  SQLiteInsertBuilder,
  SQLiteSelectBuilder,
  SQLiteUpdateBuilder,
} from 'drizzle-orm/sqlite-core'

/** A column that a statement gives back, as drizzle describes it. */
interface GivenField {
  readonly path: readonly string[]
  readonly field: unknown
}

/** A statement for the database, and how its answer is decoded. */
interface PreparedStatement {
  readonly statement: InStatement
  decode(result: ResultSet): unknown
}

const dialect = new SQLiteAsyncDialect()

/** What the builders ask to prepare a statement. */
const session = {
  prepareOneTimeQuery(query: Query, fields: readonly GivenField[] | undefined): PreparedStatement {
    return {
      statement: { sql: query.sql, args: query.params as never[] },
      decode: (result) => (fields ? result.rows.map((row) => decodeRow(fields, row)) : result),
    }
  },
}

type Builders = Pick<ReturnType<typeof drizzle.mock>, 'select' | 'insert' | 'update' | 'delete'>

/** Builds statements; executes nothing. */
export const build = {
  select: (fields?: never) =>
    new SQLiteSelectBuilder({ fields, session, dialect } as never) as never,
  insert: (table: never) => new SQLiteInsertBuilder(table, session as never, dialect),
  update: (table: never) => new SQLiteUpdateBuilder(table, session as never, dialect),
  delete: (table: never) => new SQLiteDeleteBase(table, session as never, dialect),
} as unknown as Builders

/** The statement as the database takes it. */
export function prepare(statement: object): PreparedStatement {
  return (statement as { _prepare(): PreparedStatement })._prepare()
}

function decodeRow(fields: readonly GivenField[], row: ArrayLike<unknown>): object {
  return Object.fromEntries(
    fields.map(({ path, field }, at) => {
      const value = row[at]
      return [path[0], value === null ? null : decoderOf(field).mapFromDriverValue(value)]
    }),
  )
}

function decoderOf(field: unknown): { mapFromDriverValue(value: unknown): unknown } {
  if (is(field, Column)) return field
  const of = is(field, SQL) ? field : (field as SQL.Aliased).sql
  return (of as unknown as { readonly decoder: ReturnType<typeof decoderOf> }).decoder
}
