// Cloudflare's mailer: with the binding of wrangler, and with errors as production throws them.

import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { createCloudflareMailer } from '../../../src/service/mail/cloudflare-mailer.ts'
import type { Mail, MailFailureKind } from '../../../src/service/mail/mailer.ts'

const { EMAIL: binding, LIMITED_EMAIL: limited } = env as unknown as Record<string, SendEmail>
const mail: Mail = {
  id: 'AAAABBBBCCCCDDDD',
  from: { name: 'Müller, "Söhne"', address: 'auth@example.com' },
  to: 'ödön@example.com',
  subject: 'Your code 🔑',
  text: 'ABCD-EFGH\n',
  html: '<p>ABCD-EFGH',
}
const sent = { ok: true, value: undefined }
const failed = (kind: MailFailureKind, problem: unknown) => ({
  ok: false,
  error: { kind, problem },
})

const mailer = createCloudflareMailer()
const send = (given: unknown, { signal } = new AbortController(), parts: Partial<Mail> = {}) =>
  mailer.send({ ...mail, ...parts }, { env: { EMAIL: given }, signal })
const throwing = (error: unknown) => ({ send: () => Promise.reject(error) })
const withCode = (code: unknown) => Object.assign(new Error('to ödön@example.com'), { code })

describe("Cloudflare's mailer", () => {
  it('sends what the binding takes, with the id of the mail in a header', async () => {
    const answers: unknown[] = []
    const taken: unknown[] = []
    const between = {
      async send(message: EmailMessageBuilder) {
        taken.push(message)
        const answer = await binding?.send(message)
        answers.push(answer)
        return answer
      },
    }
    expect(await send(between)).toEqual(sent)
    const nameless = { from: { name: undefined, address: 'auth@example.com' } }
    expect(await send(between, undefined, nameless)).toEqual(sent)
    expect(answers).toEqual(Array(2).fill({ messageId: expect.stringContaining('@') }))
    const { to, subject, text, html } = mail
    const headers = { 'X-Portcullis-Mail': mail.id }
    const from = { name: 'Müller, "Söhne"', email: 'auth@example.com' }
    expect(taken).toEqual([
      { from, to, subject, text, html, headers },
      { from: 'auth@example.com', to, subject, text, html, headers },
    ])
  })

  it('sends through the binding itself', async () => {
    expect(await send(binding)).toEqual(sent)
  })

  it('keeps the mail after an error without a code, and repeats nothing of its text', async () => {
    // The promise of a binding has members of its own, so `rejects` cannot look at it.
    const refusal = await limited?.send({ ...mail, from: mail.from.address }).catch(String)
    expect(refusal).toContain('auth@example.com')
    const outcomes = [
      ...[limited, throwing(new Error('ödön@example.com')), throwing('E_VALIDATION_ERROR')],
      ...[throwing(undefined), throwing(null), throwing(withCode('ödön@example.com'))],
      ...[throwing(withCode(5)), throwing(withCode(`E_${'A'.repeat(200)}`))],
    ]
    for (const given of outcomes) {
      expect(await send(given)).toEqual(failed('later', 'no error code'))
    }
  })

  it.each<[MailFailureKind, string]>([
    ['address_refused', 'E_RECIPIENT_SUPPRESSED'],
    ['misconfigured', 'E_SENDER_NOT_VERIFIED'],
    ['misconfigured', 'E_SENDER_DOMAIN_NOT_AVAILABLE'],
    ['misconfigured', 'E_SENDER_NOT_ALLOWED'],
    ['misconfigured', 'E_RECIPIENT_NOT_ALLOWED'],
    ['mail_refused', 'E_VALIDATION_ERROR'],
    ['mail_refused', 'E_FIELD_MISSING'],
    ['mail_refused', 'E_CONTENT_TOO_LARGE'],
    ['mail_refused', 'E_HEADER_NOT_ALLOWED'],
    ['mail_refused', 'E_HEADERS_TOO_MANY'],
    ['later', 'E_RATE_LIMIT_EXCEEDED'],
    ['later', 'E_DAILY_LIMIT_EXCEEDED'],
    ['later', 'E_DELIVERY_FAILED'],
    ['later', 'E_INTERNAL_SERVER_ERROR'],
    ['later', 'E_OF_NEXT_YEAR'],
  ])('the mail is %s after %s', async (kind, code) => {
    expect(await send(throwing(withCode(code)))).toEqual(failed(kind, `code ${code}`))
    expect(await send(throwing({ code }))).toEqual(failed(kind, `code ${code}`))
  })

  it('gives up when it is told to, whatever the binding does later', async () => {
    const controller = new AbortController()
    let breakOff = (_: unknown) => {}
    const slow = {
      send: () =>
        new Promise((_, reject) => {
          breakOff = reject
        }),
    }
    const sending = send(slow, controller)
    controller.abort()
    expect(await sending).toEqual(failed('later', 'no answer in time'))
    breakOff(withCode('E_VALIDATION_ERROR'))
    expect(await send(binding, controller)).toEqual(failed('later', 'no answer in time'))
  })

  it.each([undefined, null, {}, 'EMAIL', { send: 5 }])(
    'says what to write into wrangler.toml when the binding is %j',
    async (given) => {
      const { signal } = new AbortController()
      const outcome = failed('misconfigured', expect.stringContaining('[[send_email]]'))
      expect(await send(given)).toEqual(outcome)
      expect(await mailer.send(mail, { env: given, signal })).toEqual(outcome)
    },
  )

  it('sends nothing to what is not one plain address', async () => {
    const outcome = failed('mail_refused', 'the address is not a plain one')
    const to = 'ada@example.com,eve@example.org'
    expect(await send(binding, undefined, { to })).toEqual(outcome)
  })
})
