// One mail over one connection, with TLS from the first byte (RFC 8314 §3). The connection is
// opened here and not by nodemailer, because the platform then resolves the name. A question of
// nodemailer to DNS fails on Workers for names that only a private network knows.

import { setImmediate } from 'node:timers'
import { connect, type TLSSocket } from 'node:tls'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { SmtpServer } from '../../config/smtp-url.ts'
import type { MailFailure } from '../mailer.ts'
import { failAt, failureOf, type SmtpStep } from './smtp-failure.ts'

/** What goes to a server. */
export interface Delivery {
  /** The name that this client gives itself. */
  readonly name: string
  readonly from: string
  readonly to: string
  /** Whether the server must offer SMTPUTF8. */
  readonly needsUtf8: boolean
  readonly message: Buffer
}

/** Within the 20 s of a send, after which nobody waits. */
const timeouts = {
  connectionTimeout: 15_000,
  greetingTimeout: 15_000,
  socketTimeout: 15_000,
  // How long the server may take to close its side.
  socketCloseTimeout: 1_000,
}

/** The connection, and how far it has come. */
interface Session {
  step: SmtpStep
  readonly socket: TLSSocket
  readonly connection: SMTPConnection
}

/** Sends, and closes the connection in any case. Never rejects. */
export async function deliver(
  server: SmtpServer,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Result<undefined, MailFailure>> {
  if (signal.aborted) return refuse(failAt('connect', 'out of time', 'later'))
  const session = openSession(server, delivery.name)
  const { promise: ended, resolve: end } = Promise.withResolvers<Result<undefined, MailFailure>>()
  const onAbort = () => end(refuse(failAt(session.step, 'out of time', 'later')))
  signal.addEventListener('abort', onAbort, { once: true })
  session.connection.on('error', (error) => end(refuse(failureOf(error, session.step))))
  // nodemailer does not notice an end before its first step. An answer that ended the connection
  // comes first: it says why.
  const onEnd = () => end(refuse(failAt(session.step, 'hung up', 'later')))
  for (const event of ['end', 'close']) session.socket.once(event, () => setImmediate(onEnd))
  const outcome = await Promise.race([ended, converse(session, server, delivery)])
  signal.removeEventListener('abort', onAbort)
  close(session, outcome.ok)
  return outcome
}

function openSession({ host, port }: SmtpServer, name: string): Session {
  const hostname = host.replace(/^\[(.*)\]$/, '$1')
  // An address has no server name, and is looked for in the certificate as it is.
  const isAddress = /^[\d.]+$|:/.test(hostname)
  const target = { host: hostname, port, ...(isAddress ? {} : { servername: hostname }) }
  const socket = connect(target)
  // Later errors reach nodemailer's own listener.
  socket.on('error', () => undefined)
  const options = { ...timeouts, name, secure: true, secured: true, connection: socket }
  return { step: 'connect', socket, connection: new SMTPConnection(options) }
}

/** The steps, each after the one before it was answered. */
async function converse(
  session: Session,
  { user, password }: SmtpServer,
  { from, to, needsUtf8, message }: Delivery,
): Promise<Result<undefined, MailFailure>> {
  const { connection, socket } = session
  try {
    await secured(socket)
    session.step = 'EHLO'
    await answered((done) => connection.connect(done))
    if (needsUtf8 && !/^250[ -]SMTPUTF8\b/im.test(String(connection.lastServerResponse))) {
      return refuse(failAt('EHLO', 'SMTPUTF8 is not offered', 'address_refused'))
    }
    if (user !== undefined) {
      session.step = 'AUTH'
      if (!connection.allowsAuth) return refuse(failAt('AUTH', 'not offered', 'misconfigured'))
      const credentials = { user, pass: password }
      await answered((done) => connection.login({ user, credentials }, done))
    }
    session.step = 'mail'
    await answered((done) => connection.send({ from, to: [to] }, message, done))
    return succeed(undefined)
  } catch (error) {
    return refuse(failureOf(error, session.step))
  }
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('The server hung up.')))
  })
}

/** The answer to a command of nodemailer. */
function answered(command: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    command((error) => (error ? reject(error) : resolve()))
  })
}

/**
 * Says QUIT after a mail that was accepted, and does not wait for the answer: it changes nothing.
 * After a failure, the connection is cut.
 */
function close({ connection, socket }: Session, isSent: boolean): void {
  if (isSent) connection.quit()
  connection.close()
  if (!isSent) socket.destroy()
}
