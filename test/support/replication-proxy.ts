// A proxy between a replica of the database and its primary. It can delay what the replica copies.
// What the replica passes to the primary goes through at once. Both are streams of one gRPC
// connection, so the proxy works on HTTP/2.

import {
  type ClientHttp2Session,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'

export interface ReplicationProxy {
  readonly url: string
  /** Sets how far the replica is behind, from now on. */
  setLag(ms: number): void
  stop(): void
}

/** A proxy in front of the gRPC address of a primary. */
export async function startReplicationProxy(target: string): Promise<ReplicationProxy> {
  let lagMs = 0
  let session: ClientHttp2Session | undefined
  /** A new connection, after a restart of the primary. */
  const onward = () => {
    if (!session || session.destroyed || session.closed) {
      session = connect(target).on('error', () => {})
    }
    return session
  }
  const server = createServer()
  server.on('stream', (stream, headers) => {
    const isCopied = String(headers[':path']).startsWith('/wal_log.')
    forward(onward(), stream, headers, () => (isCopied ? lagMs : 0))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setLag(ms) {
      lagMs = ms
    },
    stop() {
      session?.destroy()
      server.close()
    },
  }
}

function forward(
  session: ClientHttp2Session,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  lagMs: () => number,
): void {
  const asked = session.request(headers)
  let trailers: IncomingHttpHeaders = {}
  stream.pipe(asked)
  asked.on('response', (answer) => stream.respond(answer, { waitForTrailers: true }))
  asked.on('data', (data) => setTimeout(() => stream.destroyed || stream.write(data), lagMs()))
  asked.on('trailers', (sent) => {
    trailers = sent
  })
  asked.on('end', () => setTimeout(() => stream.end(), lagMs()))
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  asked.on('error', () => stream.destroy())
  stream.on('error', () => asked.destroy())
  stream.on('close', () => asked.destroy())
}
