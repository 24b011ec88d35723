// The feed's own format, version 1: a line of JSON, then rows of 23 characters with nothing between
// them. The file docs/reference/feed-format.md describes it byte by byte. An answer comes over a
// network. It is untrusted until it has been checked.

import { type Result, refuse, succeed } from '../errors/reasons.ts'
import { type JsonObject, parseJsonObject } from './json.ts'

/** Guards accept this version. A guard of a later package will accept this version and its own. */
export const feedVersion = 1
/** Places in the order of revocations that one segment of `since` covers. */
export const placesPerSegment = 1_000
/** Segments that `since` has: the one that is being filled, and four before it. */
export const segmentsKept = 5
/** Places that one page of the snapshot covers. */
export const placesPerPage = 400_000
/** An opaque id, then seven hexadecimal digits: the minute in which it may be forgotten. */
export const rowCharacters = 23
/**
 * An answer may be this much older than its question, because an isolate shares what it has asked.
 */
export const sharedForMs = 1_000
/** How long a stream goes on. On Workers, work may go on for 30 s after its response. */
export const streamSeconds = 20
/**
 * How long a revocation is kept after its last token has expired, for verifiers whose clocks are
 * behind.
 */
export const keepAfterExpirySeconds = 300

/** The number of the segment of `since` that a place is in. */
export function segmentOf(place: number): number {
  return Math.floor(place / placesPerSegment)
}

/** The number of the page of the snapshot that a place is in. */
export function pageOf(place: number): number {
  return Math.floor(place / placesPerPage)
}

/** A part of the order of revocations, as the database had it at one moment. */
export interface FeedPage {
  /** The name of the history. A restored database has another one. Required, like all of a page. */
  readonly epoch: string
  /** The database's clock when it was asked, in milliseconds since 1970. */
  readonly nowMs: number
  /** The lowest place that still has a row. If no place has one, the head plus one. */
  readonly first: number
  /** The highest place that was ever assigned. */
  readonly head: number
  /** The first place of the part of which `rows` has every row. */
  readonly from: number
  /** The last place of that part. There may be other rows in `rows`, too. */
  readonly through: number
  /** Rows, one after the other, in any number of strings. */
  readonly rows: readonly string[]
}

/** Proof that an answer was made after its question, and how old its page was then. */
interface FeedProof {
  /** The nonce of the question. */
  readonly nonce: string
  /** In milliseconds. */
  readonly ageMs: number
  /**
   * Only in frames of a followed answer: how long after its question the frame was made, by the
   * service's clock. In milliseconds.
   */
  readonly heldMs?: number
}

/** A page as it is answered over HTTP. Without a proof, caches may keep it. */
export interface FeedAnswer extends FeedPage {
  readonly proof: FeedProof | undefined
}

/** One row: an id, then the minute, rounded up, in seven hexadecimal digits. */
export function renderRow(id: string, expiresAt: number): string {
  return (
    id +
    Math.ceil(expiresAt / 60)
      .toString(16)
      .padStart(7, '0')
  )
}

/** The text of an answer. */
export function renderFeed(answer: FeedAnswer): string {
  return renderFeedHead(answer) + answer.rows.join('')
}

/** The first line of an answer. The rows follow it. */
export function renderFeedHead({ rows, proof, ...answer }: FeedAnswer): string {
  const characters = rows.reduce((sum, text) => sum + text.length, 0)
  const head = {
    version: feedVersion,
    epoch: answer.epoch,
    now_ms: answer.nowMs,
    first: answer.first,
    head: answer.head,
    from: answer.from,
    through: answer.through,
    rows: characters / rowCharacters,
    ...(proof && { nonce: proof.nonce, age_ms: proof.ageMs, held_ms: proof.heldMs }),
  }
  return `${JSON.stringify(head)}\n`
}

/**
 * The answer in a text, or what is wrong with it. The refusal completes the sentence "the … at URL
 * …".
 */
export function parseFeed(text: string): Result<FeedAnswer, string> {
  const end = text.indexOf('\n')
  const head = parseHead(text.slice(0, end))
  if (end < 0 || !head) return refuse('is no revocation feed; check the issuer')
  if (head.version !== feedVersion) {
    return refuse(`is of version ${head.version}, not ${feedVersion}; update the package here`)
  }
  const { epoch, nonce, age_ms: ageMs = 0, held_ms: heldMs, now_ms: nowMs, ...places } = head
  const { first, from, through, head: highest, rows: count } = places
  const numbers = [nowMs, ageMs, heldMs ?? 0, first, from, through, highest, count]
  const isWhole = text.length - end - 1 === Number(count) * rowCharacters
  const isInOrder = Number(through) <= Number(highest) && Number(first) <= Number(highest) + 1
  if (!numbers.every(isCount) || typeof epoch !== 'string' || !isWhole || !isInOrder) {
    return refuse('is a revocation feed with parts missing')
  }
  return succeed({
    epoch,
    nowMs,
    first,
    head: highest,
    from,
    through,
    rows: [text.slice(end + 1)],
    proof: typeof nonce === 'string' ? { nonce, ageMs, heldMs } : undefined,
  } as FeedAnswer)
}

function parseHead(line: string): JsonObject | undefined {
  const head = parseJsonObject(line)
  return head && 'version' in head ? head : undefined
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
