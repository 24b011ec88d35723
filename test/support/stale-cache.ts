// A cache that is wrong for a revocation feed. It keeps every good answer for two hours, whatever
// the answer says about caching. It hides the age, and answers from its copies when the service is
// away.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The key by which two questions are the same. */
export type CacheKey = 'the whole URL' | 'the path alone'

export interface StaleCache {
  readonly url: string
  /** The number of answers from the cache so far. */
  hits(): number
  /** Passes everything through from now on. */
  disable(): void
  stop(): Promise<void>
}

interface Kept {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly atMs: number
}

const keptForMs = 2 * 60 * 60 * 1_000

export async function startStaleCache(target: string, key: CacheKey): Promise<StaleCache> {
  const kept = new Map<string, Kept>()
  let hits = 0
  let isDisabled = false

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method, url = '' } = incoming
    const name = `${method} ${key === 'the whole URL' ? url : url.replace(/\?.*/, '')}`
    const known = isDisabled ? undefined : kept.get(name)
    if (known && performance.now() < known.atMs + keptForMs) {
      hits += 1
      return void outgoing.writeHead(200, known.headers).end(known.body)
    }
    const { ok, status, headers, body } = await pass(target, incoming)
    if (ok && method === 'GET') kept.set(name, { headers, body, atMs: performance.now() })
    outgoing.writeHead(status, headers).end(body)
  }

  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => incoming.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hits: () => hits,
    disable() {
      isDisabled = true
    },
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** The answer of the service, without its caching headers. */
async function pass(target: string, incoming: IncomingMessage) {
  const { method = 'GET', url = '' } = incoming
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const headers = { 'Content-Type': incoming.headers['content-type'] ?? 'text/plain' }
  const body = method === 'GET' ? null : Buffer.concat(chunks)
  const answer = await fetch(target + url, { method, headers, body, redirect: 'manual' })
  const type = answer.headers.get('Content-Type') ?? 'text/plain'
  const { ok, status } = answer
  return { ok, status, headers: { 'Content-Type': type }, body: await answer.text() }
}
