// The set of revoked ids in the order in which they were revoked, packed for the feed: one string
// for many rows, for a row of JSON each would be ten times as large.

import { and, eq, gte, lte, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type FeedPage, placesPerSegment, segmentsKept } from '../../token/feed-format.ts'
import { build, type Database, readBatch } from './database.ts'
import { decodeRow, decodeRows, integer } from './rows.ts'
import { feedState, revokedTokens } from './schema.ts'

/** Where the history of revocations stands. */
export type FeedState = Pick<FeedPage, 'epoch' | 'nowMs' | 'first' | 'head'>

/** The rows of one stretch of places, numbered from 0 on. */
interface FeedChunk {
  readonly number: number
  readonly rows: string
}

export interface FeedRead {
  readonly state: FeedState
  readonly chunks: readonly FeedChunk[]
}

/** What `findRevokedIds` finds, and where the history stood then. */
export interface RevokedIdsFound extends Pick<FeedState, 'epoch' | 'nowMs' | 'head'> {
  readonly revoked: readonly string[]
}

/** Rows in one string: far below what the database puts into one value. */
const placesPerChunk = 50_000

const nowRow = v.object({ nowMs: integer })
const placeRow = v.object({ epoch: v.string(), head: integer })
const stateRow = v.object({ ...placeRow.entries, first: integer })
const chunkRow = v.object({ number: integer, rows: v.string() })
const foundRow = v.object({ ...placeRow.entries, revoked: v.string() })

const seq = revokedTokens.seq
/** Not `max(seq)`: pruning must not take the end of the order back. */
const head = sql<number>`coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'portcullis_revoked_tokens'), 0)`
const first = sql<number>`coalesce((SELECT min(${seq}) FROM ${revokedTokens}), ${head} + 1)`
/** An id, and the minute, rounded up, in seven hexadecimal digits. */
const packed = sql`${revokedTokens.id} || printf('%07x', min((${revokedTokens.expiresAt} + 59) / 60, 268435455))`

/**
 * The rows in a stretch of places, in strings of at most 50,000. One round trip, over one snapshot;
 * at most 400,000 places, for the database's answers are limited.
 */
export function readFeed(
  database: Database,
  { from, through }: { readonly from: number; readonly through: number },
): Promise<FeedRead> {
  return read(database, and(gte(seq, from), lte(seq, through)), placesPerChunk)
}

/**
 * The rows after a place, by segments; at most as many segments as the feed keeps. One round trip,
 * over one snapshot.
 */
export function readFeedTail(database: Database, after: number): Promise<FeedRead> {
  const segment = wholeQuotient(sql`${head} + 1`, placesPerSegment)
  const firstKept = sql`(${segment} - ${segmentsKept - 1}) * ${placesPerSegment}`
  return read(database, gte(seq, sql`max(${after + 1}, ${firstKept})`), placesPerSegment)
}

/** Which of the ids are revoked, as of now. One round trip. */
export async function findRevokedIds(
  database: Database,
  ids: readonly string[],
): Promise<RevokedIdsFound> {
  const isAsked = sql`${revokedTokens.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`
  const { now, found } = await readBatch(database, {
    now: selectNowStatement(),
    // One statement: cold guards ask for little else, and the database takes one at a time.
    found: build
      .select({
        epoch: feedState.epoch,
        head,
        revoked: sql<string>`coalesce((SELECT group_concat(${revokedTokens.id}) FROM ${revokedTokens} WHERE ${isAsked}), '')`,
      })
      .from(feedState)
      .where(eq(feedState.id, 1)),
  })
  const { revoked, ...place } = decodeRow(foundRow, found)
  return { ...decodeRow(nowRow, now), ...place, revoked: revoked.split(',').filter(Boolean) }
}

async function read(
  database: Database,
  where: SQL | undefined,
  placesInChunk: number,
): Promise<FeedRead> {
  const number = wholeQuotient(seq, placesInChunk)
  const { now, state, chunks } = await readBatch(database, {
    // First: the moment of an answer must not be later than what it holds.
    now: selectNowStatement(),
    state: build
      .select({ epoch: feedState.epoch, first, head })
      .from(feedState)
      .where(eq(feedState.id, 1)),
    chunks: build
      .select({ number, rows: sql<string>`group_concat(${packed}, '')` })
      .from(revokedTokens)
      .where(where)
      // By the first column: another parameter would be another expression.
      .groupBy(sql`1`),
  })
  return {
    state: { ...decodeRow(nowRow, now), ...decodeRow(stateRow, state) },
    chunks: decodeRows(chunkRow, chunks),
  }
}

/** Parameters arrive as floating-point numbers, which would make a quotient one, too. */
function wholeQuotient(dividend: SQLWrapper, divisor: number) {
  return sql<number>`CAST((${dividend}) / ${divisor} AS INTEGER)`
}

function selectNowStatement() {
  const nowMs = sql<number>`CAST(unixepoch('subsec') * 1000 AS INTEGER)`
  return build.select({ nowMs }).from(sql`(SELECT 1)`)
}
