// The feed, as the service shows it to anybody. Requests from strangers cannot turn it into load.
// An isolate reads the end of the history at most once a second, and only what is new in it. It
// reads each page of the snapshot at most once a minute, unless the page has fallen behind. Long
// answers are few, and share what they send (snapshot-answers.ts).

import { DatabaseUnavailable } from '../../../errors/database-unavailable.ts'
import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { Runtime } from '../../../runtime/runtime.ts'
import { type BackOff, SingleFlight } from '../../../runtime/single-flight.ts'
import {
  pageOf,
  placesPerPage,
  placesPerSegment,
  segmentOf,
  segmentsKept,
  sharedForMs,
} from '../../../token/feed-format.ts'
import type { Database } from '../../store/database.ts'
import { type FeedRead, readFeed, readFeedTail } from '../../store/revocation-feed.ts'
import type { AgedPage } from './aged-page.ts'
import { FeedStreams, type Renewal } from './feed-streams.ts'
import { appendTo, type FeedTail, isContinued, newsOf } from './feed-tail.ts'
import { HistoryWatch } from './history-watch.ts'
import { Hurry } from './hurry.ts'
import { maxKeptCharacters, PageCache } from './page-cache.ts'
import { SnapshotAnswers } from './snapshot-answers.ts'

/** Requests do not wait for a read that takes longer. */
const readDeadlineMs = 2_000
/** Others wait at least so long for a read of the end of the history. */
const leastPatienceMs = 250
/** A read that takes so many times as long as the last one has probably lost its client. */
const patience = 4
/** The pause after every failure. */
const backOff: BackOff = { firstPauseMs: 500, longestPauseMs: 500 }

interface FeedOptions {
  /** Takes one line of JSON. */
  readonly log: (line: string) => void
  /** The limit for all pages together. */
  readonly keptCharacters?: number
}

export class RevocationFeed {
  readonly #database: Database
  readonly #runtime: Pick<Runtime, 'elapsedMs' | 'delay'>
  readonly #reading: SingleFlight
  readonly #readingPage: SingleFlight
  #tail: FeedTail | undefined
  /**
   * How long others leave the next read of the end to the request that begins it. On Workers, a
   * client that hangs up ends its read without a word. Each read without an end doubles this.
   */
  #patienceMs = readDeadlineMs
  readonly #pages: PageCache
  readonly #hurry: Hurry
  /** The long answers that are being sent. */
  readonly answers: SnapshotAnswers
  /** The answers that guards follow. */
  readonly streams: FeedStreams
  /** Logs database answers that only a wrong setup can cause. */
  readonly history: HistoryWatch

  constructor(
    database: Database,
    runtime: Pick<Runtime, 'elapsedMs' | 'delay'>,
    { log, keptCharacters = maxKeptCharacters }: FeedOptions,
  ) {
    this.#database = database
    this.#runtime = runtime
    this.#reading = new SingleFlight(runtime, backOff)
    this.#readingPage = new SingleFlight(runtime, backOff)
    this.#pages = new PageCache(keptCharacters)
    this.#hurry = new Hurry(runtime)
    this.answers = new SnapshotAnswers(runtime)
    this.streams = new FeedStreams(this, runtime)
    this.history = new HistoryWatch(runtime, log)
  }

  /**
   * The segment of that number, as it was at most 1 s before the call. Undefined if it has not
   * begun yet, or is more than four behind. At most one round trip (two after the history was
   * replaced).
   *
   * @throws DatabaseUnavailable
   */
  async findSegment(number: number): Promise<AgedPage | undefined> {
    return this.#segmentIn(await this.#currentTail(), number)
  }

  /**
   * What comes after a place, as it was last read. No I/O. Empty if nothing is new, or if the
   * history is another one. Undefined if the place is more than four segments behind, or nothing
   * was read yet.
   */
  pageAfter(place: number, epoch: string): AgedPage | undefined {
    const tail = this.#tail
    if (!tail) return undefined
    const { state, news } = tail
    if (epoch !== state.epoch || place >= state.head) {
      return this.#pageIn(tail, state.head + 1, state.head, '')
    }
    return place === news?.after
      ? this.#pageIn(tail, place + 1, state.head, news.rows)
      : this.#segmentIn(tail, segmentOf(place + 1))
  }

  /**
   * Reads the end of the history again, if that is due and nobody else does. Never throws: a
   * failure makes the next read due later.
   */
  async renewTail(): Promise<Renewal> {
    if (this.tailDueInMs() > 0 || !this.#reading.mayBegin()) return 'not due'
    this.#hurry.noteRead(this.#head)
    return this.#readTail().then(
      () => 'read',
      () => 'failed',
    )
  }

  /** In how many milliseconds the next read is due, while somebody follows. */
  tailDueInMs(): number {
    if (!this.#tail) return 0
    const { state, readAtMs } = this.#tail
    const sinceMs = this.#runtime.elapsedMs() - readAtMs
    // On Workers the clock may be set back.
    if (sinceMs < 0) return 0
    const hurriedInMs = this.#hurry.dueInMs(state.head, this.streams.size)
    return Math.min(sharedForMs - sinceMs, hurriedInMs)
  }

  /**
   * Tells those who follow of a revocation of this isolate, which got a place in the history. Only
   * the first one that is to be read wakes a stream to read it.
   */
  noteWritten(place: number): void {
    this.history.noteWritten(place)
    if (this.#hurry.note(place, this.#head)) this.streams.wakeReader()
  }

  get #head(): number {
    return this.#tail?.state.head ?? 0
  }

  /**
   * A page of the snapshot. It may be a minute old, but the segments that continue it are still
   * there. It is of the history that was current at most 1 s before the call. Refuses with
   * 'not_found' beyond the last page. Refuses with 'snapshot_busy' if the page was read within the
   * last minute, and other pages needed the room since then. At most two round trips (three after
   * the history was replaced).
   *
   * @throws DatabaseUnavailable
   */
  async findPage(number: number): Promise<Result<AgedPage, 'not_found' | 'snapshot_busy'>> {
    const tail = await this.#currentTail()
    const { state, readAtMs } = tail
    if (number > pageOf(state.head)) return refuse('not_found')
    const from = number * placesPerPage
    const end = from + placesPerPage - 1
    // All of its rows are pruned.
    if (end < state.first && end <= state.head) {
      const ageMs = this.#runtime.elapsedMs() - readAtMs
      return succeed({ ...state, from, through: end, rows: [], ageMs })
    }
    const findKept = () => this.#findUsable(number, tail)
    const hasLeft = () => this.#pages.hasLeft(number, this.#runtime.elapsedMs())
    const isOver = () => findKept() !== undefined || hasLeft()
    await this.#readingPage.doOrWait(isOver, () => this.#readPage(number))
    const kept = findKept()
    if (kept) return succeed({ ...kept.page, ageMs: this.#runtime.elapsedMs() - kept.readAtMs })
    if (hasLeft()) return refuse('snapshot_busy')
    throw new DatabaseUnavailable('The snapshot cannot be read')
  }

  #segmentIn(tail: FeedTail, number: number): AgedPage | undefined {
    const { state, segments } = tail
    const latest = segmentOf(state.head + 1)
    if (number > latest || number <= latest - segmentsKept) return undefined
    const from = number * placesPerSegment
    const through = Math.min(state.head, from + placesPerSegment - 1)
    return this.#pageIn(tail, from, through, segments.get(number) ?? '')
  }

  #pageIn({ state, readAtMs }: FeedTail, from: number, through: number, rows: string): AgedPage {
    return { ...state, from, through, rows: [rows], ageMs: this.#runtime.elapsedMs() - readAtMs }
  }

  async #currentTail(): Promise<FeedTail> {
    const askedAtMs = this.#runtime.elapsedMs()
    const isCurrent = () => {
      const readAtMs = this.#tail?.readAtMs ?? Number.NaN
      return readAtMs > askedAtMs - sharedForMs && readAtMs <= this.#runtime.elapsedMs()
    }
    await this.#reading.doOrWait(isCurrent, () => this.#readTail())
    if (!this.#tail || !isCurrent()) throw new DatabaseUnavailable('The feed cannot be read')
    return this.#tail
  }

  #readTail(): Promise<void> {
    const forMs = this.#patienceMs
    this.#patienceMs = Math.min(2 * forMs, readDeadlineMs)
    return this.#mark(this.#reading, forMs, async () => {
      const before = this.#tail
      const readAtMs = this.#runtime.elapsedMs()
      const read = await this.#watch(readFeedTail(this.#database, before?.state.head ?? 0))
      this.#noteReadTime(this.#runtime.elapsedMs() - readAtMs)
      if (before && !isContinued(before.state, read.state)) return this.#readNewHistory()
      this.#keepTail({
        ...{ state: read.state, readAtMs, segments: appendTo(before?.segments, read) },
        news: newsOf(before, read),
      })
    })
  }

  #noteReadTime(tookMs: number): void {
    this.#patienceMs = Math.min(Math.max(leastPatienceMs, patience * tookMs), readDeadlineMs)
  }

  /** Reads from the beginning, because the last read came after a place of another history. */
  async #readNewHistory(): Promise<void> {
    const readAtMs = this.#runtime.elapsedMs()
    const read = await this.#watch(readFeedTail(this.#database, 0))
    const segments = appendTo(undefined, read)
    this.#keepTail({ state: read.state, readAtMs, segments, news: undefined })
  }

  /**
   * A slow read may end after the next one. It must not replace newer data. What was read before
   * the clock was set back seems newer, and its age is unknown.
   */
  #keepTail(tail: FeedTail): void {
    const nowMs = this.#runtime.elapsedMs()
    const keptAtMs = this.#tail?.readAtMs ?? Number.NaN
    if (tail.readAtMs > nowMs || (keptAtMs > tail.readAtMs && keptAtMs <= nowMs)) return
    this.#tail = tail
    this.streams.wake()
  }

  #readPage(number: number): Promise<void> {
    return this.#mark(this.#readingPage, readDeadlineMs, async () => {
      const from = number * placesPerPage
      const end = from + placesPerPage - 1
      const readAtMs = this.#runtime.elapsedMs()
      const { state, chunks } = await this.#watch(readFeed(this.#database, { from, through: end }))
      const through = Math.min(end, state.head)
      const page = { ...state, from, through, rows: chunks.map(({ rows }) => rows) }
      this.#pages.keep(number, page, readAtMs)
    })
  }

  /** Awaits a read that has just begun, and reports its answer to the history watch. */
  async #watch(question: Promise<FeedRead>): Promise<FeedRead> {
    const { known } = this.history
    const read = await question
    this.history.noteRead(read.state, known)
    return read
  }

  /** Other requests may wait for this read. A failure ends it for them, too. */
  async #mark(reading: SingleFlight, forMs: number, read: () => Promise<void>): Promise<void> {
    reading.begin(forMs)
    try {
      await read()
      reading.succeed()
    } catch (error) {
      reading.fail()
      throw error
    }
  }

  #findUsable(number: number, { state, readAtMs }: FeedTail) {
    const kept = this.#pages.find(number, this.#runtime.elapsedMs())
    if (!kept || kept.readAtMs >= readAtMs) return kept
    const { from, through } = kept.page
    const isWhole = through === from + placesPerPage - 1
    const behind = segmentOf(state.head + 1) - segmentOf(through + 1)
    const isUsable = isContinued(kept.page, state) && (isWhole || behind < segmentsKept)
    return isUsable ? kept : undefined
  }
}
