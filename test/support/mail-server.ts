// A real SMTP server with TLS and authentication, and what arrived there.

import type { AddressInfo } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Certificates } from './certificates.ts'

interface ArrivedMail {
  readonly from: string
  readonly to: readonly string[]
  /** As it was sent. */
  readonly source: string
  readonly mail: ParsedMail
}

export interface MailServer {
  readonly port: number
  /** Without user and password. */
  readonly address: string
  /** As SMTP_URL. */
  readonly url: string
  readonly arrived: ArrivedMail[]
  stop(): Promise<void>
}

const user = 'auth@example.com'
/** Percent-encoded in the URL. */
const password = 'p@ss/word: 100%'

/** A server at 127.0.0.1 that takes mail from one user. */
export async function startMailServer(
  { cert, key }: Certificates,
  options: SMTPServerOptions = {},
): Promise<MailServer> {
  const arrived: ArrivedMail[] = []
  const server = new SMTPServer({
    ...{ secure: true, cert, key, disableReverseLookup: true, authMethods: ['PLAIN', 'LOGIN'] },
    onAuth({ username, password: given }, _session, done) {
      const isRight = username === user && given === password
      done(isRight ? null : new Error(`no ${user}`), { user: username })
    },
    onData(stream, { envelope }, done) {
      readAll(stream).then(async (bytes) => {
        const { mailFrom, rcptTo } = envelope
        const from = mailFrom ? mailFrom.address : ''
        const to = rcptTo.map(({ address }) => address)
        const source = bytes.toString('utf8')
        arrived.push({ from, to, source, mail: await simpleParser(bytes) })
        done()
      }, done)
    },
    ...options,
  })
  // Connections that break are what the tests are about.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  const address = `127.0.0.1:${port}`
  const url = `smtps://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${address}`
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return { port, address, url, arrived, stop }
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
