// The set of revoked ids in the order in which they were revoked, packed for the feed. One string
// holds many rows. One JSON row for each id would be ten times as large.

import { and, eq, gte, lte, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type FeedPage, placesPerSegment, segmentsKept } from '../../token/feed-format.ts'
import { build, type Database, readBatch } from './database.ts'
import { decodeRow, decodeRows, integer } from './rows.ts'
import { feedState, revokedTokens } from './schema.ts'

/** The current position of the history of revocations. */
export type FeedState = Pick<FeedPage, 'epoch' | 'nowMs' | 'first' | 'head'>

/** The rows of one range of places. Chunks are numbered from 0. */
interface FeedChunk {
  readonly number: number
  readonly rows: string
}

export interface FeedRead {
  readonly state: FeedState
  readonly chunks: readonly FeedChunk[]
}

/** What `findRevokedIds` finds, and the position of the history at that moment. */
export interface RevokedIdsFound extends Pick<FeedState, 'epoch' | 'nowMs' | 'head'> {
  readonly revoked: readonly string[]
}

/** Rows in one string. This is far below the database's limit for one value. */
const placesPerChunk = 50_000

const nowRow = v.object({ nowMs: integer })
const placeRow = v.object({ epoch: v.string(), head: integer })
const stateRow = v.object({ ...placeRow.entries, first: integer })
const chunkRow = v.object({ number: integer, rows: v.string() })
const foundRow = v.object({ ...placeRow.entries, revoked: v.string() })

const seq = revokedTokens.seq
/** Not `max(seq)`: pruning rows must not move the head back. */
const head = sql<number>`coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'portcullis_revoked_tokens'), 0)`
const first = sql<number>`coalesce((SELECT min(${seq}) FROM ${revokedTokens}), ${head} + 1)`
/** An id, and its expiry in minutes, rounded up, as seven hexadecimal digits. */
const packed = sql`${revokedTokens.id} || printf('%07x', min((${revokedTokens.expiresAt} + 59) / 60, 268435455))`

/**
 * The rows in a range of places, in strings of at most 50,000 rows. One round trip, over one
 * snapshot. Ask for at most 400,000 places, because the database limits the size of its answers.
 */
export function readFeed(
  database: Database,
  { from, through }: { readonly from: number; readonly through: number },
): Promise<FeedRead> {
  return read(database, and(gte(seq, from), lte(seq, through)), placesPerChunk)
}

/**
 * The rows after a place, by segment. At most as many segments as the feed keeps. One round trip,
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
    // The clock is read first: the time of an answer must not be later than its rows.
    now: selectNowStatement(),
    state: build
      .select({ epoch: feedState.epoch, first, head })
      .from(feedState)
      .where(eq(feedState.id, 1)),
    chunks: build
      .select({ number, rows: sql<string>`group_concat(${packed}, '')` })
      .from(revokedTokens)
      .where(where)
      // Groups by the number of the first column. Repeating the expression would bind a new
      // parameter, and SQL would treat it as another expression.
      .groupBy(sql`1`),
  })
  return {
    state: { ...decodeRow(nowRow, now), ...decodeRow(stateRow, state) },
    chunks: decodeRows(chunkRow, chunks),
  }
}

/** Parameters arrive as floating-point numbers, so a quotient would be one, too. */
function wholeQuotient(dividend: SQLWrapper, divisor: number) {
  return sql<number>`CAST((${dividend}) / ${divisor} AS INTEGER)`
}

function selectNowStatement() {
  const nowMs = sql<number>`CAST(unixepoch('subsec') * 1000 AS INTEGER)`
  return build.select({ nowMs }).from(sql`(SELECT 1)`)
}
