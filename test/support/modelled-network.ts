// What may happen to a stream on its way in the model of restored-model.ts. Each frame has its own
// journey. The network knows the truth about every frame, which the guard cannot know.

import { type FeedPage, parseFeed } from '../../src/token/feed-format.ts'
import { withHead } from './feed-faults.ts'
import { startMs } from './modelled-service.ts'
import type { VirtualTime } from './virtual-time.ts'

/** The path of one frame to the guard. */
export interface FrameJourney {
  /** Frames overtake each other where a later one takes less time. */
  readonly backMs: number
  readonly fate:
    | 'delivered'
    | 'doubled'
    | 'lost'
    | 'lost in part'
    | 'cut within'
    | 'cut after'
    | 'silent from here'
    | 'of another question'
  /** Where a frame comes in two pieces: after this share of its bytes, and how long after. */
  readonly splitAt: number
  readonly splitMs: number
  /** The service says that it held the frame for so much longer than it did. */
  readonly lieMs: number
}

/** The path of one stream. */
export interface StreamJourney {
  readonly thereMs: number
  readonly kind: 'frames' | 'held back' | 'an ordinary page' | 'fails' | 'never answered'
  readonly frames: readonly FrameJourney[]
}

/** What is true of a frame, by true time. */
interface Truth {
  readonly madeAtMs: number
  /** How much longer the frame says it was held. Negative after a clock was set back. */
  readonly lieMs: number
  /** How much older the frame is than it states: the clock of its isolate was set back. */
  readonly hiddenMs: number
}

type Sink = ReadableStreamDefaultController<Uint8Array>

/** In two pieces, because that is no fault. */
const atOnce: FrameJourney = { backMs: 20, fate: 'delivered', splitAt: 0.5, splitMs: 5, lieMs: 0 }

export class ModelledNetwork {
  readonly #time: VirtualTime
  /** Everything arrives soon, and nobody lies. */
  isCalm = false
  readonly #isHonest: boolean
  readonly #frames: string[] = []
  /** What is true of frames, by what they have. */
  readonly #truths = new Map<string, readonly Truth[]>()

  /** @param isHonest whether no isolate of the service says a wrong time */
  constructor(time: VirtualTime, isHonest: boolean) {
    this.#time = time
    this.#isHonest = isHonest
  }

  /** The stream that a guard gets. Its question came to the service at this moment. */
  carry(frames: ReadableStream<Uint8Array>, journey: StreamJourney): ReadableStream<Uint8Array> {
    const receivedAtMs = this.#time.nowMs
    let carriage: Carriage
    return new ReadableStream<Uint8Array>({
      start: (sink) => {
        carriage = new Carriage(this, this.#time, sink)
        void carriage.run(frames, journey, receivedAtMs)
      },
      cancel: () => carriage.leave(),
    })
  }

  /**
   * By how much a page that is taken now may seem younger than it is. A page of which nobody lied:
   * not at all. Otherwise by the time of this frame on the network, whatever the lie.
   */
  mostGainMs(page: FeedPage): number {
    if (this.#isHonest) return 0
    const gains = (this.#truths.get(nameOf(page)) ?? []).map(({ madeAtMs, lieMs, hiddenMs }) =>
      Math.max(0, Math.min(lieMs, this.#time.nowMs - madeAtMs) + hiddenMs),
    )
    return Math.max(0, ...gains)
  }

  /** The journey of a frame, now. */
  journeyOf({ frames }: StreamJourney, number: number): FrameJourney {
    return this.isCalm ? atOnce : (frames[number % frames.length] ?? atOnce)
  }

  /** The frame as the guard gets it. */
  note(made: string, lieMs: number, receivedAtMs: number): string {
    const text = lieMs > 0 ? heldLonger(made, lieMs) : made
    // Without the line break that ends a frame.
    const page = parseFeed(text.slice(0, -1))
    if (!page.ok || !page.value.proof) throw new Error('The service has sent no frame')
    const { heldMs = 0, ageMs } = page.value.proof
    const madeAtMs = this.#time.nowMs
    const trueAgeMs = madeAtMs - (page.value.nowMs - startMs)
    const truth = {
      ...{ madeAtMs, lieMs: heldMs - (madeAtMs - receivedAtMs) },
      hiddenMs: Math.max(0, trueAgeMs - ageMs),
    }
    const name = nameOf(page.value)
    this.#truths.set(name, [...(this.#truths.get(name) ?? []), truth])
    this.#frames.push(text)
    return text
  }

  /** A frame that was made for another stream, as a cache would have it. */
  frameOfAnother(text: string): string | undefined {
    const nonceOf = (frame: string) => /"nonce":"[^"]*"/.exec(frame)?.[0]
    return this.#frames.findLast((frame) => nonceOf(frame) !== nonceOf(text))
  }
}

const nameOf = ({ nowMs, from, through }: FeedPage) => `${nowMs} ${from} ${through}`
const heldLonger = (text: string, byMs: number) =>
  withHead((head) => ({ ...head, held_ms: Number(head.held_ms) + byMs }))(text)

/** One stream under way. */
class Carriage {
  readonly #network: ModelledNetwork
  readonly #time: VirtualTime
  readonly #sink: Sink
  #arriving: Promise<void> = Promise.resolve()
  #isCut = false
  #isSilent = false

  constructor(network: ModelledNetwork, time: VirtualTime, sink: Sink) {
    this.#network = network
    this.#time = time
    this.#sink = sink
  }

  async run(
    frames: ReadableStream<Uint8Array>,
    journey: StreamJourney,
    receivedAtMs: number,
  ): Promise<void> {
    const heldBack: string[] = []
    const arrivals: Promise<void>[] = []
    let number = 0
    for await (const bytes of frames.pipeThrough(new TextDecoderStream())) {
      if (this.#isCut) break
      const one = this.#network.journeyOf(journey, number)
      number += 1
      const text = this.#network.note(bytes, one.lieMs, receivedAtMs)
      if (journey.kind === 'held back' && !this.#network.isCalm) heldBack.push(text)
      else arrivals.push(this.#bring(text, one))
    }
    await Promise.all(arrivals)
    for (const text of heldBack) await this.#bring(text, { ...atOnce, backMs: 0 })
    if (!this.#isSilent) this.#cut(() => this.#sink.close())
  }

  async #bring(text: string, { backMs, fate, splitAt, splitMs }: FrameJourney): Promise<void> {
    await this.#time.delay(backMs)
    if (fate === 'lost') return
    if (fate === 'silent from here') this.#isSilent = true
    const given = fate === 'of another question' ? this.#network.frameOfAnother(text) : text
    const end = Math.floor((given ?? text).length * splitAt)
    const pieces = [(given ?? text).slice(0, end), (given ?? text).slice(end)]
    const isWhole = fate !== 'lost in part' && fate !== 'cut within'
    // Others wait until both pieces of a frame have come.
    this.#arriving = this.#arriving.then(async () => {
      this.#send(pieces[0] ?? '')
      if (pieces[0] && splitMs > 0) await this.#time.delay(splitMs)
      if (isWhole) this.#send(pieces[1] ?? '')
      if (fate === 'doubled') this.#send(text)
      if (fate.startsWith('cut')) this.#cut(() => this.#sink.error(new Error('cut')))
    })
    await this.#arriving
  }

  /** The guard has left. */
  leave(): void {
    this.#isCut = true
  }

  #send(text: string): void {
    if (text && !this.#isCut && !this.#isSilent) this.#sink.enqueue(new TextEncoder().encode(text))
  }

  #cut(end: () => void): void {
    if (this.#isCut) return
    this.#isCut = true
    end()
  }
}
