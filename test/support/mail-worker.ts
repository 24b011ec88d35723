// A Worker that sends mail over SMTP, as an application would write it. POST a mail to it, and it
// answers what became of it. `?ms` is the time that it has.

import { smtpMailer } from '../../src/mail-smtp.ts'
import type { Mail } from '../../src/service/mail/mailer.ts'

const mailer = smtpMailer()

export default {
  async fetch(request: Request, env: unknown): Promise<Response> {
    if (request.method !== 'POST') return new Response('POST a mail.')
    const limitMs = Number(new URL(request.url).searchParams.get('ms') ?? 10_000)
    const { mail, url } = (await request.json()) as { mail: Mail; url?: string }
    const signal = AbortSignal.timeout(limitMs)
    const result = await mailer.send(mail, { env: url ? { SMTP_URL: url } : env, signal })
    return Response.json(result)
  },
}
