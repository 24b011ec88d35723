// Followed answers: one long answer with a frame for everything new. A frame is a page of the feed,
// and a line break.
//
// While somebody follows, the isolate reads the end of the history once a second, for all of them.
//
// A client that has left is forgotten by a deadline, because on Workers a request that is cut off
// runs no code at its end. No request waits for the work of another one. A request may only end
// the pause of another one.

import { mayResolveAcrossRequests } from '../../../runtime/across-requests.ts'
import type { Runtime } from '../../../runtime/runtime.ts'
import { orLate } from '../../../runtime/single-flight.ts'
import { renderFeed, sharedForMs } from '../../../token/feed-format.ts'
import type { AgedPage } from './aged-page.ts'

/** The most streams of an isolate. Other guards get an ordinary answer, and ask again. */
const maxStreams = 1_000
/** How long a client may take to ask for its next frame, in addition to the pause between two. */
const graceMs = 3_000
/**
 * Of so many streams that paused last, those that have not read for longest are woken to read.
 * About as many wake by themselves when a read is due.
 */
const candidates = 16
/** How many of them. One would do, if its client is still there. */
const readers = 2
/** A stream that has read lately leaves the next reads to others, for so many reads. */
const restReads = 16
/** How much later than others it begins one nevertheless. */
const restMs = 50
/** A stream whose own reads fail so often, one after the other, ends. */
const maxFailures = 2
/**
 * The pause while another stream reads the end of the history. It is woken when that is read. Where
 * a request cannot wake another one, every pause is at most as long.
 */
const pauseWhileReadMs = 250
/** The pause after a read that has brought nothing. */
const leastPauseMs = 100

/** What came of a renewal: 'not due' also while another request reads, and after a failure. */
export type Renewal = 'read' | 'failed' | 'not due'

/** The end of the history, which all streams share. */
interface FollowedTail {
  /**
   * What comes after a place, as it was last read. No I/O. Empty if nothing is new, or if the
   * history is another one. Undefined if the place is too far behind.
   */
  pageAfter(place: number, epoch: string): AgedPage | undefined
  /** Reads the end again, if that is due and nobody else does. */
  renewTail(): Promise<Renewal>
  /** In how many milliseconds the next read is due. */
  tailDueInMs(): number
}

/** What a guard has, and how it wants to follow. */
export interface FollowQuestion {
  /** The place up to which the guard knows everything. */
  readonly after: number
  readonly epoch: string
  readonly nonce: string
  /** When the question came, by `elapsedMs`. */
  readonly askedAtMs: number
  /** How long the answer goes on. */
  readonly forMs: number
  /** The longest pause between two frames. */
  readonly beatMs: number
}

/** One answer, between two frames. */
interface Stream extends FollowQuestion {
  /** The place up to which frames were sent. */
  place: number
  isOver: boolean
  sentAtMs: number
  /** The database's clock in the page of the last frame. */
  sentNowMs: number
  /** When its client asked for a frame. A beat and 3 s later it does not count any more. */
  seenAtMs: number
  /** The number of its last read, among those of all streams. */
  readNumber: number
  /** How many of its reads have failed since the last one that did not. */
  failures: number
  wake: () => void
}

export class FeedStreams {
  readonly #tail: FollowedTail
  readonly #runtime: Pick<Runtime, 'elapsedMs' | 'delay'>
  readonly #streams = new Set<Stream>()
  /** How many reads the streams have begun. */
  #reads = 0
  /** How many pauses would end with the next read. Of many, only a few do. */
  #pauses = 0
  #isEnding = false
  /** Whether a request may end the pause of another one. Read on first use. */
  #mayWake: boolean | undefined

  constructor(tail: FollowedTail, runtime: Pick<Runtime, 'elapsedMs' | 'delay'>) {
    this.#tail = tail
    this.#runtime = runtime
  }

  /**
   * The body with frames: the first at once, then one with news, and one for each beat without. It
   * ends after its time, after a frame of another history, and when its place is too far behind. It
   * also ends when the clock is set back. Undefined while 1,000 clients follow.
   */
  begin(question: FollowQuestion): ReadableStream<Uint8Array> | undefined {
    if (this.#present().length >= maxStreams) return undefined
    const stream: Stream = {
      ...question,
      place: question.after,
      isOver: false,
      sentAtMs: Number.NEGATIVE_INFINITY,
      sentNowMs: 0,
      seenAtMs: this.#runtime.elapsedMs(),
      readNumber: -restReads,
      failures: 0,
      wake: () => {},
    }
    this.#streams.add(stream)
    return this.#bodyOf(stream)
  }

  /** How many clients follow. */
  get size(): number {
    return this.#streams.size
  }

  /** Lets every stream look at the end of the history, which was read. */
  wake(): void {
    this.#wakeAll(this.#present())
  }

  /**
   * Lets a few streams look, so that one of them reads the end of the history. Those that paused
   * last have clients that are still there. Of these, who has not read for longest is the first.
   */
  wakeReader(): void {
    const present = this.#present().slice(-candidates)
    const rested = present.toSorted((one, other) => one.readNumber - other.readNumber)
    this.#wakeAll([...rested.slice(0, readers), ...present.slice(-readers)])
  }

  /** Ends all streams, before the process stops. Those that begin later have one frame. */
  endAll(): void {
    this.#isEnding = true
    this.wake()
  }

  /** The streams whose clients are there, as far as is known. The others are forgotten. */
  #present(): readonly Stream[] {
    const nowMs = this.#runtime.elapsedMs()
    for (const stream of this.#streams) {
      const sinceMs = nowMs - stream.seenAtMs
      // On Workers the clock may be set back. The stream then looks at the clock itself.
      if (sinceMs >= 0 && sinceMs < stream.beatMs + graceMs) continue
      this.#streams.delete(stream)
      this.#wakeAll([stream])
    }
    return [...this.#streams]
  }

  #canWake(): boolean {
    this.#mayWake ??= mayResolveAcrossRequests()
    return this.#mayWake
  }

  #wakeAll(streams: readonly Stream[]): void {
    if (this.#canWake()) for (const stream of streams) stream.wake()
  }

  #bodyOf(stream: Stream): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder()
    const source = {
      pull: async (controller: ReadableStreamDefaultController<Uint8Array>) => {
        const frame = await this.#nextFrame(stream)
        if (frame !== undefined) return controller.enqueue(encoder.encode(frame))
        this.#streams.delete(stream)
        controller.close()
      },
      cancel: () => {
        this.#streams.delete(stream)
        stream.isOver = true
        stream.wake()
      },
    }
    // No frame is made before the client has read the one before.
    return new ReadableStream(source, { highWaterMark: 0 })
  }

  /** Waits until there is a frame to send. Undefined at the end. */
  async #nextFrame(stream: Stream): Promise<string | undefined> {
    const isForgotten = !this.#streams.has(stream)
    if (isForgotten && this.#present().length >= maxStreams) return undefined
    stream.seenAtMs = this.#runtime.elapsedMs()
    this.#streams.add(stream)
    for (;;) {
      const page = this.#tail.pageAfter(stream.place, stream.epoch)
      if (!page || this.#isOver(stream)) return undefined
      const dueInMs = this.#dueInMs(stream, page)
      if (dueInMs <= 0) return this.#frameOf(stream, page)
      const dueAtMs = this.#runtime.elapsedMs() + dueInMs
      await this.#watch(stream, page, Math.min(stream.askedAtMs + stream.forMs, dueAtMs))
    }
  }

  /** A stream has a frame in any case, even if its question was answered late. */
  #isOver({ isOver, askedAtMs, forMs, sentAtMs }: Stream): boolean {
    const nowMs = this.#runtime.elapsedMs()
    const isSetBack = nowMs < Math.max(askedAtMs, sentAtMs)
    const hasBegun = sentAtMs > Number.NEGATIVE_INFINITY
    return isOver || isSetBack || (hasBegun && (this.#isEnding || nowMs >= askedAtMs + forMs))
  }

  /**
   * In how many milliseconds a frame is due. News are due at once. A beat is due with the last page
   * that is read before its time, as long as that page is young.
   */
  #dueInMs({ place, epoch, beatMs, sentAtMs, sentNowMs }: Stream, page: AgedPage): number {
    if (page.head > place || page.epoch !== epoch) return 0
    const beatInMs = sentAtMs + beatMs - this.#runtime.elapsedMs()
    const isNewlyRead = page.nowMs !== sentNowMs && page.ageMs < pauseWhileReadMs
    return isNewlyRead && beatInMs < sharedForMs ? 0 : beatInMs
  }

  #frameOf(stream: Stream, { ageMs, ...page }: AgedPage): string {
    stream.place = Math.max(stream.place, page.through)
    stream.isOver = page.epoch !== stream.epoch
    stream.sentAtMs = this.#runtime.elapsedMs()
    stream.sentNowMs = page.nowMs
    const heldMs = Math.floor(Math.max(0, stream.sentAtMs - stream.askedAtMs))
    const proof = { nonce: stream.nonce, ageMs: Math.ceil(Math.max(0, ageMs)), heldMs }
    return `${renderFeed({ ...page, proof })}\n`
  }

  /** Reads the end of the history if that is due. Otherwise pauses, until it is woken. */
  async #watch(stream: Stream, { nowMs }: AgedPage, untilMs: number): Promise<void> {
    const hasRead = await this.#readIfDue(stream, untilMs)
    const page = this.#tail.pageAfter(stream.place, stream.epoch)
    if (this.#isOver(stream) || page?.nowMs !== nowMs) return
    const readInMs = this.#tail.tailDueInMs()
    const pauseMs = readInMs > 0 ? readInMs + this.#restOf(stream) : pauseWhileReadMs
    const leftMs = untilMs - this.#runtime.elapsedMs()
    await this.#pause(stream, Math.min(leftMs, hasRead ? Math.max(leastPauseMs, pauseMs) : pauseMs))
  }

  /** While its own read takes long, a stream still has beats, and the news that others read. */
  async #readIfDue(stream: Stream, untilMs: number): Promise<boolean> {
    if (this.#tail.tailDueInMs() > 0) return false
    const deadlineMs = Math.min(untilMs, this.#runtime.elapsedMs() + pauseWhileReadMs)
    return orLate(this.#runtime, () => this.#hasRead(stream), false, deadlineMs)
  }

  /**
   * A request that has used up its subrequests can read no more. Its failures delay the reads of
   * all, so its stream ends.
   */
  async #hasRead(stream: Stream): Promise<boolean> {
    const renewal = await this.#tail.renewTail()
    if (renewal === 'not due') return false
    this.#reads += 1
    stream.readNumber = this.#reads
    stream.failures = renewal === 'failed' ? stream.failures + 1 : 0
    stream.isOver ||= stream.failures >= maxFailures
    return true
  }

  /**
   * The streams take turns, because each may have few subrequests. Of many, only about 16 look
   * whether a read is due. What they read wakes the others.
   */
  #restOf({ readNumber }: Stream): number {
    const rest = Math.min(restReads, this.#streams.size - 1)
    if (this.#reads - readNumber < rest) return restMs
    this.#pauses += 1
    return this.#pauses % Math.ceil(this.#streams.size / candidates) === 0 ? 0 : restMs
  }

  /**
   * The pause has a timer of this request. Another request can only end it early. The timer then
   * runs out by itself, within about a second, because to stop it would cost more.
   */
  async #pause(stream: Stream, ms: number): Promise<void> {
    // The order of the set is that of the last pauses.
    if (this.#streams.delete(stream)) this.#streams.add(stream)
    const woken = new Promise<void>((resolve) => {
      stream.wake = resolve
    })
    const mostMs = this.#canWake() ? ms : Math.min(ms, pauseWhileReadMs)
    await Promise.race([this.#runtime.delay(mostMs), woken])
  }
}
