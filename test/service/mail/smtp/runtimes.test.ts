// The mailer on workerd and Deno. What it makes of each reply is tested on Node, next door.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleWorker } from '../../../support/bundle.ts'
import { createCertificates } from '../../../support/certificates.ts'
import { serveWorkerOnDeno } from '../../../support/deno.ts'
import { type HostileOptions, startHostileServer, steps } from '../../../support/hostile-smtp.ts'
import { type MailServer, startMailServer } from '../../../support/mail-server.ts'
import { aMail } from '../../../support/mails.ts'
import { type Server, until } from '../../../support/server.ts'
import { serveOnWorkerd } from '../../../support/workerd.ts'

const certificates = createCertificates()
const program = 'test/support/mail-worker.ts'
const bundle = bundleWorker('wrangler.toml', program)
let mailServer: MailServer
beforeAll(async () => {
  mailServer = await startMailServer(certificates)
})
afterAll(async () => {
  await mailServer.stop()
  bundle.remove()
  certificates.remove()
})

const sent = { ok: true }
/** Before the time is up. */
const later = {
  ok: false,
  error: { kind: 'later', problem: expect.not.stringMatching(/out of time/) },
}
/** Before the mail is accepted. */
const unfinished = steps.filter((step) => step !== 'QUIT')
const trusted = [certificates.authority]
const permissions = ['--allow-net']

const runtimes = [
  {
    runtime: 'workerd',
    // It does not say why there is no connection.
    refused: 'SMTP, connect: failed',
    untrusted: { kind: 'later', problem: 'SMTP, connect: failed' },
    withoutTls: { kind: 'later', problem: 'SMTP, connect: failed' },
    serve: () => serveOnWorkerd(bundle.file, {}, { trusted }),
    serveUntrusting: () => serveOnWorkerd(bundle.file, {}),
  },
  {
    runtime: 'Deno',
    refused: 'SMTP, connect: ECONNREFUSED',
    untrusted: { kind: 'misconfigured', problem: 'SMTP, connect: UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
    withoutTls: { kind: 'misconfigured', problem: 'SMTP, connect: ERR_SSL_WRONG_VERSION_NUMBER' },
    serve: () => serveWorkerOnDeno(program, permissions, { DENO_CERT: certificates.authorityFile }),
    serveUntrusting: () => serveWorkerOnDeno(program, permissions, {}),
  },
]

describe.each(runtimes)('mail over SMTP on $runtime', (on) => {
  let server: Server
  beforeAll(async () => {
    server = await on.serve()
  })
  afterAll(() => server.stop())

  async function send(url = mailServer.url, limitMs = 10_000, mail = aMail()) {
    const body = JSON.stringify({ mail, url })
    const answer = await fetch(`${server.baseUrl}/?ms=${limitMs}`, { method: 'POST', body })
    return answer.json()
  }

  /** What becomes of a mail. The connection is gone in the end. */
  async function sendTo(how: Omit<HostileOptions, 'certificates'>, limitMs?: number) {
    const hostile = await startHostileServer({ certificates, ...how })
    const result = await send(hostile.url, limitMs)
    await until(() => hostile.open() === 0, 4_000)
    await hostile.stop()
    return result
  }

  it('arrives, with letters beyond ASCII', async () => {
    const mail = aMail({ subject: 'Ünïcode 🔑', text: 'Grüße\n.\nZoë\n', to: '用户@jõgeva.ee' })
    expect(await send(undefined, 10_000, mail)).toEqual(sent)
    const arrived = mailServer.arrived.at(-1)
    expect(arrived?.mail).toMatchObject({ subject: mail.subject, text: mail.text, html: mail.html })
    expect(arrived?.to).toEqual(['用户@jõgeva.ee'])
  })

  it('goes to a server by its name', async () => {
    expect(await send(mailServer.url.replace('127.0.0.1', 'localhost'))).toEqual(sent)
  })

  it('is misconfigured with a wrong password', async () => {
    const problem = 'SMTP, AUTH: 535 EAUTH'
    const error = { kind: 'misconfigured', problem }
    expect(await send(mailServer.url.replace('%25', '%2525'))).toEqual({ ok: false, error })
  })

  describe.each(unfinished)('is kept when the server, at %s,', (at) => {
    it.each(['FIN', 'RST', 'half', 'endless'] as const)('does this: %s', async (act) => {
      expect(await sendTo({ at, act })).toMatchObject(later)
    })

    it.each(['silence', { reply: '25' }] as const)('leaves it waiting: %j', async (act) => {
      const error = { kind: 'later', problem: expect.stringMatching(/: out of time$/) }
      expect(await sendTo({ at, act }, 400)).toEqual({ ok: false, error })
    })

    it.each([
      ['421 4.3.2', 'later'],
      ['451 4.3.0', 'later'],
      ['530 5.7.0', 'misconfigured'],
    ])('refuses it: %s is %s', async (codes, kind) => {
      const problem = expect.stringContaining(codes)
      const refused = await sendTo({ at, act: { reply: `${codes} Not now\r\n` } })
      expect(refused).toEqual({ ok: false, error: { kind, problem } })
    })
  })

  it.each(['FIN', 'RST'] as const)(
    'is kept when the server hangs up before TLS, with %s',
    async (beforeTls) => {
      expect(await sendTo({ beforeTls })).toMatchObject(later)
    },
  )

  it('is kept when the server is silent before TLS', async () => {
    const error = { kind: 'later', problem: 'SMTP, connect: out of time' }
    expect(await sendTo({ beforeTls: 'silence' }, 400)).toEqual({ ok: false, error })
  })

  it('does not go to a server without TLS', async () => {
    expect(await sendTo({ hasTls: false })).toEqual({ ok: false, error: on.withoutTls })
  })

  it.each(['FIN', 'RST', 'half', 'silence', 'endless'] as const)(
    'is sent when the server ends with %s',
    async (act) => {
      expect(await sendTo({ at: 'QUIT', act })).toEqual(sent)
    },
  )

  it.each(steps)('is sent when all answers come in single bytes from %s on', async (at) => {
    expect(await sendTo({ at, act: 'split' })).toEqual(sent)
  })

  it('is refused with its address', async () => {
    const problem = 'SMTP, RCPT: 550 5.1.1 EENVELOPE'
    const error = { kind: 'address_refused', problem }
    expect(await sendTo({ at: 'RCPT', act: { reply: '550 5.1.1 No\r\n' } })).toEqual({
      ok: false,
      error,
    })
  })

  it('is kept where the connection is refused', async () => {
    const error = { kind: 'later', problem: on.refused }
    const hostile = await startHostileServer({ certificates })
    await hostile.stop()
    expect(await send(hostile.url)).toEqual({ ok: false, error })
  })

  it('does not go to a server whose certificate is not good', async () => {
    const untrusting = await on.serveUntrusting()
    const body = JSON.stringify({ mail: aMail(), url: mailServer.url })
    const before = mailServer.arrived.length
    const answer = await fetch(untrusting.baseUrl, { method: 'POST', body })
    expect(await answer.json()).toEqual({ ok: false, error: on.untrusted })
    expect(mailServer.arrived.length).toBe(before)
    await untrusting.stop()
  })
})
