// Mail that is due: sent once, tried again with growing pauses, given up after a day.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import type { MailFailureKind } from '../../../../src/service/mail/mailer.ts'
import { createMailbox, createMailingService } from '../../../support/mail.ts'
import { codeIn, linkTokenIn } from '../../../support/mailed-code.ts'
import { post, registerAccount } from '../../../support/service.ts'

const pages = { ACCOUNT_PAGES_URL: 'https://app.example.com/account' }
const service = await createMailingService(pages)
const { app, mailbox } = service
const client = createClient({ url: inject('databaseUrl') })
const change = (sql: string, ...args: (string | number)[]) => client.execute({ sql, args })

async function mailRow(email: string) {
  const sql = 'SELECT * FROM portcullis_outgoing_mail WHERE recipient = ? ORDER BY created_at DESC'
  return (await change(sql, email)).rows[0]
}

/** Makes the mails to an address due, as if this time had passed. */
const passTime = (email: string, seconds: number) =>
  change(
    `UPDATE portcullis_outgoing_mail SET created_at = created_at - ${seconds},
      next_try_at = next_try_at - ${seconds} WHERE recipient = ?`,
    email,
  )

/** An account that has asked for a code while the mailer fails. */
async function waitingMail(kind: MailFailureKind, problem = 'test') {
  const { email } = await registerAccount(app)
  mailbox.failure = { kind, problem }
  const { body } = await post(app, '/auth/forgot-password', { email })
  await service.settle()
  mailbox.failure = undefined
  return { email, handle: String(body.handle) }
}

describe('sending mail', () => {
  it('tries again after a minute, then two, and sends the very same mail', async () => {
    const { email } = await waitingMail('later')
    const row = await mailRow(email)
    expect([row?.tries, row?.problem, row?.sent_at]).toEqual([1, 'later: test', null])
    expect(Number(row?.next_try_at) - Number(row?.created_at)).toBeLessThanOrEqual(62)
    await service.sendMail({})
    expect(mailbox.to(email)).toEqual([])
    await passTime(email, 61)
    mailbox.failure = { kind: 'later', problem: 'test' }
    await service.sendMail({})
    mailbox.failure = undefined
    const again = await mailRow(email)
    expect(Number(again?.next_try_at) - Number(again?.created_at) - 61).toBeGreaterThanOrEqual(119)
    await passTime(email, 121)
    await service.sendMail({})
    await service.sendMail({})
    expect(mailbox.to(email)).toHaveLength(1)
    const sent = await mailRow(email)
    expect([sent?.next_try_at, sent?.problem]).toEqual([null, null])
    expect(sent?.sent_at).not.toBeNull()
  })

  it('gives the same content to each try', async () => {
    const seen: unknown[] = []
    const forgetful = createMailbox()
    const lossy = await createMailingService(pages, {
      mailer: {
        async send(mail, context) {
          seen.push(mail)
          await forgetful.send(mail, context)
          throw new Error('the answer was lost')
        },
      },
    })
    const { email } = await registerAccount(lossy.app)
    await post(lossy.app, '/auth/forgot-password', { email })
    await lossy.settle()
    await passTime(email, 61)
    await lossy.sendMail({})
    expect(seen).toHaveLength(2)
    expect(seen[1]).toEqual(seen[0])
  })

  it('makes the code of a late mail good for its whole life', async () => {
    const { email, handle } = await waitingMail('later')
    await passTime(email, 3_600)
    await change(
      `UPDATE portcullis_codes SET created_at = created_at - 3600, link_expires_at = 1,
        code_expires_at = code_expires_at - 3600 WHERE address = ?`,
      email,
    )
    await service.sendMail({})
    const mail = mailbox.to(email).at(-1)
    const body = { handle, code: codeIn(mail), new_password: 'another good password' }
    expect((await post(app, '/auth/reset-password', body)).status).toBe(200)
    expect(linkTokenIn(mail)).not.toBe('no link')
  })

  it('does not lengthen the life of a code whose mail is in time', async () => {
    const { email } = await registerAccount(app)
    await post(app, '/auth/forgot-password', { email })
    await service.settle()
    await change('UPDATE portcullis_codes SET code_expires_at = 7 WHERE address = ?', email)
    await post(app, '/auth/forgot-password', { email })
    await service.settle()
    const sql = 'SELECT code_expires_at FROM portcullis_codes WHERE address = ?'
    expect((await change(sql, email)).rows.map((row) => row.code_expires_at)).toEqual([7])
  })

  it('gives up after a day, in the log and in the audit', async () => {
    const { email } = await waitingMail('misconfigured')
    await passTime(email, 86_400)
    mailbox.failure = { kind: 'misconfigured', problem: 'status 401' }
    await service.sendMail({})
    mailbox.failure = undefined
    const row = await mailRow(email)
    expect(row?.given_up_at).not.toBeNull()
    expect(row?.next_try_at).toBeNull()
    const line = service.log.map((one) => JSON.parse(one)).find(({ mailId }) => mailId === row?.id)
    expect(line).toMatchObject({ event: 'mail_not_sent', tries: 1 })
    const last = service.log
      .map((one) => JSON.parse(one))
      .findLast(({ mailId }) => mailId === row?.id)
    expect(last).toMatchObject({ problem: 'misconfigured: status 401', tries: 2, isGivenUp: true })
    expect(JSON.stringify(service.log)).not.toContain(email)
    const { rows } = await change(
      `SELECT outcome, actor, target FROM portcullis_audit_events WHERE event = 'mail' AND user_id = ?`,
      Number(row?.user_id),
    )
    expect(rows.map((event) => ({ ...event }))).toEqual([
      { outcome: 'mail_given_up', actor: 'service', target: 'reset_password' },
    ])
  })

  it.each(['address_refused', 'mail_refused'] as const)('gives up at once: %s', async (kind) => {
    const { email } = await waitingMail(kind)
    expect((await mailRow(email))?.given_up_at).not.toBeNull()
  })

  it('mails nothing for a week to an address that is refused', async () => {
    const { email } = await waitingMail('address_refused')
    await post(app, '/auth/forgot-password', { email })
    await service.settle()
    expect(mailbox.to(email)).toEqual([])
    const sql = 'UPDATE portcullis_suppressed_addresses SET until = until - ? WHERE recipient = ?'
    await change(sql, 7 * 86_400, email)
    await post(app, '/auth/forgot-password', { email })
    await service.settle()
    expect(mailbox.to(email)).toHaveLength(1)
  })

  it('tells the user at the next login that the email gets no mail', async () => {
    const { email, password } = await registerAccount(app)
    const login = async () => (await post(app, '/auth/login', { email, password })).body
    expect(await login()).not.toHaveProperty('email_undeliverable')
    mailbox.failure = { kind: 'address_refused', problem: 'test' }
    await post(app, '/auth/forgot-password', { email })
    await service.settle()
    mailbox.failure = undefined
    expect((await login()).email_undeliverable).toBe(true)
  })

  it('mails again as soon as somebody has proved the email', async () => {
    const { email } = await registerAccount(app)
    await change('INSERT INTO portcullis_suppressed_addresses VALUES (?, 4000000000)', email)
    const code = await post(app, '/auth/email-code', { email })
    await service.settle()
    expect(mailbox.to(email)).toEqual([])
    expect(code.status).toBe(200)
    await change('UPDATE portcullis_suppressed_addresses SET until = 1 WHERE recipient = ?', email)
    const { body } = await post(app, '/auth/email-code', { email })
    await service.settle()
    await change(
      'UPDATE portcullis_suppressed_addresses SET until = 4000000000 WHERE recipient = ?',
      email,
    )
    const sent = { handle: body.handle, code: codeIn(mailbox.to(email).at(-1)) }
    expect((await post(app, '/auth/login-by-code', sent)).status).toBe(200)
    await post(app, '/auth/forgot-password', { email })
    await service.settle()
    expect(mailbox.to(email)).toHaveLength(2)
  })

  it('leaves kinds of mail that a later version has queued', async () => {
    const { email } = await waitingMail('later')
    const other = await waitingMail('later')
    await change('UPDATE portcullis_outgoing_mail SET kind = ? WHERE recipient = ?', 'later', email)
    for (const one of [email, other.email]) await passTime(one, 61)
    await service.sendMail({})
    expect(mailbox.to(other.email)).toHaveLength(1)
    expect((await mailRow(email))?.tries).toBe(1)
  })

  it.each([
    'a@example.com,b@evil.example',
    '"x" <y@evil.example>',
    'nobody',
    'a@b@c\r\nBcc: d@e.f',
  ])('gives no mailer the email %j of an account from before', async (typed) => {
    const { email } = await waitingMail('later')
    await change(
      'UPDATE portcullis_outgoing_mail SET address = ? WHERE recipient = ?',
      typed,
      email,
    )
    await passTime(email, 61)
    await service.sendMail({})
    const row = await mailRow(email)
    expect(row?.problem).toBe('mail_refused: the email is no plain address')
    expect(mailbox.to(typed)).toEqual([])
  })

  it('drops a mail whose code was used meanwhile', async () => {
    const { email } = await waitingMail('later')
    await change('UPDATE portcullis_codes SET used_at = 1 WHERE address = ?', email)
    await passTime(email, 61)
    await service.sendMail({})
    expect(mailbox.to(email)).toEqual([])
    expect(await mailRow(email)).toBeUndefined()
  })

  it('sends each mail once, of many senders at once', async () => {
    const emails: string[] = []
    for (let queued = 0; queued < 10; queued += 1) emails.push((await waitingMail('later')).email)
    for (const email of emails) await passTime(email, 61)
    const others = await Promise.all(
      Array.from({ length: 5 }, () => createMailingService(pages, {}, mailbox)),
    )
    await Promise.all([service, ...others].map((one) => one.sendMail({})))
    expect(emails.map((email) => mailbox.to(email).length)).toEqual(emails.map(() => 1))
  })

  it('leaves a mail to the next sender when the mailer never comes back', async () => {
    const { email } = await registerAccount(app)
    const hanging = await createMailingService(pages, {
      mailer: { send: () => new Promise(() => {}) },
    })
    const { delay } = hanging.clock
    hanging.clock.delay = (ms, signal) => delay(ms === 20_000 ? 0 : ms, signal)
    await post(hanging.app, '/auth/forgot-password', { email })
    await hanging.settle()
    expect((await mailRow(email))?.problem).toBe('later: no answer within 20 s')
    await passTime(email, 61)
    await service.sendMail({})
    expect(mailbox.to(email)).toHaveLength(1)
  })

  it.each([
    ['nothing', () => undefined],
    ['text', () => 'sent'],
    ['a refusal of no kind', () => ({ ok: false, error: { kind: 'never' } })],
    ['a throw', () => Promise.reject(new TypeError('nobody@example.com'))],
    [
      'the address',
      (to: string) => ({ ok: false, error: { kind: 'later', problem: `no ${to}\n` } }),
    ],
  ])('tries again when a mailer gives %s, and logs no address', async (_, give) => {
    const odd = await createMailingService(pages, {
      mailer: { send: async ({ to }) => give(to) as never },
    })
    const { email } = await registerAccount(odd.app)
    await post(odd.app, '/auth/forgot-password', { email })
    await odd.settle()
    const row = await mailRow(email)
    expect(row?.problem).toMatch(/^later: [^\n@]+$/)
    expect(row?.next_try_at).not.toBeNull()
    expect(odd.log.join()).not.toContain('@example.com')
  })

  it('deletes mails a day after they were sent, with codes and handles that are over', async () => {
    const { email } = await registerAccount(app)
    await post(app, '/auth/forgot-password', { email })
    await service.settle()
    await service.prune()
    expect(await mailRow(email)).toBeDefined()
    await passTime(email, 86_401)
    await change(
      `UPDATE portcullis_code_handles SET created_at = created_at - 300000 WHERE code_id IN
        (SELECT id FROM portcullis_codes WHERE address = ?)`,
      email,
    )
    await change('UPDATE portcullis_codes SET link_expires_at = 1 WHERE address = ?', email)
    await service.prune()
    expect(await mailRow(email)).toBeUndefined()
    const { rows } = await change(
      `SELECT (SELECT count(*) FROM portcullis_codes WHERE address = ?) AS codes,
        (SELECT count(*) FROM portcullis_code_handles WHERE created_at < unixepoch() - 290000) AS handles`,
      email,
    )
    expect({ ...rows[0] }).toEqual({ codes: 0, handles: 0 })
  })
})
