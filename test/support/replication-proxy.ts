// Stands between a replica of the database and its primary. What the replica copies can be held back;
// what it hands on to the primary goes through at once: those are other streams of the same gRPC
// connection, so this has to know HTTP/2.

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
  /** How far the replica is behind, from now on. */
  setLag(ms: number): void
  stop(): void
}

/** A proxy before the gRPC address of a primary. */
export async function startReplicationProxy(target: string): Promise<ReplicationProxy> {
  let lagMs = 0
  let session: ClientHttp2Session | undefined
  /** Another one, after the primary was started again. */
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
