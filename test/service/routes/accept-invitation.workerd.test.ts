// Invitations: what the mail says, what its link is good for, and how else an invited person gets
// in.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { remove } from '../../../src/service/domain/accounts/administration.ts'
import { inviteByMail, inviteEmail } from '../../support/invite.ts'
import { createMailingService } from '../../support/mail.ts'
import { codeIn, linkTokenIn } from '../../support/mailed-code.ts'
import {
  type Answer,
  ask,
  bearing,
  changeAccount,
  claimsOf,
  createCountingDatabase,
  database,
  freshEmail,
  post,
  registerAccount,
  testEntry,
} from '../../support/service.ts'

const password = 'a good password'
const pages = { ACCOUNT_PAGES_URL: 'https://app.example.com/account' }
const service = await createMailingService(pages)
const { app, mailbox } = service
const client = createClient({ url: inject('databaseUrl') })
const said = ({ status, body }: Answer) => [status, body.code ?? body.message]
const accepted = [200, 'Invitation accepted.']
const wrong = [403, 'code_wrong']
const accept = (token: string, given = password) =>
  post(app, '/auth/accept-invitation', { token, password: given })
const login = (email: string, given = password) =>
  post(app, '/auth/login', { email, password: given })
const change = (sql: string, ...args: string[]) => client.execute({ sql, args })
const age = (email: string, seconds: number) =>
  change(
    `UPDATE portcullis_codes SET created_at = created_at - ${seconds},
      code_expires_at = code_expires_at - ${seconds}, link_expires_at = link_expires_at - ${seconds}
      WHERE address = ?`,
    email,
  )

/** Invites somebody new. */
async function invited(how: Parameters<typeof inviteByMail>[2] = {}) {
  const email = freshEmail()
  return { email, token: linkTokenIn(await inviteByMail(service, email, how)) }
}

describe('an invitation', () => {
  it('is mailed with a link, in the language of the account, and has no code', async () => {
    const email = freshEmail()
    const mail = await inviteByMail(service, email, { language: 'de' })
    expect(mail?.subject).toBe('Ihre Einladung zu Example')
    expect(mail?.text).toContain(`${pages.ACCOUNT_PAGES_URL}/invitation?token=`)
    expect(mail?.text).toContain('Der Link gilt 1 Stunde.')
    expect(codeIn(mail)).toBe('no code')
  })

  it('makes an account without a password', async () => {
    const { email } = await invited()
    for (const given of ['!', password]) {
      expect(said(await login(email, given))).toEqual([404, 'invalid_credentials'])
    }
    const registered = await post(app, '/auth/register', { email, password })
    expect(said(registered)).toEqual([202, 'email_taken'])
  })

  it.each([
    ['of an account', {}],
    ['of an account that is proved', { change: 'email_verified_at = 1' }],
  ])('is refused for the email %s', async (_, { change }: { change?: string }) => {
    const { email } = await registerAccount(app)
    if (change) await changeAccount(email, change)
    expect(await inviteEmail(email.toUpperCase())).toEqual({ ok: false, error: 'email_taken' })
    await service.sendMail({})
    expect(mailbox.to(email)).toEqual([])
    expect((await login(email)).status).toBe(200)
  })

  it('is refused for an account without a password whose email is proved', async () => {
    const { email } = await invited()
    await changeAccount(email, 'email_verified_at = 1')
    expect(await inviteEmail(email)).toEqual({ ok: false, error: 'email_taken' })
  })

  it('is refused while the account is disabled', async () => {
    const { email } = await invited()
    await changeAccount(email, 'disabled_at = 1')
    expect(await inviteEmail(email)).toEqual({ ok: false, error: 'email_taken' })
  })

  it('makes one account and one good link, of ten at once', async () => {
    const email = freshEmail()
    const all = await Promise.all(Array.from({ length: 10 }, () => inviteEmail(email)))
    const made = all.map((one) => (one.ok ? [one.value.userId, one.value.isAgain] : []))
    expect(new Set(made.map(([userId]) => userId)).size).toBe(1)
    expect(made.filter(([, isAgain]) => !isAgain)).toHaveLength(1)
    await service.sendMail({})
    expect(mailbox.to(email)).toHaveLength(1)
    expect(said(await accept(linkTokenIn(mailbox.to(email)[0])))).toEqual(accepted)
  })

  it('comes again, and then the first link is void', async () => {
    const { email, token } = await invited({ roles: ['editor'] })
    const second = linkTokenIn(await inviteByMail(service, email))
    expect(second).not.toBe(token)
    expect(said(await accept(token))).toEqual(wrong)
    const { body } = await accept(second)
    expect(claimsOf(String(body.auth_token)).roles).toEqual(['editor'])
  })

  it('comes again with other roles and another language', async () => {
    const { email } = await invited({ roles: ['editor', 'admin'], language: 'en' })
    const again = await inviteEmail(email, { roles: ['viewer'], language: 'de' })
    expect(again).toMatchObject({ ok: true, value: { roles: ['viewer'], isAgain: true } })
    await service.sendMail({})
    expect(mailbox.to(email).at(-1)?.html).toContain('lang="de"')
  })

  it('is taken back with the account: the link is void, and a mail that waits is not sent', async () => {
    const { email, token } = await invited()
    const again = await inviteEmail(email)
    await remove({ database, entry: testEntry }, email, again.ok ? again.value.userId : 0)
    await service.sendMail({})
    expect(mailbox.to(email)).toHaveLength(1)
    expect(said(await accept(token))).toEqual(wrong)
  })

  it('has a link that is good for an hour after the mail was sent, however long it waited', async () => {
    for (const waited of [0, 30, 80_000, 300_000]) {
      const email = freshEmail()
      await inviteEmail(email)
      await age(email, waited)
      await change(
        `UPDATE portcullis_outgoing_mail SET created_at = created_at - ${waited} WHERE recipient = ?`,
        email,
      )
      await service.sendMail({})
      await age(email, 3_590)
      const { rows } = await change(
        'SELECT link_expires_at - unixepoch() AS left FROM portcullis_codes WHERE address = ?',
        email,
      )
      expect(Number(rows[0]?.left)).toBeGreaterThan(0)
      expect(Number(rows[0]?.left)).toBeLessThanOrEqual(10)
      await age(email, 11)
      expect(said(await accept(linkTokenIn(mailbox.to(email)[0])))).toEqual(wrong)
    }
  })
})

describe('POST /auth/accept-invitation', () => {
  it('sets the password, proves the email, and begins a session with the roles', async () => {
    const { email, token } = await invited({ roles: ['editor', 'admin'] })
    const answer = await accept(token)
    expect(said(answer)).toEqual(accepted)
    expect(Object.keys(answer.body).sort()).toEqual([
      ...['auth_token', 'device_token', 'expires_in', 'message', 'refresh_token'],
      ...['status', 'token_type'],
    ])
    const authToken = String(answer.body.auth_token)
    expect(claimsOf(authToken).roles).toEqual(['admin', 'editor'])
    const status = await ask(app, '/auth/status', bearing(authToken))
    expect(status.body.data).toMatchObject({ email, email_verified: true })
    const refreshed = { refresh_token: answer.body.refresh_token }
    expect((await post(app, '/auth/refresh', refreshed)).status).toBe(200)
    const device = { email, password, device_token: answer.body.device_token }
    expect((await post(app, '/auth/login', device)).status).toBe(200)
    await service.settle()
    expect(mailbox.to(email)).toHaveLength(1)
  })

  it('sets the cookies where tokens travel in cookies', async () => {
    const cookies = await createMailingService({ ...pages, TOKEN_TRANSPORT: 'cookie' })
    const token = linkTokenIn(await inviteByMail(cookies))
    const { headers, body } = await post(cookies.app, '/auth/accept-invitation', {
      token,
      password,
    })
    expect(headers.get('Set-Cookie')).toContain('__Host-access_token=')
    expect(body.auth_token).toBeUndefined()
  })

  it('uses a link once, of 50 at once', async () => {
    const { email, token } = await invited()
    const all = Array.from({ length: 50 }, (_, at) => accept(token, `${password} ${at}`))
    const answers = await Promise.all(all)
    const at = answers.findIndex(({ status }) => status === 200)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await login(email, `${password} ${at}`)).status).toBe(200)
    const sql = `SELECT count(*) AS n FROM portcullis_sessions s
      JOIN portcullis_users u ON u.id = s.user_id WHERE u.email = ?`
    expect((await change(sql, email)).rows[0]?.n).toBe(2)
    expect(said(await accept(token))).toEqual(wrong)
  })

  it('leaves the link good when the password is refused', async () => {
    const { email, token } = await invited()
    for (let tries = 0; tries < 6; tries += 1) {
      const { status, body } = await accept(token, `${email.split('@')[0]}1`)
      const message = expect.stringContaining('made of your email')
      expect([status, body.errors]).toEqual([422, [{ field: 'password', message }]])
    }
    expect((await accept(token, 'short')).status).toBe(422)
    expect(said(await accept(token))).toEqual(accepted)
  })

  it.each([
    ['the account is disabled', 'disabled_at = 1'],
    ['the account has a password', 'password_version = password_version + 1'],
    ['the email has changed', "email_normalized = 'other-' || email_normalized"],
  ])('refuses the link when %s', async (_, changed) => {
    const { email, token } = await invited()
    await changeAccount(email, changed)
    expect(said(await accept(token))).toEqual(wrong)
  })

  it('refuses links of another purpose, and its link is refused elsewhere', async () => {
    const { email } = await registerAccount(app)
    await post(app, '/auth/forgot-password', { email })
    await service.settle()
    expect(said(await accept(linkTokenIn(mailbox.to(email).at(-1))))).toEqual(wrong)
    const { token } = await invited()
    const reset = await post(app, '/auth/reset-password', { token, new_password: password })
    expect(said(reset)).toEqual(wrong)
    expect(said(await post(app, '/auth/login-by-code', { token }))).toEqual(wrong)
    expect(said(await accept(token))).toEqual(accepted)
  })

  it('is two round trips, and none for a forged link', async () => {
    const counting = createCountingDatabase()
    const counted = await createMailingService(pages, { database: counting })
    const token = linkTokenIn(await inviteByMail(service))
    counting.roundTrips = 0
    const forged = `${token.slice(0, -9)}AAAAAAAAA`
    const post2 = (given: string) =>
      post(counted.app, '/auth/accept-invitation', { token: given, password })
    expect(said(await post2(forged))).toEqual(wrong)
    expect(counting.roundTrips).toBe(0)
    expect(said(await post2(token))).toEqual(accepted)
    expect(counting.roundTrips).toBe(2)
  })
})

describe('an invited person without a good link', () => {
  it('sets a password by POST /auth/forgot-password, which answers as for any email', async () => {
    const { email, token } = await invited({ roles: ['editor'] })
    await age(email, 3_601)
    const asked = await post(app, '/auth/forgot-password', { email })
    const unknown = await post(app, '/auth/forgot-password', { email: freshEmail() })
    expect(asked.body).toEqual({ ...unknown.body, handle: asked.body.handle })
    await service.settle()
    const code = { handle: asked.body.handle, code: codeIn(mailbox.to(email).at(-1)) }
    const reset = await post(app, '/auth/reset-password', { ...code, new_password: password })
    expect(reset.status).toBe(200)
    const { status, body } = await login(email)
    expect([status, claimsOf(String(body.auth_token)).roles]).toEqual([200, ['editor']])
    expect(said(await accept(token))).toEqual(wrong)
  })

  it('logs in by POST /auth/email-code, which loses nothing', async () => {
    const { email, token } = await invited({ roles: ['editor'] })
    const asked = await post(app, '/auth/email-code', { email })
    await service.settle()
    const code = { handle: asked.body.handle, code: codeIn(mailbox.to(email).at(-1)) }
    const { status, body } = await post(app, '/auth/login-by-code', code)
    expect([status, body.password_removed]).toEqual([200, false])
    expect(claimsOf(String(body.auth_token)).roles).toEqual(['editor'])
    expect(said(await accept(token))).toEqual(wrong)
  })
})
