// A proxy between the service and its database, or between a guard and the service. It counts
// requests, and simulates faults of networks and databases.

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The fault that the other side seems to have. */
export type Fault =
  | 'none'
  | 'hangs'
  | 'cuts the connection'
  | 'cuts the answer'
  | 'stalls in the answer'
  | 'answers 404'
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
  | 'is busy'

/** Changes the body of an answer. */
export type Rewrite = (body: string) => string

export interface DatabaseProxy {
  readonly url: string
  /** Requests since the last `reset`, of paths with this prefix. */
  count(prefix?: string): number
  /** When requests with such a path came, since the last `reset`, by `performance.now()`. */
  times(path: RegExp): readonly number[]
  reset(): void
  /**
   * Sets the fault from now on, for paths with this prefix. Answers that are under way stop, or are
   * cut off. 'none' cuts hanging requests.
   */
  setFault(fault: Fault | Rewrite, prefix?: string): void
  stop(): Promise<void>
}

/** A proxy in front of the database at `target`, which delays everything by `delayMs`. */
export async function startProxy(target: string, delayMs = 0): Promise<DatabaseProxy> {
  let asked: { readonly path: string; readonly atMs: number }[] = []
  let fault: Fault | Rewrite = 'none'
  let prefix = '/'
  const passing = new Set<Passing>()
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? ''
    asked.push({ path, atMs: performance.now() })
    if (fault === 'is busy twice' && asked.length > 2) fault = 'none'
    const current = () => (path.startsWith(prefix) ? fault : 'none')
    const its = current()
    setTimeout(() => forward({ target, incoming, outgoing, passing, current }, its), delayMs)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: (prefix = '/') => asked.filter(({ path }) => path.startsWith(prefix)).length,
    times: (form) => asked.filter(({ path }) => form.test(path)).map(({ atMs }) => atMs),
    reset() {
      asked = []
    },
    setFault(next, of = '/') {
      fault = next
      prefix = of
      if (next === 'none') return server.closeAllConnections()
      for (const one of passing) if (one.path.startsWith(of)) stopPassing(one, next)
    },
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

interface Pipeline {
  readonly requests: readonly { type: string; batch?: { steps: readonly unknown[] } }[]
}

/**
 * The answer of sqld while another writer has the lock: a batch fails with its first step, BEGIN.
 */
function busyAnswer(asked: string): string {
  const error = { message: 'database is locked', code: 'SQLITE_BUSY' }
  const results = (JSON.parse(asked) as Pipeline).requests.map(({ type, batch }) => {
    if (type !== 'batch') return { type: 'error', error }
    const steps = batch?.steps ?? []
    const result = {
      step_results: steps.map(() => null),
      step_errors: steps.map((_, place) => (place === 0 ? error : null)),
    }
    return { type: 'ok', response: { type: 'batch', result } }
  })
  return JSON.stringify({ baton: null, base_url: null, results })
}

const canned: Partial<Record<Fault, [status: number, type: string, body: string]>> = {
  'answers 404': [404, 'application/json', '{"error":"not here"}'],
  'answers 500': [500, 'application/json', '{"error":"boom"}'],
  'answers 502 with HTML': [502, 'text/html', '<h1>Bad gateway</h1>'],
  'answers 429': [429, 'application/json', '{"error":"slow down"}'],
  'answers 401': [401, 'application/json', '{"error":"Unauthorized"}'],
  'answers HTML': [200, 'text/html', '<h1>Welcome</h1>'],
  'answers an empty object': [200, 'application/json', '{}'],
}

/** An answer that is passed through as it comes. */
interface Passing {
  readonly path: string
  readonly response: IncomingMessage
  readonly outgoing: ServerResponse
}

interface Forwarded {
  readonly target: string
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly passing: Set<Passing>
  /** The fault for its path at the moment. */
  readonly current: () => Fault | Rewrite
}

function forward(
  { target, incoming, outgoing, passing, current }: Forwarded,
  fault: Fault | Rewrite,
) {
  if (fault === 'hangs') return
  if (fault === 'cuts the connection') return incoming.socket.destroy()
  if (fault === 'redirects')
    return outgoing.writeHead(307, { Location: `${target}/elsewhere` }).end()
  if (fault === 'is busy' || fault === 'is busy twice') {
    outgoing.writeHead(200, { 'Content-Type': 'application/json' })
    collect(incoming)
      .then((asked) => outgoing.end(busyAnswer(asked)))
      .catch(() => incoming.socket.destroy())
    return
  }
  const answer = typeof fault === 'string' && canned[fault]
  if (answer) {
    const [status, type, body] = answer
    return outgoing.writeHead(status, { 'Content-Type': type }).end(body)
  }
  const { method, headers, url } = incoming
  const onward = request(`${target}${url}`, { method, headers }, (response) => {
    if (fault === 'none') {
      const one = { path: url ?? '', response, outgoing }
      passThrough(one, passing)
      // The fault was set while the answer was made.
      if (current() !== 'none') stopPassing(one, current())
      return
    }
    collect(response)
      .then((body) => pass(outgoing, response, body, fault))
      .catch(() => incoming.socket.destroy())
  })
  onward.on('error', () => incoming.socket.destroy())
  incoming.pipe(onward)
}

/** Passes on what comes of an answer, as soon as it comes. Either end of it ends the other. */
function passThrough(one: Passing, passing: Set<Passing>): void {
  const { response, outgoing } = one
  passing.add(one)
  outgoing.on('close', () => {
    passing.delete(one)
    if (!response.complete) response.destroy()
  })
  response.on('close', () => {
    if (!response.complete) outgoing.destroy()
  })
  const { 'transfer-encoding': _, connection: __, ...headers } = response.headers
  outgoing.writeHead(response.statusCode ?? 500, headers)
  // A follower has to see that its answer has begun.
  outgoing.flushHeaders()
  response.pipe(outgoing)
}

function stopPassing({ response, outgoing }: Passing, fault: Fault | Rewrite): void {
  if (fault === 'hangs' || fault === 'stalls in the answer') response.unpipe(outgoing)
  else outgoing.destroy()
}

function pass(
  outgoing: ServerResponse,
  response: IncomingMessage,
  body: string,
  fault: Fault | Rewrite,
) {
  const { 'content-length': _, 'transfer-encoding': __, ...headers } = response.headers
  const corrupt = typeof fault === 'string' ? corruptions[fault] : fault
  if (fault === 'cuts the answer' || fault === 'stalls in the answer') {
    outgoing.writeHead(200, { ...headers, 'Content-Length': body.length + 100 })
    const cut = () => fault === 'cuts the answer' && outgoing.destroy()
    outgoing.write(body.slice(0, body.length / 2), cut)
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

/** Changes the results of the statements. Statements without a result stay as they are. */
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
