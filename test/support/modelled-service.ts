// The service in the model of restored-model.ts. It has one database whose backups are restored,
// and a cache in front. Its isolates are a moment behind each other. Places are sparse, so that a
// few rows fill many segments. Streams are the service's own code.

import type * as streams from '../../src/service/domain/feed/feed-streams.ts'
import {
  type FeedPage,
  placesPerPage,
  placesPerSegment,
  renderFeed,
  renderRow,
  segmentsKept,
  sharedForMs,
} from '../../src/token/feed-format.ts'
import type { VirtualTime } from './virtual-time.ts'

/** The content of the database from a moment on. */
interface State {
  readonly fromMs: number
  readonly epoch: string
  readonly head: number
  readonly rows: readonly { readonly place: number; readonly id: string }[]
}

/** Not 1970, and nothing expires. */
export const startMs = 1_800_000_000_000
const pageKeptForMs = 60_000
/** How long an isolate takes to read the end of the history. */
const readMs = 10

/** What differs from one scenario to the next. */
interface ServiceOptions {
  /** How far the isolates that answer pulls are behind, one after the other. */
  readonly behindMs: readonly number[]
  readonly cachedForMs: number
}

export class ModelledService {
  readonly #time: VirtualTime
  readonly #options: ServiceOptions
  readonly #cache = new Map<string, { readonly text: string; readonly atMs: number }>()
  /** The isolates that answer with streams. They read at other moments. */
  readonly isolates: readonly Isolate[]
  #states: readonly State[] = [{ fromMs: 0, epoch: 'e0', head: 0, rows: [] }]
  #questions = 0
  #epochs = 0

  constructor(time: VirtualTime, options: ServiceOptions, Streams: typeof streams.FeedStreams) {
    this.#time = time
    this.#options = options
    this.isolates = options.behindMs.map(
      () => new Isolate(time, () => this.#at(time.nowMs), Streams),
    )
  }

  /** Revokes an id at a later place, and forgets its earlier one. */
  revoke(id: string, places: number): void {
    const { epoch, head, rows } = this.#at(this.#time.nowMs)
    const place = head + places
    this.#become({
      epoch,
      head: place,
      rows: [...rows.filter((row) => row.id !== id), { place, id }],
    })
  }

  /** Restores a backup with the epoch that it had. Returns what it knows of ids. */
  restore(agoMs: number): { knows(id: string): boolean } {
    const backup = this.#at(this.#time.nowMs - agoMs)
    this.#become(backup)
    return { knows: (id) => backup.rows.some((row) => row.id === id) }
  }

  renewEpoch(): void {
    this.#epochs += 1
    this.#become({ ...this.#at(this.#time.nowMs), epoch: `e${this.#epochs}` })
  }

  /** Answers a pull or a check. */
  async answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const path = pathname.replace('/auth/feed/', '')
    if (path === 'check') return this.#check(await request.json())
    await this.#time.delay(20)
    const nonce = searchParams.get('nonce')
    const kept = nonce === null ? this.#cache.get(path) : undefined
    if (kept && this.#time.nowMs - kept.atMs < this.#options.cachedForMs) {
      return new Response(kept.text)
    }
    const text = this.#pageAt(path, nonce)
    if (nonce === null && text) this.#cache.set(path, { text, atMs: this.#time.nowMs })
    await this.#time.delay(20)
    return new Response(text ?? '{}', { status: text === undefined ? 404 : 200 })
  }

  #at(readAtMs: number): State {
    return this.#states.findLast(({ fromMs }) => fromMs <= readAtMs) ?? (this.#states[0] as State)
  }

  #become(state: Omit<State, 'fromMs'>): void {
    this.#states = [...this.#states, { ...state, fromMs: this.#time.nowMs }]
  }

  /** The answer of an isolate, also of version 0.4, which may show pages of a longer history. */
  #pageAt(path: string, nonce: string | null): string | undefined {
    const { behindMs } = this.#options
    const nowMs = this.#time.nowMs
    const readAtMs = nowMs - (behindMs[this.#questions++ % behindMs.length] ?? 0)
    const tail = this.#at(readAtMs)
    const [kind, number] = [path.split('/')[0], Number(path.split('/')[1])]
    const [latest, last] = [segmentOf(tail.head + 1), Math.floor(tail.head / placesPerPage)]
    if (kind === 'since') {
      if (number > latest || number <= latest - segmentsKept) return undefined
      return this.#render(segmentIn(tail, number, readAtMs), readAtMs, nonce)
    }
    if (number > last) return undefined
    const old = this.#states.find((state) => {
      const isRecent = state.fromMs > nowMs - pageKeptForMs && state.fromMs <= readAtMs
      const through = Math.min(state.head, (number + 1) * placesPerPage - 1)
      return (
        isRecent && state.epoch === tail.epoch && latest - segmentOf(through + 1) < segmentsKept
      )
    })
    const pageAtMs = old ? old.fromMs : readAtMs
    const from = number * placesPerPage
    const page = partOf(old ?? tail, { from, end: from + placesPerPage - 1, readAtMs: pageAtMs })
    return this.#render(page, pageAtMs, nonce)
  }

  #render(page: FeedPage, readAtMs: number, nonce: string | null): string {
    const proof = nonce === null ? undefined : { nonce, ageMs: this.#time.nowMs - readAtMs }
    return renderFeed({ ...page, proof })
  }

  async #check(question: unknown): Promise<Response> {
    const { ids, nonce } = question as { ids: readonly string[]; nonce: string }
    await this.#time.delay(20)
    const { rows } = this.#at(this.#time.nowMs)
    const revoked = ids.filter((id) => rows.some((row) => row.id === id))
    const now_ms = startMs + this.#time.nowMs
    return Response.json({ version: 1, now_ms, revoked, nonce })
  }
}

/** An isolate with a clock of its own. It reads the end of the history while somebody follows. */
class Isolate {
  /** How far its clock is ahead. On Workers it may be set while a stream goes on. */
  clockAheadMs = 0
  readonly #time: VirtualTime
  readonly #read: () => State
  readonly #streams: streams.FeedStreams
  #tail:
    | { readonly state: State; readonly readAtMs: number; readonly byClockMs: number }
    | undefined
  #news: { readonly after: number; readonly epoch: string } | undefined
  #isReading = false

  constructor(time: VirtualTime, read: () => State, Streams: typeof streams.FeedStreams) {
    this.#time = time
    this.#read = read
    this.#streams = new Streams(this, {
      elapsedMs: () => this.#clockMs(),
      delay: (ms) => time.delay(ms),
    })
  }

  /** The frames that answer a question. */
  async follow(url: URL): Promise<ReadableStream<Uint8Array>> {
    const askedAtMs = this.#clockMs()
    await this.renewTail()
    const numberOf = (name: string) => Number(url.searchParams.get(name))
    const textOf = (name: string) => url.searchParams.get(name) ?? ''
    const question = { after: numberOf('after'), beatMs: numberOf('beat_ms'), askedAtMs }
    const [epoch, nonce, forMs] = [textOf('epoch'), textOf('nonce'), numberOf('follow') * 1_000]
    const frames = this.#streams.begin({ ...question, epoch, nonce, forMs })
    if (!frames) throw new Error('Too many streams in the model')
    return frames
  }

  pageAfter(place: number, epoch: string) {
    if (!this.#tail) return undefined
    const { state, readAtMs, byClockMs } = this.#tail
    const ageMs = this.#clockMs() - byClockMs
    const { head } = state
    const from = place + 1
    const isOther = epoch !== state.epoch || place >= head
    if (isOther) return { ...partOf(state, { from: head + 1, end: head, readAtMs }), ageMs }
    // The last read has brought exactly these.
    if (place === this.#news?.after && epoch === this.#news.epoch) {
      return { ...partOf(state, { from, end: head, readAtMs }), ageMs }
    }
    const isFar = segmentOf(from) <= segmentOf(head + 1) - segmentsKept
    return isFar ? undefined : { ...segmentIn(state, segmentOf(from), readAtMs), ageMs }
  }

  async renewTail(): Promise<'read' | 'not due'> {
    if (this.tailDueInMs() > 0 || this.#isReading) return 'not due'
    this.#isReading = true
    const [byClockMs, readAtMs, state] = [this.#clockMs(), this.#time.nowMs, this.#read()]
    await this.#time.delay(readMs)
    this.#isReading = false
    const before = this.#tail?.state
    if (before && before.head !== state.head) {
      this.#news = { after: before.head, epoch: before.epoch }
    }
    this.#tail = { state, readAtMs, byClockMs }
    this.#streams.wake()
    return 'read'
  }

  tailDueInMs(): number {
    const sinceMs = this.#tail ? this.#clockMs() - this.#tail.byClockMs : -1
    return sinceMs < 0 ? 0 : sharedForMs - sinceMs
  }

  #clockMs(): number {
    return this.#time.nowMs + this.clockAheadMs
  }
}

function segmentIn(state: State, number: number, readAtMs: number): FeedPage {
  const from = number * placesPerSegment
  return partOf(state, { from, end: from + placesPerSegment - 1, readAtMs })
}

function partOf(
  { epoch, head, rows: all }: State,
  { from, end, readAtMs }: { from: number; end: number; readAtMs: number },
): FeedPage {
  const through = Math.min(head, end)
  const rows = all
    .filter(({ place }) => place >= from && place <= through)
    .map(({ id }) => renderRow(id, startMs / 1_000 + 86_400))
  const first = Math.min(head + 1, ...all.map(({ place }) => place))
  return { epoch, nowMs: startMs + readAtMs, first, head, from, through, rows }
}

function segmentOf(place: number): number {
  return Math.floor(place / placesPerSegment)
}
