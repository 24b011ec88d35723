// What the stories of the mails are told with: a client, and the mails that have come.

import { expect } from 'vitest'
import { mailTexts } from '../../src/service/mail/languages.ts'
import type { CodeMail, MailContent } from '../../src/service/mail/mail-content.ts'
import { type Answer, bearing, createClientOf, send } from './client.ts'
import type { MailingServer, MailRoute } from './mail-routes.ts'
import { codeIn, linkTokenIn } from './mailed-code.ts'
import { until } from './server.ts'

type MailKind = MailContent['kind'] | CodeMail['kind']

/** What a person reads in a mail. */
export interface ReadMail {
  /** 'no code' where there is none. */
  readonly code: string
  /** The token of the link; 'no link' where there is none. */
  readonly token: string
  readonly text: string
}

/** One service, and the mail that it sends. */
export interface MailStage {
  readonly client: ReturnType<typeof createClientOf>
  readonly database: MailRoute['database']
  /** Sends a body as JSON. */
  post(path: string, body: unknown, token?: string): Promise<Answer>
  get(path: string, token: string): Promise<Answer>
  /** Waits for the only mail of a kind to an address, and checks all that every mail has. */
  read(kind: MailKind, email: string, language?: keyof typeof mailTexts): Promise<ReadMail>
  /** The kinds of all mails to an address, the oldest first. */
  kindsTo(email: string): Promise<readonly unknown[]>
}

export function createMailStage({ database }: MailRoute, server: MailingServer): MailStage {
  const { baseUrl } = server
  return {
    database,
    client: createClientOf(baseUrl),
    post: (path, body, token) =>
      send(`${baseUrl}${path}`, {
        ...{ method: 'POST', body: JSON.stringify(body) },
        headers: { 'Content-Type': 'application/json', ...(token && bearing(token).headers) },
      }),
    get: (path, token) => send(`${baseUrl}${path}`, bearing(token)),
    read: (kind, email, language = 'en') => read(database, server, { kind, email, language }),
    async kindsTo(email) {
      const sql = `SELECT kind FROM portcullis_outgoing_mail WHERE recipient = ?
        ORDER BY created_at, rowid`
      return (await database.query(sql, email)).map(({ kind }) => kind)
    },
  }
}

/** The mail that is waited for. */
interface Expected {
  readonly kind: MailKind
  readonly email: string
  readonly language: keyof typeof mailTexts
}

async function read(
  { query }: MailRoute['database'],
  server: MailingServer,
  { kind, email, language }: Expected,
): Promise<ReadMail> {
  const sql = `SELECT id FROM portcullis_outgoing_mail
    WHERE kind = ? AND recipient = ? AND sent_at IS NOT NULL`
  let rows = await query(sql, kind, email)
  await until(async () => {
    rows = await query(sql, kind, email)
    return rows.length > 0
  })
  expect(rows).toHaveLength(1)
  const mails = (await server.mailsTo(email)).filter(({ mailId }) => mailId === rows[0]?.id)
  expect(mails).toHaveLength(1)
  const [mail] = mails
  if (!mail) throw new Error('No mail came.')
  expect(mail.to).toBe(email)
  expect(mail.subject).toBe(mailTexts[language][kind]('Example').subject)
  const html = withoutEntities(mail.html)
  const lines = mail.text.split('\n').filter((line) => line.trim() !== '')
  expect(lines.length).toBeGreaterThan(2)
  for (const line of lines) expect(html).toContain(line)
  return { code: codeIn(mail), token: linkTokenIn(mail), text: mail.text }
}

const entities: Readonly<Record<string, string>> = {
  ...{ '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' },
}

function withoutEntities(html: string): string {
  return html.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? entity)
}
