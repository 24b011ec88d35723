// The outbox over HTTP, on a port of this machine. Codes in mails open accounts, so no web page may
// read them. There is no CORS, and a Host that is not this machine is refused: a page whose name leads
// to 127.0.0.1 (DNS rebinding) has another one. Only who has the key puts mails in.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { isSameSecret } from '../../../src/crypto/constant-time.ts'
import { isLoopbackHost } from '../../../src/token/loopback.ts'
import type { Outbox } from './outbox.ts'
import { mailHeaders, outboxPage, pageHeaders, plainHeaders } from './page.ts'

export interface OutboxServer {
  /** Where it is, without a path: `http://127.0.0.1:40000`. */
  readonly origin: string
  close(): void
}

const maxBodyBytes = 1024 * 1024

/**
 * Serves the outbox on a free port:
 * - `POST /emails` takes a mail in the form of Resend's API, with `key` as the bearer token;
 * - `GET /dev/outbox` is a page, `GET /dev/outbox.json` the same as `{ mails }`.
 */
export async function serveOutbox(outbox: Outbox, key: string): Promise<OutboxServer> {
  const server = createServer((request, answer) => {
    void respond({ outbox, key, request, answer }).catch(() => answer.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { origin: `http://127.0.0.1:${port}`, close }
}

interface Exchange {
  readonly outbox: Outbox
  readonly key: string
  readonly request: IncomingMessage
  readonly answer: ServerResponse
}

async function respond(exchange: Exchange): Promise<unknown> {
  const { request, answer } = exchange
  const [path = '/'] = (request.url ?? '/').split('?')
  if (!isOfThisMachine(request.headers.host ?? '')) {
    return refuseWith(answer, 421, 'misdirected_request', 'Use the address that was printed.')
  }
  const allowed = path === '/emails' ? ['POST'] : ['GET', 'HEAD']
  if (!allowed.includes(request.method ?? '')) {
    answer.setHeader('Allow', allowed.join(', '))
    return refuseWith(answer, 405, 'method_not_allowed', `Use ${allowed.join(' or ')}.`)
  }
  return path === '/emails' ? takeMail(exchange) : show(exchange, path)
}

/** Whether a Host header names this machine, and nothing else. */
function isOfThisMachine(host: string): boolean {
  const url = URL.parse(`http://${host}`)
  return url?.host === host.toLowerCase() && isLoopbackHost(url.hostname)
}

function show({ outbox, answer }: Exchange, path: string) {
  if (path === '/') return answer.writeHead(307, { ...plainHeaders, Location: '/dev/outbox' }).end()
  if (path === '/dev/outbox')
    return answer.writeHead(200, pageHeaders).end(outboxPage(outbox.list()))
  if (path === '/dev/outbox.json') return sendJson(answer, 200, { mails: outbox.list() })
  const [, number] = /^\/dev\/outbox\/(\d{1,9})\.html$/.exec(path) ?? []
  const mail = number === undefined ? undefined : outbox.find(Number(number))
  if (mail) return answer.writeHead(200, mailHeaders).end(mail.html)
  return refuseWith(answer, 404, 'not_found', 'The outbox is at /dev/outbox.')
}

async function takeMail({ outbox, key, request, answer }: Exchange) {
  const { authorization = '', 'idempotency-key': id = '' } = request.headers
  if (!(await isSameSecret(authorization, `Bearer ${key}`))) {
    const name = authorization === '' ? 'missing_api_key' : 'invalid_api_key'
    return refuseWith(answer, authorization === '' ? 401 : 403, name, 'The key is another one.')
  }
  const body = await readBody(request)
  if (body === undefined) {
    answer.setHeader('Connection', 'close')
    return refuseWith(answer, 413, 'validation_error', 'A mail has at most 1 MiB.')
  }
  const taken = outbox.take(String(id), body)
  if (taken.ok) return sendJson(answer, 200, { id: `outbox-${taken.value.number}` })
  const status = taken.error === 'validation_error' ? 422 : 409
  return refuseWith(answer, status, taken.error, 'The outbox takes mails as Resend does.')
}

/** Undefined if it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function refuseWith(answer: ServerResponse, status: number, name: string, message: string) {
  return sendJson(answer, status, { statusCode: status, name, message })
}

function sendJson(answer: ServerResponse, status: number, value: unknown) {
  const headers = { ...plainHeaders, 'Content-Type': 'application/json' }
  return answer.writeHead(status, headers).end(`${JSON.stringify(value, undefined, 2)}\n`)
}
