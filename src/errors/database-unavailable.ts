/**
 * The database could not be reached in time, or its answer was not usable. This is an outage, not a
 * bug. The store throws it, and the outermost layer answers 503. A write may have been committed or
 * not, so a caller must not acknowledge it.
 */
export class DatabaseUnavailable extends Error {
  override readonly name: string = 'DatabaseUnavailable'
}

/** The database lacks a table or a column, because it was not migrated for this version. */
export class SchemaOutdated extends DatabaseUnavailable {
  override readonly name = 'SchemaOutdated'
}
