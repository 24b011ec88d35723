/**
 * The database could not be reached in time, or its answer made no sense: an outage, not a bug.
 * Thrown by the store, answered 503 by the outermost layer. Whether a write took place is unknown,
 * so nothing may be acknowledged after it.
 */
export class DatabaseUnavailable extends Error {
  override readonly name: string = 'DatabaseUnavailable'
}

/** The database lacks a table or a column: nobody has migrated it for this version. */
export class SchemaOutdated extends DatabaseUnavailable {
  override readonly name = 'SchemaOutdated'
}
