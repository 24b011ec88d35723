// A server that hands every request on, and lets somebody look at it.

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Forwarder {
  readonly url: string
  stop(): Promise<void>
}

/** Forwards to `target`. `note` sees each request before, and must not read from it later. */
export async function startForwarder(
  target: string,
  note: (incoming: IncomingMessage) => void,
): Promise<Forwarder> {
  const server = createServer((incoming, outgoing) => {
    note(incoming)
    forward(target, incoming, outgoing)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function forward(target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers, url } = incoming
  const onward = request(`${target}${url}`, { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.on('error', () => outgoing.destroy()).pipe(outgoing)
  })
  onward.on('error', () => incoming.socket.destroy())
  // A client that leaves a stream must not stay on the other side.
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) onward.destroy()
  })
  incoming.pipe(onward)
}
