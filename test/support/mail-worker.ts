// A Worker that sends mail over SMTP. POST a mail and the URL of a server to it, and it answers what
// became of the mail. `?ms` is the time that it has.

import { smtpMailer } from '../../src/mail-smtp.ts'
import type { Mail } from '../../src/service/mail/mailer.ts'

const mailer = smtpMailer()

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method !== 'POST') return new Response('POST a mail.')
    const limitMs = Number(new URL(request.url).searchParams.get('ms') ?? 10_000)
    const { mail, url } = (await request.json()) as { mail: Mail; url: string }
    const signal = AbortSignal.timeout(limitMs)
    return Response.json(await mailer.send(mail, { env: { SMTP_URL: url }, signal }))
  },
}
