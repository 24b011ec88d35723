// Proxies that pass ordinary answers through, and do something to those that guards follow.

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Questions for a stream, by their path and query. */
export const streamPath = /[?&]follow=/
/** Questions for other parts of the feed. */
export const pullPath = /^\/auth\/feed\/(since|snapshot)\/(?!.*follow=)/

/** What happens to a followed answer. */
export type StreamFault =
  | 'none'
  /** It comes as a whole, when it is over. */
  | 'is collected'
  | 'is cut after 1 s'
  | 'is 2 s late'
  | 'is 4 s late'
  /** A cache that leaves the query out of its key repeats the first frame of the first one. */
  | 'is an old one'
  /** The service is older, and knows only the nonce. */
  | 'is an ordinary one'

export interface StreamProxy {
  readonly url: string
  /** When followed answers were asked for, by `performance.now()`. */
  streams(): readonly number[]
  /** When other parts of the feed were asked for. */
  pulls(): readonly number[]
  /** How many frames have come from the service, or parts of them. */
  frames(): number
  /** Forgets what was asked for. */
  reset(): void
  /** For questions from now on. An answer that is under way can become late, too. */
  setFault(fault: StreamFault): void
  stop(): Promise<void>
}

interface Exchange {
  readonly response: IncomingMessage
  readonly outgoing: ServerResponse
}

const lateMs: Partial<Record<StreamFault, number>> = { 'is 2 s late': 2_000, 'is 4 s late': 4_000 }
const cutAfterMs = 1_000

/** A proxy in front of the service at `target`. It counts what is asked for. */
export async function startStreamProxy(
  target: string,
  fault: StreamFault = 'none',
): Promise<StreamProxy> {
  const asked: { streams: number[]; pulls: number[] } = { streams: [], pulls: [] }
  let current = fault
  let frames = 0
  const cache = createCache()
  const server = createServer((incoming, outgoing) => {
    const { url = '', method, headers } = incoming
    const isStream = streamPath.test(url)
    if (isStream) asked.streams.push(performance.now())
    else if (pullPath.test(url)) asked.pulls.push(performance.now())
    const its = isStream ? current : 'none'
    const path = its === 'is an ordinary one' ? withoutFollow(url) : url
    if (its === 'is an old one' && cache.answer(outgoing)) return
    const onward = request(target + path, { method, headers }, (response) => {
      outgoing.on('close', () => response.complete || response.destroy())
      response.on('close', () => response.complete || outgoing.destroy())
      const { 'transfer-encoding': _, connection: __, ...kept } = response.headers
      outgoing.writeHead(response.statusCode ?? 500, kept)
      if (isStream) {
        response.on('data', () => {
          frames += 1
        })
      }
      if (its === 'is an old one') return cache.keep({ response, outgoing })
      passOn({ response, outgoing }, its, () => (isStream ? (lateMs[current] ?? 0) : 0))
    })
    onward.on('error', () => incoming.socket.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    streams: () => asked.streams,
    pulls: () => asked.pulls,
    frames: () => frames,
    reset() {
      asked.streams = []
      asked.pulls = []
    },
    setFault(next) {
      current = next
    },
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function passOn({ response, outgoing }: Exchange, fault: StreamFault, delayMs: () => number): void {
  const collected: Buffer[] = []
  const isCollected = fault === 'is collected'
  if (!isCollected) outgoing.flushHeaders()
  if (fault === 'is cut after 1 s') setTimeout(() => outgoing.destroy(), cutAfterMs)
  response.on('data', (chunk) => {
    if (isCollected) collected.push(chunk)
    else setTimeout(() => outgoing.write(chunk), delayMs())
  })
  response.on('end', () => setTimeout(() => outgoing.end(Buffer.concat(collected)), delayMs()))
}

/** Keeps the first frame that comes, and gives it to every question. */
function createCache() {
  let kept: Buffer | undefined
  return {
    answer(outgoing: ServerResponse): boolean {
      if (kept) outgoing.writeHead(200, { 'Content-Type': 'text/plain' }).end(kept)
      return kept !== undefined
    },
    keep({ response, outgoing }: Exchange): void {
      response.once('data', (chunk) => {
        kept = chunk
        outgoing.end(chunk)
        response.destroy()
      })
    },
  }
}

function withoutFollow(url: string): string {
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1')
  return `${pathname}?nonce=${searchParams.get('nonce')}`
}
