// What a row must look like. Any other answer means the wrong database or a broken one. This is an
// outage, and the service answers 503.

import * as v from 'valibot'
import { DatabaseUnavailable } from '../../errors/database-unavailable.ts'

/** A whole number, as all ids are. */
export const integer = v.pipe(v.number(), v.safeInteger())

/** Seconds since 1970, until the end of the year 9999. RFC 3339 cannot express later instants. */
export const instant = v.pipe(integer, v.minValue(0), v.maxValue(253_402_300_799))

/** The result of a condition. SQLite returns it as 0 or 1. */
export const flag = v.pipe(
  v.picklist([0, 1]),
  v.transform((value) => value === 1),
)

/**
 * The rows of an answer, checked.
 *
 * @throws DatabaseUnavailable when a row has another shape
 */
export function decodeRows<const S extends v.GenericSchema>(
  row: S,
  rows: readonly unknown[],
): v.InferOutput<S>[] {
  return decode(v.array(row), rows)
}

/**
 * The row of an answer that always has exactly one, checked.
 *
 * @throws DatabaseUnavailable when there is another number of rows, or the row has another shape
 */
export function decodeRow<const S extends v.GenericSchema>(
  row: S,
  rows: readonly unknown[],
): v.InferOutput<S> {
  const [only] = decode(v.pipe(v.array(row), v.length(1)), rows)
  return only as v.InferOutput<S>
}

function decode<const S extends v.GenericSchema>(
  shape: S,
  rows: readonly unknown[],
): v.InferOutput<S> {
  const decoded = v.safeParse(shape, rows)
  if (decoded.success) return decoded.output
  throw new DatabaseUnavailable(
    'The database answered with rows of another form: check TURSO_DATABASE_URL, and that `portcullis migrate` has run',
  )
}
