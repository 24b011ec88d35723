// Stands between the service and its database: counts what passes, and does to it what networks and
// databases do.

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the database seems to do. */
export type Fault =
  | 'none'
  | 'hangs'
  | 'cuts the connection'
  | 'cuts the answer'
  | 'answers 500'
  | 'answers 502 with HTML'
  | 'answers 429'
  | 'answers 401'
  | 'answers HTML'
  | 'answers truncated JSON'
  | 'answers an empty object'
  | 'answers other columns'
  | 'answers other types'
  | 'redirects'
  | 'is busy twice'

export interface DatabaseProxy {
  readonly url: string
  /** Requests since the last `reset`. */
  count(): number
  reset(): void
  setFault(fault: Fault): void
  stop(): Promise<void>
}

/** A proxy before the database at `target`, which lets everything wait for `delayMs`. */
export async function startProxy(target: string, delayMs = 0): Promise<DatabaseProxy> {
  let count = 0
  let fault: Fault = 'none'
  const server = createServer((incoming, outgoing) => {
    count += 1
    if (fault === 'is busy twice' && count > 2) fault = 'none'
    setTimeout(() => forward(target, incoming, outgoing, fault), delayMs)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: () => count,
    reset() {
      count = 0
    },
    setFault(next) {
      fault = next
      if (next === 'none') server.closeAllConnections()
    },
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** An error as sqld has it. */
function hranaError(code: string, message: string): string {
  const error = { type: 'error', error: { message, code } }
  return JSON.stringify({ baton: null, base_url: null, results: [error, error] })
}

const canned: Partial<Record<Fault, [status: number, type: string, body: string]>> = {
  'is busy twice': [200, 'application/json', hranaError('SQLITE_BUSY', 'database is locked')],
  'answers 500': [500, 'application/json', '{"error":"boom"}'],
  'answers 502 with HTML': [502, 'text/html', '<h1>Bad gateway</h1>'],
  'answers 429': [429, 'application/json', '{"error":"slow down"}'],
  'answers 401': [401, 'application/json', '{"error":"Unauthorized"}'],
  'answers HTML': [200, 'text/html', '<h1>Welcome</h1>'],
  'answers an empty object': [200, 'application/json', '{}'],
}

function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault,
) {
  if (fault === 'hangs') return
  if (fault === 'cuts the connection') return incoming.socket.destroy()
  if (fault === 'redirects')
    return outgoing.writeHead(307, { Location: `${target}/elsewhere` }).end()
  const answer = canned[fault]
  if (answer) {
    const [status, type, body] = answer
    return outgoing.writeHead(status, { 'Content-Type': type }).end(body)
  }
  const { method, headers, url } = incoming
  const onward = request(`${target}${url}`, { method, headers }, (response) =>
    collect(response).then((body) => pass(outgoing, response, body, fault)),
  )
  onward.on('error', () => incoming.socket.destroy())
  incoming.pipe(onward)
}

function pass(outgoing: ServerResponse, response: IncomingMessage, body: string, fault: Fault) {
  const { 'content-length': _, 'transfer-encoding': __, ...headers } = response.headers
  const corrupt = corruptions[fault]
  if (fault === 'cuts the answer') {
    outgoing.writeHead(200, { ...headers, 'Content-Length': body.length + 100 })
    outgoing.write(body.slice(0, body.length / 2), () => outgoing.destroy())
    return
  }
  outgoing.writeHead(response.statusCode ?? 500, headers).end(corrupt ? corrupt(body) : body)
}

interface Cell {
  type: string
  value?: string
}

interface Step {
  cols: { name: string }[]
  rows: Cell[][]
}

const corruptions: Partial<Record<Fault, (body: string) => string>> = {
  'answers truncated JSON': (body) => body.slice(0, -20),
  'answers other columns': (body) =>
    changeSteps(body, (step) => ({
      ...step,
      cols: [{ name: 'surprise' }],
      rows: [[{ type: 'text', value: 'surprise' }]],
    })),
  'answers other types': (body) =>
    changeSteps(body, (step) => ({ ...step, rows: step.rows.map((row) => row.map(otherType)) })),
}

/** Changes what the statements gave back; those that give back nothing stay as they are. */
function changeSteps(body: string, change: (step: Step) => Step): string {
  return JSON.stringify(JSON.parse(body), (_, value) =>
    value?.cols?.length ? change(value) : value,
  )
}

function otherType({ type }: Cell): Cell {
  return type === 'integer' ? { type: 'text', value: '?' } : { type: 'integer', value: '7' }
}

async function collect(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
