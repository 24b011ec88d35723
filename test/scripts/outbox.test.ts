// The outbox of the development commands, with the mailer of the service, over real HTTP.

import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createOutbox, describeMail, type KeptMail } from '../../scripts/dev/outbox/outbox.ts'
import { type OutboxServer, serveOutbox } from '../../scripts/dev/outbox/server.ts'
import { startOutbox } from '../../scripts/dev/outbox/start.ts'
import { createHttpMailer } from '../../src/service/mail/http-mailer.ts'
import type { Mail } from '../../src/service/mail/mailer.ts'

const key = 'a-key-of-this-test'
const mail: Mail = {
  id: 'AAAABBBBCCCCDDDD',
  from: { name: 'Portcullis', address: 'auth@localhost' },
  to: 'ada@example.com',
  subject: 'Your code',
  text: 'Your code is\n\n  ABCD-23FG\n\nIt is good for 10 minutes.\n',
  html: '<p onclick="alert(1)">ABCD-23FG<script>alert(2)</script>',
}

let server: OutboxServer
let told: KeptMail[]
beforeEach(async () => {
  told = []
  server = await serveOutbox(
    createOutbox(
      () => 1_800_000_000_000,
      (kept) => told.push(kept),
    ),
    key,
  )
})
afterEach(() => server.close())

const { signal } = new AbortController()
const send = (parts: Partial<Mail> = {}, bearer = key) =>
  createHttpMailer({ url: `${server.origin}/emails`, key: bearer }).send(
    { ...mail, ...parts },
    { env: {}, signal },
  )
const sent = { ok: true, value: undefined }
const post = (body: string, bearer = `Bearer ${key}`, id = '') => {
  const headers = { 'Idempotency-Key': id, ...(bearer && { Authorization: bearer }) }
  return fetch(`${server.origin}/emails`, { method: 'POST', headers, body })
}
const get = (path: string) => fetch(`${server.origin}${path}`, { redirect: 'manual' })
const listed = async () =>
  ((await (await get('/dev/outbox.json')).json()) as { mails: KeptMail[] }).mails

/** A request with any Host. */
function getAs(host: string, path: string): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    const sending = request(`${server.origin}${path}`, { headers: { Host: host } }, (answer) => {
      void text(answer).then((body) => resolve([answer.statusCode, body]), reject)
    })
    sending.once('error', reject).end()
  })
}

describe('the outbox', () => {
  it('keeps what the HTTP mailer sends, and finds the code', async () => {
    expect(await send()).toEqual(sent)
    const kept = {
      number: 1,
      id: mail.id,
      receivedAt: '2027-01-15T08:00:00.000Z',
      from: 'Portcullis <auth@localhost>',
      to: ['ada@example.com'],
      subject: 'Your code',
      text: mail.text,
      html: mail.html,
      headers: { 'X-Portcullis-Mail': mail.id, 'Auto-Submitted': 'auto-generated' },
      code: 'ABCD-23FG',
    }
    expect(await listed()).toEqual([kept])
    expect(told).toEqual([kept])
  })

  it('keeps a mail once, however often it comes', async () => {
    expect([await send(), await send()]).toEqual([sent, sent])
    expect(await send({ text: 'another' })).toEqual(sent)
    expect(told).toHaveLength(1)
    expect(await send({ id: 'another' })).toEqual(sent)
    expect(told).toHaveLength(2)
  })

  it('refuses another mail under the same key, as Resend does', async () => {
    const body = JSON.stringify({ from: 'a@b', to: 'c@d', subject: 's', text: 't' })
    const statuses = []
    for (const text of [body, body, `${body} `]) {
      const answer = await post(text, undefined, 'the-same')
      statuses.push([answer.status, await answer.json()])
    }
    expect(statuses).toMatchObject([
      [200, { id: 'outbox-1' }],
      [200, { id: 'outbox-1' }],
      [409, { name: 'invalid_idempotent_request' }],
    ])
  })

  it('lists the newest first, and keeps the last hundred', async () => {
    for (let number = 1; number <= 102; number += 1) {
      await send({ id: `mail-${number}`, subject: `Subject ${number}` })
    }
    const subjects = (await listed()).map(({ subject }) => subject)
    expect([subjects.length, subjects[0], subjects[99]]).toEqual([100, 'Subject 102', 'Subject 3'])
    expect((await get('/dev/outbox/2.html')).status).toBe(404)
  })

  it('takes mail only from who has the key', async () => {
    const body = JSON.stringify({ from: 'a@b', to: 'c@d', subject: 's', text: 't' })
    expect((await post(body)).status).toBe(200)
    for (const [bearer, status, name] of [
      ['', 401, 'missing_api_key'],
      ['Bearer another', 403, 'invalid_api_key'],
      [key, 403, 'invalid_api_key'],
    ] as const) {
      const answer = await post(body, bearer)
      expect([answer.status, await answer.json()]).toMatchObject([status, { name }])
    }
    expect(told).toHaveLength(1)
  })

  it.each([
    'no JSON',
    'null',
    '[]',
    '{"from":"a@b","to":[],"subject":"s","text":"t"}',
    '{"from":"a@b","to":[5],"subject":"s","text":"t"}',
    '{"from":"a@b","to":"c@d","subject":"s"}',
    '{"from":"a@b","to":"c@d","subject":"s","text":"t","headers":{"X":5}}',
  ])('refuses %s', async (body) => {
    const answer = await post(body)
    expect([answer.status, await answer.json()]).toMatchObject([422, { name: 'validation_error' }])
    expect(told).toEqual([])
  })

  it('refuses more than 1 MiB', async () => {
    expect((await post('x'.repeat(1024 * 1024 + 1))).status).toBe(413)
  })

  it('shows a page without scripts, whatever a mail says', async () => {
    const text = '</pre><script>alert(1)</script>'
    await send({ subject: '<img src=x onerror="alert(1)">', text, to: `"'&@example.com` })
    await send({ id: 'other', subject: '<img src=x>', text })
    const page = await get('/dev/outbox')
    const shown = await page.text()
    expect(shown).not.toMatch(/<script|<img|onerror="|style=/)
    expect(shown).toContain('&#60;script&#62;alert(1)')
    expect(shown.match(/<iframe[^>]*>/g)).toEqual([
      '<iframe sandbox title="Mail 1 as HTML" src="/dev/outbox/1.html" loading="lazy">',
    ])
    const policy = page.headers.get('Content-Security-Policy') ?? ''
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'; frame-src 'self';/)
    expect(policy).not.toContain('unsafe')
  })

  it('shows the HTML of a mail as a document that can do nothing', async () => {
    await send()
    const part = await get('/dev/outbox/1.html')
    expect(await part.text()).toBe(mail.html)
    const policy = part.headers.get('Content-Security-Policy') ?? ''
    expect(policy.split('; ').slice(0, 2)).toEqual(['sandbox', "default-src 'none'"])
    expect(policy).not.toContain('script-src')
  })

  it.each(['/dev/outbox', '/dev/outbox.json', '/dev/outbox/1.html', '/nothing', '/'])(
    'lets no other site read %s',
    async (path) => {
      await send()
      const answer = await get(path)
      const { headers } = answer
      await answer.body?.cancel()
      expect(headers.get('Access-Control-Allow-Origin')).toBe(null)
      expect(headers.get('Cross-Origin-Resource-Policy')).toBe('same-origin')
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(headers.get('Cache-Control')).toBe('no-store')
      const port = new URL(server.origin).port
      for (const host of [
        'attacker.example',
        `attacker.example:${port}`,
        '10.0.0.1',
        'eve@127.0.0.1',
      ]) {
        const [status, body] = await getAs(host, path)
        expect([host, status, body.includes('ABCD')]).toEqual([host, 421, false])
      }
      for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
        expect([host, (await getAs(host, path))[0]]).toEqual([host, answer.status])
      }
    },
  )

  it('answers other methods and paths with 405 and 404', async () => {
    const put = await fetch(`${server.origin}/dev/outbox`, { method: 'PUT' })
    expect([put.status, put.headers.get('Allow')]).toEqual([405, 'GET, HEAD'])
    const read = await get('/emails')
    expect([read.status, read.headers.get('Allow')]).toEqual([405, 'POST'])
    expect((await get('/dev/outbox/1.html')).status).toBe(404)
    const start = await get('/')
    expect([start.status, start.headers.get('Location')]).toEqual([307, '/dev/outbox'])
  })
})

describe('what a developer sees of a mail', () => {
  const describeSent = async (parts: Partial<Mail>) => {
    await send(parts)
    const [kept] = told
    return kept && describeMail(kept)
  }

  it('is the recipient, the subject and the code', async () => {
    expect(await describeSent({})).toBe(
      'Mail to ada@example.com: Your code\n  Its code is ABCD-23FG',
    )
  })

  it('is one line without a code', async () => {
    expect(await describeSent({ text: 'Not ABCD-23FG alone\nABCD-23FGH\n' })).toBe(
      'Mail to ada@example.com: Your code',
    )
  })

  it('gives no orders to the terminal', async () => {
    const subject = `\u001b[2Jred\r\nMail to eve\u202e${'x'.repeat(500)}`
    const shown = await describeSent({ subject, text: '' })
    expect(shown).toMatch(/^Mail to ada@example.com: {2}\[2Jred {2}Mail to eve x+$/)
    expect(shown).toHaveLength(300)
  })
})

describe('the outbox of a command', () => {
  it('gives the settings with which the service mails to it', async () => {
    const outbox = await startOutbox({ BCRYPT_COST: '4', MAIL_FROM: 'me@example.com' })
    const { MAILER, MAIL_API_URL: url = '', MAIL_API_KEY } = outbox.variables
    expect(MAILER).toBe('http')
    expect((await fetch(outbox.url ?? '')).status).toBe(200)
    expect((await fetch(url, { method: 'POST' })).status).toBe(401)
    expect(MAIL_API_KEY).toMatch(/^[\w-]{32}$/)
    outbox.close()
    await expect(fetch(url)).rejects.toThrow()
  })

  it.each(['MAILER', 'MAIL_API_URL', 'MAIL_API_KEY', 'SMTP_URL'])(
    'is not there when the user sets %s',
    async (name) => {
      const outbox = await startOutbox({ [name]: 'anything' })
      outbox.close()
      expect([outbox.url, outbox.variables]).toEqual([undefined, {}])
    },
  )
})
