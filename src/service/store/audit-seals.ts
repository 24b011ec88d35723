// The seals of the audit, and the events that they cover, in the order in which they were
// committed. Numbers outside of the safe range are read as its ends. No such number is ever written,
// so a row that has one still reads as changed.

import { and, asc, desc, eq, gt, lte, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { build, type Database, databaseNow, readBatch, runBatch } from './database.ts'
import { decodeRow, decodeRows, instant, integer } from './rows.ts'
import { auditEvents, auditSeals } from './schema.ts'

/** A seal covers at most so many events. No answer has more rows. */
export const maxEventsPerSeal = 1_000
/** How many seals a page has at most. */
export const maxSealsPerPage = 100

const optionalInteger = v.nullable(integer)
const optionalText = v.nullable(v.string())

/** The columns of an event, for a select, and the shape of its row. */
export const sealedColumns = {
  seq: clamped(auditEvents.seq),
  at: clamped(auditEvents.at),
  event: auditEvents.event,
  outcome: auditEvents.outcome,
  actor: auditEvents.actor,
  userId: clamped(auditEvents.userId),
  sessionId: auditEvents.sessionId,
  requestId: auditEvents.requestId,
  attemptSeq: clamped(auditEvents.attemptSeq),
  target: auditEvents.target,
}
export const eventEntries = {
  ...{ seq: integer, at: integer, event: v.string(), outcome: v.string(), actor: v.string() },
  ...{ userId: optionalInteger, sessionId: optionalText, requestId: optionalText },
  ...{ attemptSeq: optionalInteger, target: optionalText },
}
const eventRow = v.object(eventEntries)

/** An event of the audit. `at` is in seconds since 1970. */
export type AuditEvent = Readonly<v.InferOutput<typeof eventRow>>

const sealColumns = {
  number: clamped(auditSeals.number),
  firstSeq: clamped(auditSeals.firstSeq),
  lastSeq: clamped(auditSeals.lastSeq),
  events: clamped(auditSeals.events),
  mac: auditSeals.mac,
  keyId: auditSeals.keyId,
  sealedAt: clamped(auditSeals.sealedAt),
}
const sealRow = v.object({
  ...{ number: integer, firstSeq: integer, lastSeq: integer, events: integer },
  ...{ mac: v.string(), keyId: v.string(), sealedAt: integer },
})

/** A seal. It covers the events from `firstSeq` to `lastSeq`, and the seal before it. */
export type AuditSeal = Readonly<v.InferOutput<typeof sealRow>>

/** The first events that no seal covers. */
export interface UnsealedEvents {
  /** The last seal, if there is one. */
  readonly last: AuditSeal | undefined
  /** At most 1,000, in their order. */
  readonly events: readonly AuditEvent[]
  /** The time of the database, in seconds since 1970. */
  readonly now: number
}

/** Finds the first events that no seal covers. One round trip, over one snapshot. */
export async function findUnsealedEvents(database: Database): Promise<UnsealedEvents> {
  return decodeUnsealed(await readBatch(database, unsealedStatements()))
}

/**
 * Inserts a seal behind the one with this MAC. Does nothing if there is one with its number already,
 * or another one before it, as after a restored backup. Of several calls at once, exactly one
 * inserts. Atomic; one round trip.
 *
 * @param previousMac undefined for the first seal
 * @returns the next events that no seal covers; undefined if it was not inserted
 */
export async function insertSeal(
  database: Database,
  seal: AuditSeal,
  previousMac: string | undefined,
): Promise<UnsealedEvents | undefined> {
  const previous = build
    .select({ mac: auditSeals.mac })
    .from(auditSeals)
    .where(eq(auditSeals.number, seal.number - 1))
  const { inserted, ...unsealed } = await runBatch(database, {
    inserted: build
      .insert(auditSeals)
      .select(
        build
          .select(valuesOf(seal))
          .from(sql`(SELECT 1)`)
          .where(sql`(${previous}) IS ${previousMac ?? null}`),
      )
      .onConflictDoNothing({ target: auditSeals.number })
      .returning({ number: auditSeals.number }),
    ...unsealedStatements(),
  })
  return inserted.length > 0 ? decodeUnsealed(unsealed) : undefined
}

/** In the order of the columns. */
function valuesOf(seal: AuditSeal) {
  return {
    number: sql<number>`${seal.number}`.as('number'),
    firstSeq: sql<number>`${seal.firstSeq}`.as('first_seq'),
    lastSeq: sql<number>`${seal.lastSeq}`.as('last_seq'),
    events: sql<number>`${seal.events}`.as('events'),
    mac: sql<string>`${seal.mac}`.as('mac'),
    keyId: sql<string>`${seal.keyId}`.as('key_id'),
    sealedAt: sql<number>`${seal.sealedAt}`.as('sealed_at'),
  }
}

/**
 * A page of the seals with numbers greater than `after`, in their order. Default: from the first.
 * One round trip.
 */
export async function listSeals(
  database: Database,
  after: number | undefined,
): Promise<readonly AuditSeal[]> {
  const { listed } = await readBatch(database, {
    listed: build
      .select(sealColumns)
      .from(auditSeals)
      .where(after === undefined ? undefined : gt(auditSeals.number, whole(after)))
      .orderBy(asc(auditSeals.number))
      .limit(maxSealsPerPage),
  })
  return decodeRows(sealRow, listed)
}

/**
 * The events after `after` and up to `through`, in their order, at most 1,001. So one more than a
 * seal covers is noticed. Default: from the first, to the last. One round trip.
 */
export async function listEventsBetween(
  database: Database,
  after: number | undefined,
  through?: number,
): Promise<readonly AuditEvent[]> {
  const isBetween = and(
    after === undefined ? undefined : gt(auditEvents.seq, whole(after)),
    through === undefined ? undefined : lte(auditEvents.seq, whole(through)),
  )
  const { listed } = await readBatch(database, {
    listed: selectEventsStatement(isBetween, maxEventsPerSeal + 1),
  })
  return decodeRows(eventRow, listed)
}

function unsealedStatements() {
  const lastSeq = build
    .select({ lastSeq: auditSeals.lastSeq })
    .from(auditSeals)
    .orderBy(desc(auditSeals.number))
    .limit(1)
  return {
    last: build.select(sealColumns).from(auditSeals).orderBy(desc(auditSeals.number)).limit(1),
    unsealed: selectEventsStatement(
      gt(auditEvents.seq, sql`coalesce((${lastSeq}), 0)`),
      maxEventsPerSeal,
    ),
    clock: build.select({ now: databaseNow }).from(sql`(SELECT 1)`),
  }
}

function decodeUnsealed(answers: {
  readonly last: readonly unknown[]
  readonly unsealed: readonly unknown[]
  readonly clock: readonly unknown[]
}): UnsealedEvents {
  const [last] = decodeRows(sealRow, answers.last)
  const { now } = decodeRow(v.object({ now: instant }), answers.clock)
  return { last, events: decodeRows(eventRow, answers.unsealed), now }
}

function selectEventsStatement(which: SQL | undefined, limit: number) {
  return build
    .select(sealedColumns)
    .from(auditEvents)
    .where(which)
    .orderBy(asc(auditEvents.seq))
    .limit(limit)
}

/** The client of the database throws for a number that JavaScript cannot hold. */
export function clamped(column: SQLWrapper) {
  return sql<number>`min(max(${column}, -9007199254740991), 9007199254740991)`
}

/** Numbers reach the database as floats. */
function whole(value: number) {
  return sql`CAST(${value} AS INTEGER)`
}
