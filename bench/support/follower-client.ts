// Clients that follow the feed as guards do, without a guard around them.

import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { parseFeed, segmentOf } from '../../src/token/feed-format.ts'

/** Has no limit of connections, so that no stream queues here. */
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
const nonce = 'AAAAAAAAAAAAAAAA'

/** Where a follower begins. */
export interface Beginning {
  /** The base URL of the service. */
  readonly service: string
  readonly epoch: string
  /** The place up to which everything is known. */
  readonly place: number
}

/** The end of the feed of a service. */
export async function findBeginning(service: string): Promise<Beginning> {
  const answer = await fetch(`${service}/auth/feed/since/0?nonce=${nonce}`)
  const page = parseFeed(await answer.text())
  if (!page.ok) throw new Error(`${service} gives no feed: ${page.error}`)
  return { service, epoch: page.value.epoch, place: page.value.head }
}

/** One client. A stream that is over begins again. */
export class Follower {
  readonly #beginning: Beginning
  #place: number
  #request: ClientRequest | undefined
  #hasLeft = false
  /** A frame has come. */
  isFollowing = false
  /** The service gave an ordinary page. */
  isTurnedAway = false
  /** When the last news came, by `performance.now()`. */
  toldAtMs = 0

  constructor(beginning: Beginning) {
    this.#beginning = beginning
    this.#place = beginning.place
  }

  /** The place up to which this client was told everything. */
  get place(): number {
    return this.#place
  }

  /** Asks for a stream. */
  begin(): void {
    this.isTurnedAway = false
    const { service, epoch } = this.#beginning
    const path = `/auth/feed/since/${segmentOf(this.#place + 1)}`
    const query = `?after=${this.#place}&epoch=${epoch}&nonce=${nonce}&follow=20&beat_ms=2500`
    this.#request = request(`${service}${path}${query}`, { agent }, (answer) => this.#read(answer))
    this.#request.on('error', () => {}).end()
  }

  /** Goes away without a word. */
  vanish(): void {
    this.#hasLeft = true
    this.#request?.destroy()
  }

  #read(answer: IncomingMessage): void {
    let text = ''
    answer.setEncoding('latin1').on('data', (chunk) => {
      text += chunk
      for (const [frame] of text.matchAll(/.*\n.*\n/g)) {
        this.#take(frame.slice(0, -1))
        text = text.slice(frame.length)
      }
    })
    answer.on('error', () => {})
    answer.on('end', () => {
      // Only a frame ends with a line feed.
      this.isTurnedAway = text !== ''
      if (this.isFollowing && !this.#hasLeft) this.begin()
    })
  }

  #take(frame: string): void {
    const page = parseFeed(frame)
    if (!page.ok) throw new Error(`A frame ${page.error}`)
    this.isFollowing = true
    const { through } = page.value
    if (through <= this.#place) return
    this.#place = through
    this.toldAtMs = performance.now()
  }
}
