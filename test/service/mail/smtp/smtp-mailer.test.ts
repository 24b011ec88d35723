// What arrives at a real SMTP server, and what it refuses.

import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { smtpMailer } from '../../../../src/mail-smtp.ts'
import type { Mail } from '../../../../src/service/mail/mailer.ts'
import { createCertificates } from '../../../support/certificates.ts'
import { type MailServer, startMailServer } from '../../../support/mail-server.ts'
import { aMail } from '../../../support/mails.ts'

const certificates = createCertificates()
// As NODE_EXTRA_CA_CERTS does for a process that starts.
setDefaultCACertificates([...getCACertificates(), certificates.authority])

let server: MailServer
beforeAll(async () => {
  server = await startMailServer(certificates)
})
beforeEach(() => {
  server.arrived.length = 0
})
afterAll(async () => {
  await server.stop()
  certificates.remove()
})

const mailer = smtpMailer()
const sent = { ok: true, value: undefined }

function send(changes: Partial<Mail> = {}, url = server.url) {
  const signal = AbortSignal.timeout(10_000)
  return mailer.send(aMail(changes), { env: { SMTP_URL: url }, signal })
}

/** The mail that arrived last. */
async function arrivalOf(changes: Partial<Mail>) {
  expect(await send(changes)).toEqual(sent)
  const arrived = server.arrived.at(-1)
  if (!arrived) throw new Error('Nothing arrived.')
  return arrived
}

describe('a mail over SMTP', () => {
  it('arrives once, with both bodies, at one recipient', async () => {
    const { from, to, mail } = await arrivalOf({})
    expect([from, to, server.arrived.length]).toEqual(['auth@example.com', ['ada@example.org'], 1])
    expect([mail.text, mail.html]).toEqual([aMail().text, aMail().html])
    expect(mail.subject).toBe('Your code')
    expect(mail.from?.value).toEqual([{ name: 'Example', address: 'auth@example.com' }])
    expect(mail.attachments).toEqual([])
  })

  it('has its id in two headers, and says that nobody wrote it', async () => {
    const { mail } = await arrivalOf({})
    expect(mail.messageId).toBe('<AbCdEfGh01234_-x@example.com>')
    expect(mail.headers.get('x-portcullis-mail')).toBe('AbCdEfGh01234_-x')
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated')
    expect(mail.date).toBeInstanceOf(Date)
    expect(mail.headers.has('x-mailer')).toBe(false)
  })

  it('has no name of the sender where there is none', async () => {
    const { mail } = await arrivalOf({ from: { name: undefined, address: 'auth@example.com' } })
    expect(mail.from?.text).toBe('auth@example.com')
  })

  it.each([
    ['Ünïcode – 確認コード 🔑', 'Zoë, "Ada" <x@evil.example>'],
    ['='.repeat(300), 'A '.repeat(32).trim()],
    ['é'.repeat(300), 'é'.repeat(64)],
  ])('keeps the subject %j and the name %j', async (subject, name) => {
    const { mail, source } = await arrivalOf({ subject, from: { name, address: 'a@example.com' } })
    expect(mail.subject).toBe(subject)
    expect(mail.from?.value).toEqual([{ name, address: 'a@example.com' }])
    const [head = ''] = source.split('\r\n\r\n')
    expect(head).toMatch(/^[\x20-\x7e\r\n]*$/)
  })

  it.each([
    ['dots', '.\n..\n.a line\n\n.\nafter\n'],
    ['long lines', `${'x'.repeat(5_000)}\n${'é'.repeat(5_000)}\n`],
    ['other letters', 'Grüße, 確認コード, 🔑, עברית\n'],
    ['something like a boundary', '----_NmP-1\n--\nFrom here\n=20\n'],
    ['spaces at line ends', 'a  \n b\t\n'],
  ])('keeps a body with %s', async (_what, text) => {
    const { mail, source } = await arrivalOf({ text, html: `<pre>${text}</pre>` })
    expect([mail.text, mail.html]).toEqual([text, `<pre>${text}</pre>`])
    expect(Math.max(...source.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998)
    expect(source.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  })

  it.each(['\r\nBcc: eve@evil.example', '\nBcc: eve@evil.example', '\r\n\r\nBody', '\0\x0b\x7f'])(
    'gets no header from %j in the subject and the name',
    async (injected) => {
      const from = { name: `Name${injected}`, address: 'auth@example.com' }
      const { mail, to, source } = await arrivalOf({ subject: `Subject${injected}`, from })
      expect(to).toEqual(['ada@example.org'])
      expect(mail.bcc).toBeUndefined()
      expect(mail.text).toBe(aMail().text)
      expect(source).not.toMatch(/^Bcc/im)
      expect(mail.from?.value).toHaveLength(1)
    },
  )

  it('needs no URL of the environment where it was given', async () => {
    const own = smtpMailer({ url: server.url })
    const signal = AbortSignal.timeout(10_000)
    expect(await own.send(aMail(), { env: undefined, signal })).toEqual(sent)
  })

  it('goes to a server by its name', async () => {
    expect(await send({}, server.url.replace('127.0.0.1', 'localhost'))).toEqual(sent)
  })
})

describe('a recipient', () => {
  it.each([
    'ada@example.org, eve@evil.example',
    'ada@example.org;eve@evil.example',
    'ada@example.org>\r\nRCPT TO:<eve@evil.example',
    'ada@example.org\nBcc: eve@evil.example',
    'Ada <ada@example.org>',
    '"ada eve"@example.org',
    'ada@eve@example.org',
    'ada @example.org',
    'group:ada@example.org',
    '(comment)ada@example.org',
    'ada@[127.0.0.1]',
    'ada@example.org/../evil.example',
    'ada@example%2eorg',
    'ada@',
    '@example.org',
    'ada',
    '',
    'ada@example.org\u2028',
  ])('is refused: %j', async (to) => {
    const error = { kind: 'mail_refused', problem: 'The recipient is not an address.' }
    expect(await send({ to })).toEqual({ ok: false, error })
    expect(server.arrived).toEqual([])
  })

  it.each([
    "o'brien+tag{x}=y|z~!#$%&*/?^_`@example.org",
    'ada@jõgeva.ee',
    '用户@example.org',
    '用户@jõgeva.ee',
  ])('may be %s', async (to) => {
    const arrived = await arrivalOf({ to })
    expect(arrived.to).toEqual([to])
    expect([arrived.mail.to].flat().map((one) => one?.text)).toEqual([to])
  })

  it('beyond ASCII is refused where the server does not offer SMTPUTF8', async () => {
    const plain = await startMailServer(certificates, { hideSMTPUTF8: true })
    const problem = 'SMTP, EHLO: SMTPUTF8 is not offered'
    const error = { kind: 'address_refused', problem }
    expect(await send({ to: '用户@example.org' }, plain.url)).toEqual({ ok: false, error })
    expect(await send({ to: 'ada@jõgeva.ee' }, plain.url)).toEqual(sent)
    await plain.stop()
  })
})

describe('settings that do not fit', () => {
  it.each([
    [{}, 'SMTP_URL is missing'],
    [undefined, 'SMTP_URL is missing'],
    [{ SMTP_URL: 'smtp://user:hidden@mail.example.com' }, 'SMTP_URL must begin with smtps://'],
  ])('are misconfigured: %j', async (env, sentence) => {
    const result = await mailer.send(aMail(), { env, signal: AbortSignal.timeout(10_000) })
    expect(result).toMatchObject({ ok: false, error: { kind: 'misconfigured' } })
    const problem = result.ok ? '' : result.error.problem
    expect(problem).toContain(sentence)
    expect(problem).not.toContain('hidden')
  })

  it.each([
    [{ url: 'smtp://user:hidden@mail.example.com' }, 'url must begin with smtps://'],
    [{ url: 5 }, 'url must be a URL such as'],
    [{ verify: false }, 'smtpMailer has no option verify; it has url.'],
  ])('are refused as options: %j', (options, sentence) => {
    expect(() => smtpMailer(options as object)).toThrow(TypeError)
    expect(() => smtpMailer(options as object)).toThrow(sentence)
    expect(() => smtpMailer(options as object)).not.toThrow('hidden')
  })

  it('are a wrong password: misconfigured', async () => {
    const url = server.url.replace('%25', '%2525')
    const error = { kind: 'misconfigured', problem: 'SMTP, AUTH: 535 EAUTH' }
    expect(await send({}, url)).toEqual({ ok: false, error })
  })

  it('are a user for a server without authentication: misconfigured', async () => {
    const open = await startMailServer(certificates, { disabledCommands: ['AUTH'] })
    const error = { kind: 'misconfigured', problem: 'SMTP, AUTH: not offered' }
    expect(await send({}, open.url)).toEqual({ ok: false, error })
    expect(await send({}, `smtps://${open.address}`)).toEqual(sent)
    await open.stop()
  })
})

describe('a certificate', () => {
  it('of an unknown authority is refused, and nothing is sent', async () => {
    const unknown = createCertificates()
    const other = await startMailServer(unknown)
    const problem = 'SMTP, connect: UNABLE_TO_VERIFY_LEAF_SIGNATURE'
    const error = { kind: 'misconfigured', problem }
    expect(await send({}, other.url)).toEqual({ ok: false, error })
    expect(other.arrived).toEqual([])
    await other.stop()
    unknown.remove()
  })

  it('of another server is refused, and nothing is sent', async () => {
    const another = createCertificates('DNS:mail.example.com')
    const trusted = getCACertificates('default')
    setDefaultCACertificates([...trusted, another.authority])
    const other = await startMailServer(another)
    const problem = 'SMTP, connect: ERR_TLS_CERT_ALTNAME_INVALID'
    const error = { kind: 'misconfigured', problem }
    for (const url of [other.url, other.url.replace('127.0.0.1', 'localhost')]) {
      expect(await send({}, url)).toEqual({ ok: false, error })
    }
    expect(other.arrived).toEqual([])
    setDefaultCACertificates(trusted)
    await other.stop()
    another.remove()
  })
})
