// An API for mail on this machine. Its path says how it answers: `POST /HOW/emails`. What came is
// read at `GET /asked/ID`, with the id of the mail, so that tests inside workerd can see it, too.

import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

interface AskedMail {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Whether the client has given up before the end of the answer. */
  isAbandoned: boolean
}

export interface MailApiServer {
  readonly url: string
  /** What came, by the id of the mail. */
  readonly asked: ReadonlyMap<string, readonly AskedMail[]>
  /**
   * Answers like this from now on, whatever the path says. Undefined: as the path says. 'deaf'
   * takes no mail at all, and does not answer.
   */
  answerAs(how: string | undefined): void
  stop(): Promise<void>
}

const errorOf = (status: number, name: string) =>
  JSON.stringify({ statusCode: status, message: 'Invalid: ada@example.com', name })
const filler = 'x'.repeat(1024)

/** The answers that are no plain error. */
const answers: Readonly<Record<string, (res: ServerResponse) => unknown>> = {
  sent: (res) => res.end('{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}'),
  'sent-html': (res) => res.writeHead(202, { 'Content-Type': 'text/html' }).end('<p>Thanks'),
  'sent-huge': (res) => writeMegabytes(res, 10),
  'sent-cut': (res) => res.writeHead(200).write('{"id":"', () => res.destroy()),
  silent: () => undefined,
  'silent-body': (res) => res.writeHead(409).write('{"name":"invalid_idem'),
  reset: (res) => res.destroy(),
  redirect: (res) => res.writeHead(307, { Location: '/sent/emails' }).end(),
  'redirect-302': (res) => res.writeHead(302, { Location: '/sent/emails' }).end(),
  html: (res) => res.writeHead(502, { 'Content-Type': 'text/html' }).end('<h1>Bad gateway</h1>'),
  'html-400': (res) => res.writeHead(400, { 'Content-Type': 'text/html' }).end('<h1>No</h1>'),
  'huge-400': (res) => {
    res.writeHead(400).write('{"name":"validation_error","message":"')
    return writeMegabytes(res, 10)
  },
  'huge-409': (res) => {
    res.writeHead(409).write('{"name":"invalid_idempotent_request","message":"')
    return writeMegabytes(res, 10)
  },
  'cut-400': (res) => res.writeHead(400).end(errorOf(400, 'validation_error').slice(0, -2)),
  'deep-400': (res) => res.writeHead(400).end('['.repeat(60_000)),
  'null-400': (res) => res.writeHead(400).end('null'),
  'odd-names-400': (res) =>
    res.writeHead(400).end(JSON.stringify({ name: 'ada@example.com\n', message: 5 })),
  'number-400': (res) => res.writeHead(400).end(JSON.stringify({ name: { toString: 1 } })),
  'bad-key-400': (res) =>
    res.writeHead(400).end('{"name":"validation_error","message":"API key is invalid"}'),
}

/** Ends without a complaint when the client has had enough. */
function writeMegabytes(res: ServerResponse, count: number) {
  const pieces = Readable.from(Array.from({ length: count * 1024 }, () => filler))
  pipeline(pieces, res, () => undefined)
}

/**
 * Starts it, at a port if one is wanted. `/STATUS/emails` and `/STATUS-NAME/emails` answer with
 * that error, in Resend's form.
 */
export async function startMailApi(port = 0): Promise<MailApiServer> {
  const asked = new Map<string, AskedMail[]>()
  let always: string | undefined
  const server = createServer((req, res) => {
    const [, first = '', second = ''] = (req.url ?? '').split('/')
    if (first === 'asked') return res.end(JSON.stringify(asked.get(second) ?? []))
    if (always === 'deaf') return undefined
    void take(req, res, always ?? first, asked).catch(() => res.destroy())
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    asked,
    answerAs(how) {
      always = how
    },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function take(
  req: IncomingMessage,
  res: ServerResponse,
  how: string,
  asked: Map<string, AskedMail[]>,
) {
  const { method = '', headers } = req
  const mail: AskedMail = { method, headers, body: await text(req), isAbandoned: false }
  res.once('close', () => {
    mail.isAbandoned = !res.writableFinished
  })
  const id = String(headers['idempotency-key'])
  asked.set(id, [...(asked.get(id) ?? []), mail])
  const answer = answers[how]
  if (answer) return answer(res)
  const [, status = '500', name] = /^(\d{3})(?:-(\w+))?$/.exec(how) ?? []
  return res.writeHead(Number(status)).end(name && errorOf(Number(status), name))
}
