// An SMTP server over TLS that does what it is told at one step of a session, and is polite at all
// others.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Certificates } from './certificates.ts'

/** The steps of a session. `connect` is before the greeting, `body` is after the last dot. */
export const steps = ['connect', 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'body', 'QUIT'] as const
export type Step = (typeof steps)[number]

/** What the server does in place of the polite answer. */
export type Act =
  /** Hangs up cleanly. */
  | 'FIN'
  /** Hangs up with a reset. */
  | 'RST'
  /** Sends half of the polite answer, and hangs up cleanly. */
  | 'half'
  | 'silence'
  /** Sends bytes for ever, without a line end. */
  | 'endless'
  /** Sends the polite answer byte by byte, and all that follow. */
  | 'split'
  /** Sends this. */
  | { readonly reply: string }

export interface HostileServer {
  readonly port: number
  readonly url: string
  /** Every line that arrived, without those of the body. */
  readonly lines: string[]
  /** How many connections there are now. */
  open(): number
  stop(): Promise<void>
}

export interface HostileOptions {
  readonly certificates: Certificates
  readonly at?: Step
  readonly act?: Act
  /** What it does with the first bytes of the client, before there is TLS. */
  readonly beforeTls?: 'FIN' | 'RST' | 'silence'
  /** What EHLO offers beside AUTH. Default: PIPELINING. */
  readonly offers?: readonly string[]
  /** Whether it speaks TLS. Default: true. */
  readonly hasTls?: boolean
}

export async function startHostileServer(options: HostileOptions): Promise<HostileServer> {
  const lines: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    const { beforeTls } = options
    if (beforeTls) socket.once('data', () => perform(beforeTls, socket, socket))
    else serve(socket, options, lines)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `smtps://user:secret-password@127.0.0.1:${port}`
  return { port, url, lines, open: () => sockets.size, stop: () => stopServer(server, sockets) }
}

function stopServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy()
  return new Promise((resolve) => server.close(() => resolve()))
}

const polite: Readonly<Record<Step, string>> = {
  connect: '220 mail.example.com ESMTP\r\n',
  EHLO: '',
  AUTH: '235 2.7.0 Welcome\r\n',
  MAIL: '250 2.1.0 Fine\r\n',
  RCPT: '250 2.1.5 Fine\r\n',
  DATA: '354 Go on\r\n',
  body: '250 2.0.0 Queued\r\n',
  QUIT: '221 2.0.0 Bye\r\n',
}

function serve(raw: Socket, options: HostileOptions, lines: string[]): void {
  const { certificates, at, act, offers = ['PIPELINING'], hasTls = true } = options
  const socket = hasTls ? new TLSSocket(raw, { isServer: true, ...pick(certificates) }) : raw
  const ehlo = ['mail.example.com', ...offers, 'AUTH PLAIN LOGIN']
  const replies = { ...polite, EHLO: replyOf(250, ehlo) }
  let write = (text: string): unknown => socket.write(text)
  let isBody = false
  let isStopped = false

  const answer = (step: Step) => {
    if (isStopped) return
    if (step === at && act === 'split') write = writerByteByByte(socket)
    if (step !== at || act === undefined || act === 'split') write(replies[step])
    else if (act === 'half') socket.end(replies[step].slice(0, replies[step].length / 2))
    else isStopped = perform(act, raw, socket)
  }

  socket.on('error', () => undefined)
  socket.setNoDelay?.(true)
  if (socket instanceof TLSSocket) socket.once('secure', () => answer('connect'))
  else answer('connect')
  onLines(socket, (line) => {
    if (isBody && line !== '.') return
    if (isBody) {
      isBody = false
      return answer('body')
    }
    lines.push(line)
    const step = stepOf(line)
    if (step === 'DATA' && !(at === 'DATA' && act !== 'split')) isBody = true
    if (step) answer(step)
    else write('500 5.5.1 What?\r\n')
  })
}

/** HELO comes where EHLO was refused. */
function stepOf(line: string): Step | undefined {
  const command = line.toUpperCase().replace(/^HELO/, 'EHLO')
  return steps.find((name) => command.startsWith(name))
}

function pick({ cert, key }: Certificates): { cert: string; key: string } {
  return { cert, key }
}

/** A reply of several lines. */
export function replyOf(code: number, texts: readonly string[]): string {
  return texts
    .map((text, index) => `${code}${index === texts.length - 1 ? ' ' : '-'}${text}\r\n`)
    .join('')
}

/** Whether nothing is answered afterwards. */
function perform(act: Exclude<Act, 'split' | 'half'>, raw: Socket, socket: Socket): boolean {
  if (typeof act === 'object') socket.write(act.reply)
  else if (act === 'FIN') socket.end()
  else if (act === 'RST') raw.resetAndDestroy()
  else if (act === 'endless') writeForEver(socket)
  return typeof act === 'string'
}

function writeForEver(socket: Socket): void {
  const chunk = Buffer.alloc(16_384, '2')
  const next = () => {
    while (!socket.destroyed && socket.write(chunk));
  }
  socket.on('drain', next)
  next()
}

/** Each byte is a packet of its own. */
function writerByteByByte(socket: Socket): (text: string) => void {
  let waiting = ''
  const next = () => {
    const [first] = waiting
    waiting = waiting.slice(1)
    if (first !== undefined) socket.write(first, () => setImmediate(next))
    else isIdle = true
  }
  let isIdle = true
  return (text) => {
    waiting += text
    if (!isIdle) return
    isIdle = false
    next()
  }
}

function onLines(socket: Socket, take: (line: string) => void): void {
  let buffer = ''
  socket.on('data', (chunk: Buffer) => {
    buffer += chunk.toString('utf8')
    const lines = buffer.split('\r\n')
    buffer = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
}
