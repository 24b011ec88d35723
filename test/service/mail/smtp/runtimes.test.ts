// The mailer on workerd and Deno. What it makes of each reply is tested on Node, next door.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleWorker } from '../../../support/bundle.ts'
import { createCertificates } from '../../../support/certificates.ts'
import { serveWorkerOnDeno } from '../../../support/deno.ts'
import { type Act, type Step, startHostileServer } from '../../../support/hostile-smtp.ts'
import { type MailServer, startMailServer } from '../../../support/mail-server.ts'
import { aMail } from '../../../support/mails.ts'
import type { Server } from '../../../support/server.ts'
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
const trusted = [certificates.authority]
const permissions = ['--allow-net']

const runtimes = [
  {
    runtime: 'workerd',
    // It does not say why there is no connection.
    refused: 'SMTP, connect: failed',
    untrusted: { kind: 'later', problem: 'SMTP, connect: failed' },
    serve: () => serveOnWorkerd(bundle.file, {}, { trusted }),
    serveUntrusting: () => serveOnWorkerd(bundle.file, {}),
  },
  {
    runtime: 'Deno',
    refused: 'SMTP, connect: ECONNREFUSED',
    untrusted: { kind: 'misconfigured', problem: 'SMTP, connect: UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
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

  async function sendTo(at: Step | undefined, act?: Act, limitMs?: number) {
    const hostile = await startHostileServer({ certificates, ...(at && act ? { at, act } : {}) })
    const result = await send(hostile.url, limitMs)
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

  it.each(['connect', 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'body'] as const)(
    'is kept when the server hangs up or is silent at %s',
    async (at) => {
      const later = { ok: false, error: { kind: 'later' } }
      expect(await sendTo(at, 'FIN')).toMatchObject(later)
      expect(await sendTo(at, 'RST')).toMatchObject(later)
      const problem = expect.stringMatching(/: out of time$/)
      expect(await sendTo(at, 'silence', 400)).toEqual({
        ok: false,
        error: { kind: 'later', problem },
      })
    },
  )

  it.each(['FIN', 'RST', 'silence'] as const)(
    'is sent when the server ends with %s',
    async (act) => {
      expect(await sendTo('QUIT', act)).toEqual(sent)
    },
  )

  it('is refused with its address', async () => {
    const problem = 'SMTP, RCPT: 550 5.1.1 EENVELOPE'
    const error = { kind: 'address_refused', problem }
    expect(await sendTo('RCPT', { reply: '550 5.1.1 No\r\n' })).toEqual({ ok: false, error })
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
