// Events as people read them, newest first, with the personal details that are still kept.

import { and, desc, eq, exists, gt, gte, lt, lte, ne, not, or, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import * as v from 'valibot'
import { type Result, type RevocationReason, succeed } from '../../errors/reasons.ts'
import { clamped, eventEntries, sealedColumns } from './audit-seals.ts'
import { build, type Database, databaseNow, readBatch } from './database.ts'
import { decodeRow, decodeRows, integer } from './rows.ts'
import { auditDetails, auditEvents } from './schema.ts'
import { type CallerToken, decodeAccountByToken, selectAccountByTokenStatement } from './users.ts'

/** A page: at most `limit` events, all older than the event `before`. Default: the newest. */
export interface EventPage {
  readonly limit: number
  readonly before?: number | undefined
}

/** Which events are listed. Default: all. */
export interface EventFilter extends EventPage {
  readonly userId?: number | undefined
  /** The name of a route or of a command. */
  readonly event?: string | undefined
  /** In seconds since 1970. */
  readonly since?: number | undefined
}

const detailColumns = { device: auditDetails.device, address: auditDetails.address }
const optionalText = v.nullable(v.string())
const rangeRow = v.union([
  v.object({ firstSeq: integer, latestAt: integer }),
  v.object({ firstSeq: v.null(), latestAt: v.null() }),
])
const listedRow = v.object({ ...eventEntries, device: optionalText, address: optionalText })

/** An event, and its details: null where there are none, or they are not kept any more. */
export type ListedEvent = Readonly<v.InferOutput<typeof listedRow>>

/**
 * The success of an attempt follows within seconds, so it is among the next events of the account.
 * By default, no more attempts than these are let through in a day. The cost of a page is bounded.
 */
const maxEventsBetween = 100
/** The database reads these within milliseconds. Meanwhile it may let nobody write. */
const maxEventsOfRange = 10_000

/** The condition that the details are kept for now. They are deleted later. */
const hasDetails = and(
  eq(auditDetails.seq, auditEvents.seq),
  gt(auditDetails.expiresAt, databaseNow),
)

/** A page of the events that the filter selects, newest first. One round trip. */
export async function listEvents(
  database: Database,
  { limit, before, userId, event, since }: EventFilter,
): Promise<readonly ListedEvent[]> {
  const which = and(
    isBefore(before),
    userId === undefined ? undefined : eq(auditEvents.userId, whole(userId)),
    isSelected(event, since),
  )
  const { listed } = await readBatch(database, { listed: selectListedStatement(which, limit) })
  return decodeRows(listedRow, listed)
}

/** Events that one statement has read. */
interface ReadRange {
  readonly firstSeq: number
  /** The latest time of them, in seconds since 1970. */
  readonly latestAt: number
}

/**
 * The newest 10,000 events that are older than `before`, and which of them the filter selects. The
 * range is undefined if there are none. One round trip.
 */
export async function listEventsOfRange(
  database: Database,
  { limit, before, event, since }: Omit<EventFilter, 'userId'>,
): Promise<{ readonly listed: readonly ListedEvent[]; readonly range: ReadRange | undefined }> {
  const { seq, at } = auditEvents
  const isOlder = isBefore(before) ?? lte(seq, sql`9223372036854775807`)
  const inRange = build
    .select({ seq, at })
    .from(auditEvents)
    .where(isOlder)
    .orderBy(desc(seq))
    .limit(maxEventsOfRange)
    .as('range_subquery')
  const first = build.select({ seq: sql`min(${inRange.seq})` }).from(inRange)
  const which = and(isOlder, gte(seq, sql`(${first})`), isSelected(event, since))
  const { listed, ranges } = await readBatch(database, {
    listed: selectListedStatement(which, limit),
    ranges: build
      .select({
        firstSeq: clamped(sql`min(${inRange.seq})`).as('first_seq'),
        latestAt: clamped(sql`max(${inRange.at})`).as('latest_at'),
      })
      .from(inRange),
  })
  const range = decodeRow(rangeRow, ranges)
  return {
    listed: decodeRows(listedRow, listed),
    range: range.firstSeq === null ? undefined : range,
  }
}

/**
 * A page of the events of a token's account, newest first. An attempt is left out when its success
 * is an event of its own. Refuses like `findAccountByToken`. One round trip.
 */
export async function listEventsByToken(
  database: Database,
  caller: CallerToken,
  page: EventPage,
): Promise<Result<readonly ListedEvent[], RevocationReason>> {
  const { found, listed } = await readBatch(database, {
    found: selectAccountByTokenStatement(caller),
    listed: selectOwnEventsStatement(caller, page),
  })
  const account = decodeAccountByToken(found)
  return account.ok ? succeed(decodeEvents(listed)) : account
}

/** A page of the events of a token's account, for other batches. */
export function selectOwnEventsStatement(caller: CallerToken, { limit, before }: EventPage) {
  const isTheirs = eq(auditEvents.userId, whole(caller.userId))
  const which = and(
    isTheirs,
    isBefore(before),
    or(ne(auditEvents.outcome, 'attempted'), not(hasSuccess(caller))),
  )
  return selectListedStatement(which, limit)
}

/** Decodes the answer of the statement. */
export function decodeEvents(rows: readonly unknown[]): readonly ListedEvent[] {
  return decodeRows(listedRow, rows)
}

function selectListedStatement(which: SQL | undefined, limit: number) {
  return build
    .select({ ...sealedColumns, ...detailColumns })
    .from(auditEvents)
    .leftJoin(auditDetails, hasDetails)
    .where(which)
    .orderBy(desc(auditEvents.seq))
    .limit(limit)
}

function isSelected(event: string | undefined, since: number | undefined): SQL | undefined {
  return and(
    event === undefined ? undefined : eq(auditEvents.event, event),
    since === undefined ? undefined : gte(auditEvents.at, whole(since)),
  )
}

function isBefore(before: number | undefined): SQL | undefined {
  return before === undefined ? undefined : lt(auditEvents.seq, whole(before))
}

/** The condition that one of the next events of the account is the success of this attempt. */
function hasSuccess({ userId }: CallerToken): SQL {
  const later = alias(auditEvents, 'later')
  const next = build
    .select({ attemptSeq: sql<number>`${later.attemptSeq}`.as('attempt') })
    .from(later)
    .where(and(eq(later.userId, whole(userId)), gt(later.seq, auditEvents.seq)))
    .orderBy(later.seq)
    .limit(maxEventsBetween)
    .as('subquery')
  const itsSuccess = eq(next.attemptSeq, auditEvents.seq)
  return exists(build.select({ attemptSeq: next.attemptSeq }).from(next).where(itsSuccess))
}

/** Numbers reach the database as floats. */
function whole(value: number) {
  return sql`CAST(${value} AS INTEGER)`
}
