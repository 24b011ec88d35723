// Where the services of black-box tests send their mail: an API over HTTP, or a server over SMTP
// with TLS and a password. Both can fall silent: they take a mail, and do not say so. Both can be
// deaf: a client connects, and no mail gets in.

import { simpleParser } from 'mailparser'
import { createCertificates } from './certificates.ts'
import { startMailApi } from './mail-api.ts'
import { startMailServer } from './mail-server.ts'

/** A mail that came, whether or not it was answered. */
interface PostedMail {
  /** The Idempotency-Key, or the Message-ID. */
  readonly id: string
  readonly to: string
  readonly text: string
  /** All that its reader sees. Over HTTP it is the body as it came. */
  readonly content: string
}

/** A place that takes mail. */
export interface Post {
  /** The settings of a service that sends its mail there. */
  readonly variables: Readonly<Record<string, string>>
  /** The mails to an address, in the order in which they came. */
  to(email: string): readonly PostedMail[]
  /** Leaves mails without an answer from now on. */
  fallSilent(): void
  /** Lets no mail in from now on, and keeps its sender waiting. */
  turnDeaf(): void
  /** Lets mails in and answers again. Mails that wait stay without an answer. */
  speak(): void
  stop(): Promise<void>
}

const sender = {
  MAIL_FROM: 'Example <auth@example.com>',
  ACCOUNT_PAGES_URL: 'https://app.example.com/account',
}

/** An API in the form of Resend. */
export async function startHttpPost(): Promise<Post> {
  const api = await startMailApi()
  const posted = () => [...api.asked].flatMap(([id, tries]) => tries.map((one) => read(id, one)))
  return {
    variables: {
      ...{ ...sender, MAILER: 'http', MAIL_API_URL: `${api.url}/sent/emails` },
      MAIL_API_KEY: 're_test',
    },
    to: (email) => posted().filter(({ to }) => to === email),
    fallSilent: () => api.answerAs('silent'),
    turnDeaf: () => api.answerAs('deaf'),
    speak: () => api.answerAs(undefined),
    stop: api.stop,
  }
}

function read(id: string, { body }: { readonly body: string }): PostedMail {
  const { to, text } = JSON.parse(body) as { to: [string]; text: string }
  return { id, to: to[0], text, content: body }
}

/** A server over SMTP, for Deno: its authority is in DENO_CERT. */
export async function startSmtpPost(): Promise<Post> {
  const certificates = createCertificates()
  const posted: PostedMail[] = []
  let isSilent = false
  let isDeaf = false
  const server = await startMailServer(certificates, {
    closeTimeout: 100,
    onConnect(_session, greet) {
      if (!isDeaf) greet()
    },
    onData(stream, { envelope }, done) {
      simpleParser(stream).then(({ messageId = '', text = '', subject, html }) => {
        const content = JSON.stringify({ subject, text, html })
        posted.push({ id: messageId, to: envelope.rcptTo[0]?.address ?? '', text, content })
        if (!isSilent) done()
      }, done)
    },
  })
  return {
    variables: {
      ...{ ...sender, MAILER: 'smtp', SMTP_URL: server.url },
      DENO_CERT: certificates.authorityFile,
    },
    to: (email) => posted.filter(({ to }) => to === email),
    fallSilent() {
      isSilent = true
    },
    turnDeaf() {
      isDeaf = true
    },
    speak() {
      isSilent = false
      isDeaf = false
    },
    async stop() {
      await server.stop()
      certificates.remove()
    },
  }
}
