// Where the services of black-box tests send their mail: an API over HTTP, or a server over SMTP
// with TLS and a password. Both can fall silent: they take a mail, and do not say so. Both can be
// deaf: a client connects, and no mail gets in.

import { simpleParser } from 'mailparser'
import { createCertificates } from './certificates.ts'
import { startMailApi } from './mail-api.ts'
import { startMailServer } from './mail-server.ts'

/** A mail that came, whether or not it was answered. */
export interface PostedMail {
  /** The Idempotency-Key, or the Message-ID. */
  readonly id: string
  /** X-Portcullis-Mail. */
  readonly mailId: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  /** All that its reader sees. Over HTTP it is the body as it came. */
  readonly content: string
}

/** A place that takes mail. */
export interface Post {
  /** The settings of a service that sends its mail there. */
  readonly variables: Readonly<Record<string, string>>
  /** The authority of its certificate, in PEM, where it has one. */
  readonly authority?: string
  /**
   * All mails, in the order in which they came. Over HTTP, the copies of a mail follow each other.
   */
  all(): readonly PostedMail[]
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

/** Who the mail is from, and where its links lead. */
export const sender = {
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
    all: posted,
    to: (email) => posted().filter(({ to }) => to === email),
    fallSilent: () => api.answerAs('silent'),
    turnDeaf: () => api.answerAs('deaf'),
    speak: () => api.answerAs(undefined),
    stop: api.stop,
  }
}

function read(id: string, { body }: { readonly body: string }): PostedMail {
  const { to, headers, subject, text, html } = JSON.parse(body)
  const mailId = headers['X-Portcullis-Mail']
  return { id, mailId, to: to[0], subject, text, html, content: body }
}

/** A server over SMTP. Deno has its authority in DENO_CERT, and workerd is told to trust it. */
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
      simpleParser(stream).then((mail) => {
        const { messageId: id = '', headers, subject = '', text = '', html } = mail
        const mailId = String(headers.get('x-portcullis-mail'))
        const to = envelope.rcptTo[0]?.address ?? ''
        const content = JSON.stringify({ subject, text, html })
        posted.push({ id, mailId, to, subject, text, html: html || '', content })
        if (!isSilent) done()
      }, done)
    },
  })
  return {
    variables: {
      ...{ ...sender, MAILER: 'smtp', SMTP_URL: server.url },
      DENO_CERT: certificates.authorityFile,
    },
    authority: certificates.authority,
    all: () => [...posted],
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
