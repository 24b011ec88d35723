// What the HTTP mailer does with each answer, on the platform that runs the tests.

import { describe, expect, it } from 'vitest'
import { createHttpMailer } from '../../src/service/mail/http-mailer.ts'
import type { Mail, MailFailureKind } from '../../src/service/mail/mailer.ts'

const key = 're_test_key'
const sample = {
  from: { name: 'Portcullis', address: 'auth@example.com' },
  to: 'ada@example.com',
  subject: 'Your code',
  text: 'ABCD-EFGH\n',
  html: '<p>ABCD-EFGH',
}

let count = 0
const newMail = (parts: Partial<Mail> = {}): Mail => {
  count += 1
  return { id: `mail-${String(count).padStart(11, '0')}`, ...sample, ...parts }
}

/** The answer of `test/support/mail-api.ts`, and what becomes of the mail. */
const outcomes: readonly (readonly [string, 'sent' | MailFailureKind, string?])[] = [
  ['sent', 'sent'],
  ['201', 'sent'],
  ['sent-html', 'sent'],
  ['sent-huge', 'sent'],
  ['sent-cut', 'sent'],
  ['409-invalid_idempotent_request', 'sent'],
  ['409-concurrent_idempotent_requests', 'later', 'status 409 concurrent_idempotent_requests'],
  ['409', 'later', 'status 409'],
  ['huge-409', 'later', 'status 409'],
  ['401-missing_api_key', 'misconfigured', 'status 401 missing_api_key'],
  ['402', 'misconfigured', 'status 402'],
  ['403-invalid_api_key', 'misconfigured', 'status 403 invalid_api_key'],
  ['403-validation_error', 'misconfigured', 'status 403 validation_error'],
  ['404-not_found', 'misconfigured', 'status 404 not_found'],
  ['405-method_not_allowed', 'misconfigured', 'status 405 method_not_allowed'],
  ['redirect', 'misconfigured', 'status 307'],
  ['redirect-302', 'misconfigured', 'status 302'],
  ['bad-key-400', 'misconfigured', 'status 400 validation_error'],
  ['422-invalid_from_address', 'misconfigured', 'status 422 invalid_from_address'],
  ['400-validation_error', 'mail_refused', 'status 400 validation_error'],
  ['422-validation_error', 'mail_refused', 'status 422 validation_error'],
  ['422-invalid_parameter', 'mail_refused', 'status 422 invalid_parameter'],
  ['413', 'mail_refused', 'status 413'],
  ['451-security_error', 'mail_refused', 'status 451 security_error'],
  ['html-400', 'mail_refused', 'status 400'],
  ['huge-400', 'mail_refused', 'status 400'],
  ['cut-400', 'mail_refused', 'status 400'],
  ['deep-400', 'mail_refused', 'status 400'],
  ['null-400', 'mail_refused', 'status 400'],
  ['odd-names-400', 'mail_refused', 'status 400'],
  ['number-400', 'mail_refused', 'status 400'],
  ['429-daily_quota_exceeded', 'later', 'status 429 daily_quota_exceeded'],
  ['408', 'later', 'status 408'],
  ['500-internal_server_error', 'later', 'status 500 internal_server_error'],
  ['503', 'later', 'status 503'],
  ['html', 'later', 'status 502'],
  ['reset', 'later', 'no connection'],
]

/** Tests of the mailer against the API at `apiUrl()`. */
export function describeHttpMailer(platform: string, apiUrl: () => string): void {
  const mailerOf = (how: string) => createHttpMailer({ url: `${apiUrl()}/${how}/emails`, key })
  const send = (how: string, mail: Mail, { signal } = new AbortController()) =>
    mailerOf(how).send(mail, { env: {}, signal })
  const askedOf = async ({ id }: Mail) => {
    const answer = await fetch(`${apiUrl()}/asked/${id}`)
    return (await answer.json()) as {
      method: string
      headers: Record<string, string>
      body: string
      isAbandoned: boolean
    }[]
  }
  const untilAsked = async (mail: Mail) => {
    while ((await askedOf(mail)).length === 0);
  }

  describe(`the HTTP mailer on ${platform}`, () => {
    it('posts the mail in the form of Resend, with its id as the key', async () => {
      const mail = newMail()
      expect(await send('sent', mail)).toEqual({ ok: true, value: undefined })
      const [request, ...others] = await askedOf(mail)
      expect(others).toEqual([])
      expect(request?.method).toBe('POST')
      expect(request?.headers).toMatchObject({
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': mail.id,
        'user-agent': 'portcullis',
      })
      expect(JSON.parse(request?.body ?? '')).toEqual({
        from: 'Portcullis <auth@example.com>',
        to: ['ada@example.com'],
        subject: 'Your code',
        text: 'ABCD-EFGH\n',
        html: '<p>ABCD-EFGH',
        headers: { 'X-Portcullis-Mail': mail.id, 'Auto-Submitted': 'auto-generated' },
      })
    })

    it('sends the same bytes for the same mail', async () => {
      const mail = newMail({ to: 'ödön@example.com', text: '\u{1f511} "quoted"\r\n' })
      await send('503', mail)
      const { html, text, subject, to, from, id } = mail
      await send('sent', { html, text, subject, to, from: { ...from }, id })
      const [first, second] = await askedOf(mail)
      expect(first?.body).toContain('ödön@example.com')
      expect(second?.body).toBe(first?.body)
    })

    it.each<[string | undefined, string]>([
      [undefined, 'auth@example.com'],
      ['Müller & Söhne', 'Müller & Söhne <auth@example.com>'],
      ['Example, Inc.', '"Example, Inc." <auth@example.com>'],
      ['The "Old" \\ Inn', '"The \\"Old\\" \\\\ Inn" <auth@example.com>'],
      ['a@b', '"a@b" <auth@example.com>'],
    ])('writes the name %j of the sender', async (name, written) => {
      const mail = newMail({ from: { name, address: 'auth@example.com' } })
      await send('sent', mail)
      const [request] = await askedOf(mail)
      expect(JSON.parse(request?.body ?? '').from).toBe(written)
    })

    const rows = outcomes.map(([how, kind, problem]) => ({ how, kind, problem }))
    it.each(rows)('after the answer $how the mail is $kind', async ({ how, kind, problem }) => {
      const mail = newMail()
      const result = await send(how, mail)
      const failure = { ok: false, error: { kind, problem } }
      expect(result).toEqual(kind === 'sent' ? { ok: true, value: undefined } : failure)
      expect(await askedOf(mail)).toHaveLength(1)
    })

    it('reads no more of a long answer than it needs', async () => {
      for (const how of ['sent-huge', 'huge-400']) {
        const mail = newMail()
        await send(how, mail)
        while (!(await askedOf(mail))[0]?.isAbandoned);
      }
    })

    it.each(['silent', 'silent-body'])('gives up when it is told to: %s', async (how) => {
      const mail = newMail()
      const controller = new AbortController()
      const sending = send(how, mail, controller)
      await untilAsked(mail)
      controller.abort()
      expect(await sending).toMatchObject({ ok: false, error: { kind: 'later' } })
    })

    it('sends nothing after it was told to give up', async () => {
      const mail = newMail()
      const controller = new AbortController()
      controller.abort()
      const error = { kind: 'later', problem: 'no answer in time' }
      expect(await send('sent', mail, controller)).toEqual({ ok: false, error })
      expect(await askedOf(mail)).toEqual([])
    })

    it('sends nothing to what is not one plain address', async () => {
      const mail = newMail({ to: 'ada@example.com,eve@example.org' })
      const error = { kind: 'mail_refused', problem: 'the address is not a plain one' }
      expect(await send('sent', mail)).toEqual({ ok: false, error })
      expect(await askedOf(mail)).toEqual([])
    })

    it('sends nothing without a key', async () => {
      const mail = newMail()
      const mailer = createHttpMailer({ url: `${apiUrl()}/sent/emails`, key: undefined })
      const error = { kind: 'misconfigured', problem: 'MAIL_API_KEY is missing' }
      const { signal } = new AbortController()
      expect(await mailer.send(mail, { env: {}, signal })).toEqual({ ok: false, error })
      expect(await askedOf(mail)).toEqual([])
    })

    it('keeps the mail while nothing listens', async () => {
      // A port that fetch may use, and that needs root to be listened at.
      const mailer = createHttpMailer({ url: 'http://127.0.0.1:2/emails', key })
      const { signal } = new AbortController()
      const error = { kind: 'later', problem: 'no connection' }
      expect(await mailer.send(newMail(), { env: {}, signal })).toEqual({ ok: false, error })
    })
  })
}
