// What becomes of a mail when the server refuses, breaks off, goes silent, or talks too much.

import { createServer } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, describe, expect, it } from 'vitest'
import { findFreePort } from '../../../../scripts/ports.ts'
import { smtpMailer } from '../../../../src/mail-smtp.ts'
import type { Mail } from '../../../../src/service/mail/mailer.ts'
import { createCertificates } from '../../../support/certificates.ts'
import {
  type Act,
  type HostileOptions,
  replyOf,
  type Step,
  startHostileServer,
  steps,
} from '../../../support/hostile-smtp.ts'
import { aMail } from '../../../support/mails.ts'
import { until } from '../../../support/server.ts'

const certificates = createCertificates()
setDefaultCACertificates([...getCACertificates(), certificates.authority])
afterAll(certificates.remove)

const mailer = smtpMailer()
const sent = { ok: true, value: undefined }
/** Long enough for an answer. A server that is silent ends only with it. */
const patientMs = 10_000
const shortMs = 400

type Options = Omit<HostileOptions, 'certificates'> & { limitMs?: number; mail?: Partial<Mail> }

/** What becomes of a mail, and what the server read. The connection is gone in the end. */
async function sendTo({ limitMs = patientMs, mail = {}, ...options }: Options) {
  const server = await startHostileServer({ certificates, ...options })
  const signal = AbortSignal.timeout(limitMs)
  const result = await mailer.send(aMail(mail), { env: { SMTP_URL: server.url }, signal })
  await until(() => server.open() === 0)
  await server.stop()
  if (!result.ok) expectNoSecret(result.error.problem)
  return { result, lines: server.lines, wasAborted: signal.aborted }
}

function expectNoSecret(problem: string): void {
  expect(problem).toMatch(/^[\x20-\x7e]{1,200}$/)
  expect(problem).not.toMatch(/@|secret|password|1234|Ada|Text of the server/)
}

/** Before the mail is accepted. */
const unfinished = steps.filter((step) => step !== 'QUIT')
const offers = [
  { how: 'with pipelining', offers: ['PIPELINING'] },
  { how: 'without', offers: [] },
]
const inEachStep = unfinished.flatMap((at) => offers.map((offer) => ({ at, ...offer })))

describe('a polite server', () => {
  it.each(offers)('gets the commands in their order, $how', async ({ offers }) => {
    const { result, lines } = await sendTo({ offers })
    expect(result).toEqual(sent)
    expect(lines).toEqual([
      'EHLO example.com',
      `AUTH PLAIN ${btoa('\0user\0secret-password')}`,
      'MAIL FROM:<auth@example.com>',
      'RCPT TO:<ada@example.org>',
      'DATA',
      'QUIT',
    ])
  })

  it.each([
    ['ada@jõgeva.ee', 'ada@xn--jgeva-dua.ee', ''],
    ['用户@jõgeva.ee', '用户@xn--jgeva-dua.ee', ' SMTPUTF8'],
  ])('gets the address %s as %s', async (to, address, keyword) => {
    const { result, lines } = await sendTo({ mail: { to }, offers: ['SMTPUTF8', '8BITMIME'] })
    expect(result).toEqual(sent)
    expect(lines).toContain(`RCPT TO:<${address}>`)
    expect(lines).toContain(`MAIL FROM:<auth@example.com>${keyword}`)
  })
})

describe('a server that hangs up', () => {
  it.each(inEachStep)('cleanly at $at, $how: later', async ({ at, offers }) => {
    const { result, wasAborted } = await sendTo({ at, offers, act: 'FIN' })
    expect(result).toMatchObject({ ok: false, error: { kind: 'later' } })
    expect(wasAborted).toBe(false)
  })

  it.each(inEachStep)('with a reset at $at, $how: later', async ({ at, offers }) => {
    const { result, wasAborted } = await sendTo({ at, offers, act: 'RST' })
    expect(result).toMatchObject({ ok: false, error: { kind: 'later' } })
    expect(wasAborted).toBe(false)
  })

  it.each(inEachStep)('in the middle of its answer at $at, $how: later', async ({ at, offers }) => {
    const { result, wasAborted } = await sendTo({ at, offers, act: 'half' })
    expect(result).toMatchObject({ ok: false, error: { kind: 'later' } })
    expect(wasAborted).toBe(false)
  })

  it.each(['FIN', 'RST'] as const)('before TLS, with %s: later', async (beforeTls) => {
    const { result, wasAborted } = await sendTo({ beforeTls })
    expect(result).toMatchObject({ ok: false, error: { kind: 'later' } })
    expect(wasAborted).toBe(false)
  })

  it.each([
    ...(['FIN', 'RST', 'half', 'silence', 'endless', 'split'] as const),
    { reply: '421 4.3.0 Text of the server\r\n' },
    { reply: '550 5.0.0 Text of the server\r\n' },
  ])('or does anything else after QUIT has taken the mail: %j', async (act) => {
    const { result } = await sendTo({ at: 'QUIT', act })
    expect(result).toEqual(sent)
  })

  it('right after it has taken the mail has taken it', async () => {
    const { result } = await sendTo({ at: 'body', act: { reply: '250 ok\r\n221 bye\r\n' } })
    expect(result).toEqual(sent)
  })
})

describe('a server that is silent', () => {
  it.each(inEachStep)('at $at, $how: later, when the time is up', async ({ at, offers }) => {
    const { result, wasAborted } = await sendTo({ at, offers, act: 'silence', limitMs: shortMs })
    const step = { connect: 'EHLO', EHLO: 'EHLO', AUTH: 'AUTH' }[at as string] ?? 'mail'
    const problem = `SMTP, ${step}: out of time`
    expect(result).toEqual({ ok: false, error: { kind: 'later', problem } })
    expect(wasAborted).toBe(true)
  })

  it('before TLS: later, when the time is up', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume())
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    const env = { SMTP_URL: `smtps://127.0.0.1:${port}` }
    const result = await mailer.send(aMail(), { env, signal: AbortSignal.timeout(shortMs) })
    const problem = 'SMTP, connect: out of time'
    expect(result).toEqual({ ok: false, error: { kind: 'later', problem } })
    await new Promise((resolve) => silent.close(resolve))
  })

  it('is not asked at all when the time was up before', async () => {
    const server = await startHostileServer({ certificates })
    const signal = AbortSignal.abort()
    const result = await mailer.send(aMail(), { env: { SMTP_URL: server.url }, signal })
    expect(result).toMatchObject({ ok: false, error: { kind: 'later' } })
    expect(server.open()).toBe(0)
    await server.stop()
  })
})

describe('a server that is not there', () => {
  it('refuses the connection: later', async () => {
    const env = { SMTP_URL: `smtps://127.0.0.1:${await findFreePort()}` }
    const result = await mailer.send(aMail(), { env, signal: AbortSignal.timeout(patientMs) })
    const problem = 'SMTP, connect: ECONNREFUSED'
    expect(result).toEqual({ ok: false, error: { kind: 'later', problem } })
  })

  it('has no address: later', async () => {
    const env = { SMTP_URL: 'smtps://mail.invalid' }
    const result = await mailer.send(aMail(), { env, signal: AbortSignal.timeout(patientMs) })
    expect(result).toMatchObject({ ok: false, error: { kind: 'later' } })
  })

  it('speaks no TLS: misconfigured', async () => {
    const { result } = await sendTo({ hasTls: false })
    const problem = 'SMTP, connect: ERR_SSL_WRONG_VERSION_NUMBER'
    expect(result).toEqual({ ok: false, error: { kind: 'misconfigured', problem } })
  })
})

describe('a reply', () => {
  it.each(steps.flatMap((at) => offers.map((offer) => ({ at, ...offer }))))(
    'in single bytes at $at is read, $how',
    async ({ at, offers }) => {
      const { result } = await sendTo({ at, offers, act: 'split' })
      expect(result).toEqual(sent)
    },
  )

  it('of thousands of lines is read', async () => {
    const texts = Array.from({ length: 5_000 }, (_, index) => `X-${index}`)
    const reply = replyOf(250, ['mail.example.com', 'AUTH PLAIN', ...texts])
    expect((await sendTo({ at: 'EHLO', act: { reply } })).result).toEqual(sent)
    expect((await sendTo({ at: 'MAIL', act: { reply } })).result).toEqual(sent)
  })

  it('of lines without an end is given up: later', async () => {
    const reply = '250-X\r\n'.repeat(300_000)
    const { result, wasAborted } = await sendTo({ at: 'EHLO', act: { reply } })
    const problem = 'SMTP, EHLO: EPROTOCOL'
    expect(result).toEqual({ ok: false, error: { kind: 'later', problem } })
    expect(wasAborted).toBe(false)
  })

  it.each(unfinished)('without a line end at %s is given up: later', async (at) => {
    const { result, wasAborted } = await sendTo({ at, act: 'endless' })
    expect(result).toMatchObject({ ok: false, error: { kind: 'later' } })
    expect(wasAborted).toBe(false)
  })

  it.each(['what?\r\n', '\0\xff\r\n', '999 hello\r\n', '250\r\n'])(
    'that is none to the greeting is given up: %j',
    async (reply) => {
      const { result } = await sendTo({ at: 'connect', act: { reply } })
      expect(result).toMatchObject({ ok: false, error: { kind: 'later' } })
    },
  )
})

/** Where, what the server says, and what that means. */
const refusals: readonly (readonly [Step, string, string])[] = [
  ...unfinished.flatMap((step) => [
    [step, '421 4.3.2 Text of the server', 'later'] as const,
    [step, '451 4.3.0 Text of the server', 'later'] as const,
    [step, '454 4.7.0 Text of the server', 'later'] as const,
    [step, '530 5.7.0 Text of the server', 'misconfigured'] as const,
  ]),
  ['connect', '554 5.7.1 Text of the server', 'misconfigured'],
  ['EHLO', '550 Text of the server', 'misconfigured'],
  ['AUTH', '535 5.7.8 Text of the server', 'misconfigured'],
  ['AUTH', '534 5.7.9 Text of the server', 'misconfigured'],
  ['AUTH', '504 5.5.4 Text of the server', 'misconfigured'],
  ['MAIL', '550 5.7.1 Text of the server', 'misconfigured'],
  ['MAIL', '553 5.7.1 <auth@example.com>: Text of the server', 'misconfigured'],
  ['RCPT', '550 5.1.1 <ada@example.org>: Text of the server', 'address_refused'],
  ['RCPT', '550 Text of the server', 'address_refused'],
  ['RCPT', '550-5.1.1 Text of the server\r\n550 5.1.1 of two lines', 'address_refused'],
  ['RCPT', '501 5.1.3 Text of the server', 'address_refused'],
  ['RCPT', '550 5.2.1 Text of the server', 'address_refused'],
  ['RCPT', '550 5.4.1 Text of the server', 'address_refused'],
  ['RCPT', '553 5.6.7 Text of the server', 'address_refused'],
  ['RCPT', '556 5.1.10 Text of the server', 'address_refused'],
  ['RCPT', '550 5.7.1 Text of the server: relaying denied', 'misconfigured'],
  ['RCPT', '550 5.7.26 Text of the server', 'misconfigured'],
  ['RCPT', '550 relay not permitted', 'misconfigured'],
  ['RCPT', '554 <ada@example.org>: Relay access denied', 'misconfigured'],
  ['RCPT', '550 5.1.8 <auth@example.com>: Text of the server', 'misconfigured'],
  ['RCPT', '503 5.5.1 Text of the server', 'misconfigured'],
  ['RCPT', '503 Text of the server', 'misconfigured'],
  ['RCPT', '535 5.7.8 Text of the server', 'misconfigured'],
  ['RCPT', '552 5.2.2 Text of the server', 'later'],
  ['RCPT', '550 5.2.2 Text of the server', 'later'],
  ['RCPT', '552 Text of the server', 'later'],
  ['RCPT', '554 5.3.0 Text of the server', 'later'],
  ['RCPT', '552 5.3.4 Text of the server', 'mail_refused'],
  ['DATA', '554 5.5.1 Text of the server', 'mail_refused'],
  ['body', '554 5.7.1 Text of the server', 'mail_refused'],
  ['body', '554 Text of the server', 'mail_refused'],
  ['body', '552 5.3.4 Text of the server', 'mail_refused'],
  ['body', '552 5.2.2 Text of the server', 'later'],
]

describe.each(offers)('a refusal, $how', ({ offers }) => {
  it.each(refusals)('at %s of %j: %s', async (at, text, kind) => {
    const act: Act = { reply: `${text}\r\n` }
    const { result, wasAborted } = await sendTo({ at, act, offers })
    expect(result).toMatchObject({ ok: false, error: { kind } })
    expect(wasAborted).toBe(false)
    const codes = [text.slice(0, 3), ...(/[45]\.\d+\.\d+/.exec(text) ?? [])].join(' ')
    expect(result).toMatchObject({ error: { problem: expect.stringContaining(codes) } })
  })
})

describe('the greeting of another service', () => {
  it('is not taken for a mail server', async () => {
    const reply = 'HTTP/1.1 400 Bad Request\r\n\r\n'
    const { result } = await sendTo({ at: 'connect', act: { reply } })
    expect(result).toMatchObject({ ok: false, error: { kind: 'later' } })
  })
})
