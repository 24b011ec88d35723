// The range API of Have I Been Pwned on this machine, which answers well or badly.

import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** The password that the API lists. */
export const listedPassword = 'a password of a breach'

interface AskedRange {
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

export interface BreachApi {
  readonly url: string
  /** What was asked. */
  readonly asked: AskedRange[]
  answerWith(how: keyof typeof answers): void
  stop(): Promise<void>
}

const suffixOf = (password: string) =>
  createHash('sha1').update(password).digest('hex').toUpperCase().slice(5)
const filler = (count: number) =>
  Array.from({ length: 700 }, (_, index) => `${suffixOf(`other ${index}`)}:${count}`)
const listOf = (...lines: string[]) => [...filler(3), ...lines, ...filler(0)].join('\r\n')
const hit = listOf(`${suffixOf(listedPassword)}:52579`)

const answers = {
  hit: (res: ServerResponse) => res.end(hit),
  lowerCaseHit: (res: ServerResponse) => res.end(`${hit.toLowerCase()}\n`),
  miss: (res: ServerResponse) => res.end(listOf()),
  padding: (res: ServerResponse) => res.end(listOf(`${suffixOf(listedPassword)}:0`)),
  slow: async (res: ServerResponse) => {
    await delay(2_000)
    res.end(hit)
  },
  slowBody: async (res: ServerResponse) => {
    for (const line of hit.split('\r\n').slice(0, 20)) {
      res.write(`${line}\r\n`)
      await delay(100)
    }
    res.end(hit)
  },
  cut: (res: ServerResponse) => {
    res.writeHead(200, { 'Content-Length': hit.length + 1_000 })
    res.write(hit, () => res.destroy())
  },
  cutChunks: (res: ServerResponse) => {
    res.write(hit, () => res.destroy())
  },
  error: (res: ServerResponse) => res.writeHead(500).end(hit),
  busy: (res: ServerResponse) => res.writeHead(429, { 'Retry-After': '2' }).end(),
  redirect: (res: ServerResponse) => res.writeHead(302, { Location: '/elsewhere' }).end(hit),
  html: (res: ServerResponse) =>
    res.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!doctype html>\n${hit}`),
  empty: (res: ServerResponse) => res.end(),
  huge: (res: ServerResponse) => res.end(`${hit}\r\n`.repeat(60)),
}

/** Starts it. It lists `listedPassword` until it is told otherwise. */
export async function startBreachApi(): Promise<BreachApi> {
  const asked: AskedRange[] = []
  let how: keyof typeof answers = 'hit'
  const server = createServer((req, res) => {
    asked.push({ path: req.url ?? '', headers: req.headers })
    void answers[how](res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answerWith(next) {
      how = next
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
