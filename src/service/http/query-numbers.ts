// Reads the numbers of a query strictly: a wrong one is refused, and never ignored.

import type { Context } from 'hono'
import { type FieldProblem, type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { InputRefusal } from './respond.ts'
import type { ServiceEnv } from './service-env.ts'

/** A whole number that a query may have, from `least` to `most`. */
export interface QueryNumber {
  readonly least: number
  /** Default: the greatest safe integer. */
  readonly most?: number
}

/** The numbers of the query. Undefined is one that is not given. */
export type QueryOf<Q extends string> = { readonly [Name in Q]: number | undefined }

/** The numbers that the query has, or all problems with them. */
export function readQuery(
  c: Context<ServiceEnv>,
  numbers: Readonly<Record<string, QueryNumber>>,
): Result<QueryOf<string>, InputRefusal> {
  const errors: FieldProblem[] = []
  const read: Record<string, number | undefined> = {}
  for (const [name, range] of Object.entries(numbers)) {
    const given = c.req.queries(name) ?? []
    read[name] = given.length === 1 ? parseNumber(given[0] ?? '', range) : undefined
    const isWrong = given.length > 0 && read[name] === undefined
    if (isWrong) errors.push({ field: name, message: sentenceFor(name, range) })
  }
  return errors.length > 0 ? refuse({ reason: 'invalid_input', errors }) : succeed(read)
}

function parseNumber(text: string, { least, most }: QueryNumber): number | undefined {
  const value = /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= (most ?? Number.MAX_SAFE_INTEGER) ? value : undefined
}

function sentenceFor(name: string, { least, most }: QueryNumber): string {
  const range = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`
  return `Give ${name} once, as a whole number ${range}, or leave it out.`
}
