// A new password for who has forgotten it: who gets a mail, what its code is good for, and what ends.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createMailingService } from '../../support/mail.ts'
import { codeIn, linkTokenIn } from '../../support/mailed-code.ts'
import {
  type Answer,
  ask,
  bearing,
  changeAccount,
  createCountingDatabase,
  createTestService,
  freshEmail,
  post,
  refreshWith,
  registerAccount,
} from '../../support/service.ts'

const newPassword = 'another good password'
const pages = 'https://app.example.com/account'
const database = createCountingDatabase()
const service = await createMailingService({ ACCOUNT_PAGES_URL: pages }, { database })
const { app, mailbox } = service
const client = createClient({ url: inject('databaseUrl') })
const said = ({ status, body }: Answer) => [status, body.code ?? body.message]
const login = (email: string, password: string) => post(app, '/auth/login', { email, password })
const statusOf = async (token: string) => (await ask(app, '/auth/status', bearing(token))).status
const reset = (body: object) =>
  post(app, '/auth/reset-password', { new_password: newPassword, ...body })

/** Asks for a code. Gives the handle, and the newest mail to the email. */
async function forget(email: string, language?: string) {
  const headers = {
    'Content-Type': 'application/json',
    ...(language && { 'Accept-Language': language }),
  }
  const init = { method: 'POST', headers, body: JSON.stringify({ email }) }
  const { status, body } = await ask(app, '/auth/forgot-password', init)
  await service.settle()
  const mail = mailbox.to(email).at(-1)
  return { status, body, mail, handle: String(body.handle), code: codeIn(mail) }
}

const change = (sql: string, ...args: string[]) => client.execute({ sql, args })
const age = (email: string, seconds: number) =>
  change(
    `UPDATE portcullis_codes SET created_at = created_at - ${seconds},
      code_expires_at = code_expires_at - ${seconds}, link_expires_at = link_expires_at - ${seconds}
      WHERE address = ?`,
    email,
  )

describe('POST /auth/forgot-password', () => {
  it('mails a code and a link to the account', async () => {
    const { email } = await registerAccount(app)
    const { status, body, mail, code } = await forget(email)
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(['handle', 'message', 'status'])
    expect(mail?.from).toEqual({ name: 'Example', address: 'auth@example.com' })
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(mail?.text).toContain(`${pages}/reset?token=`)
    expect(mailbox.to(email)).toHaveLength(1)
  })

  it('answers the same where there is no account, and mails nothing', async () => {
    const email = freshEmail()
    database.roundTrips = 0
    const unknown = await post(app, '/auth/forgot-password', { email })
    const trips = database.roundTrips
    await service.settle()
    const { email: known } = await registerAccount(app)
    database.roundTrips = 0
    const found = await post(app, '/auth/forgot-password', { email: known })
    expect(trips).toBe(database.roundTrips)
    expect(unknown.body).toEqual({ ...found.body, handle: unknown.body.handle })
    expect(unknown.body.handle).toMatch(/^[\w-]{16}$/)
    expect(mailbox.to(email)).toEqual([])
  })

  it('mails nothing to a disabled account', async () => {
    const { email } = await registerAccount(app)
    await changeAccount(email, 'disabled_at = 1')
    expect((await forget(email)).status).toBe(200)
    expect(mailbox.to(email)).toEqual([])
  })

  it('mails the same code again within the first half of its life', async () => {
    const { email } = await registerAccount(app)
    const first = await forget(email)
    const second = await forget(email)
    expect(second.code).toBe(first.code)
    expect(second.handle).not.toBe(first.handle)
    await age(email, 301)
    const third = await forget(email)
    expect(third.code).not.toBe(first.code)
    expect(said(await reset(first))).toEqual([200, 'Password changed. Please log in.'])
  })

  it('mails five codes an hour to one address, whatever they are for', async () => {
    const { email } = await registerAccount(app)
    for (let asked = 0; asked < 3; asked += 1) await forget(email)
    for (let asked = 0; asked < 3; asked += 1) await post(app, '/auth/email-code', { email })
    await service.settle()
    expect(mailbox.to(email)).toHaveLength(5)
    await change(
      'UPDATE portcullis_outgoing_mail SET created_at = created_at - 3600 WHERE recipient = ?',
      email,
    )
    await forget(email)
    expect(mailbox.to(email)).toHaveLength(6)
  })

  it('mails in the language of the account, or of the request', async () => {
    const { email } = await registerAccount(app)
    expect((await forget(email, 'de-AT,en;q=0.5')).mail?.html).toContain('lang="de"')
    await changeAccount(email, "language = 'en'")
    expect((await forget(email, 'de')).mail?.html).toContain('lang="en"')
  })

  it('refuses where the service sends no mail', async () => {
    const { app } = await createTestService()
    expect(said(await post(app, '/auth/forgot-password', { email: freshEmail() }))).toEqual([
      404,
      'mail_off',
    ])
  })

  it('is one round trip', async () => {
    const { email } = await registerAccount(app)
    await service.settle()
    const counting = createCountingDatabase()
    const quiet = await createMailingService({}, { database: counting })
    await post(quiet.app, '/auth/forgot-password', { email })
    // One more claims the mail, after the answer.
    expect(counting.roundTrips).toBeLessThanOrEqual(2)
    await quiet.settle()
    expect(counting.roundTrips).toBe(3)
  })
})

describe('POST /auth/reset-password', () => {
  it('changes the password, and ends every session and token', async () => {
    const { email, password, token, refreshToken } = await registerAccount(app)
    const { handle, code } = await forget(email)
    const answer = await reset({ handle, code })
    expect(said(answer)).toEqual([200, 'Password changed. Please log in.'])
    expect(Object.keys(answer.body).sort()).toEqual(['device_token', 'message', 'status'])
    expect(await statusOf(token)).toBe(401)
    expect((await refreshWith(app, refreshToken)).body.code).toBe('session_revoked')
    expect((await login(email, password)).status).toBe(404)
    expect((await login(email, newPassword)).status).toBe(200)
  })

  it('takes the token of the link, without a handle', async () => {
    const { email } = await registerAccount(app)
    const { mail } = await forget(email)
    expect(said(await reset({ token: linkTokenIn(mail) }))[0]).toBe(200)
    expect((await login(email, newPassword)).status).toBe(200)
  })

  it('takes the code in any case, with other separators, and with O, I and L', async () => {
    const { email } = await registerAccount(app)
    const { handle, code } = await forget(email)
    const typed = code.toLowerCase().replace('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')
    expect(said(await reset({ handle, code: ` ${typed} ` }))[0]).toBe(200)
  })

  it('proves the email, and tells the owner', async () => {
    const { email, token } = await registerAccount(app)
    expect((await ask(app, '/auth/status', bearing(token))).body.data).toMatchObject({
      email_verified: false,
    })
    const { handle, code } = await forget(email)
    await reset({ handle, code })
    await service.settle()
    const { body } = await login(email, newPassword)
    const status = await ask(app, '/auth/status', bearing(String(body.auth_token)))
    expect(status.body.data).toMatchObject({ email_verified: true })
    expect(mailbox.to(email).at(-1)?.subject).toMatch(/password/i)
    expect(codeIn(mailbox.to(email).at(-1))).toBe('no code')
  })

  it('uses a code once, of 50 at once', async () => {
    const { email } = await registerAccount(app)
    const { mail, handle, code } = await forget(email)
    const token = linkTokenIn(mail)
    const all = Array.from({ length: 50 }, (_, at) => reset(at % 2 ? { token } : { handle, code }))
    const statuses = (await Promise.all(all)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(said(await reset({ token }))).toEqual([403, 'code_wrong'])
    expect(said(await reset({ handle, code }))).toEqual([403, 'code_wrong'])
  })

  it('lets five tries of a handle through, also at once, and leaves other handles alone', async () => {
    const { email } = await registerAccount(app)
    const stranger = await forget(email)
    const owner = await forget(email)
    const wrong = { handle: stranger.handle, code: 'AAAA-AAAA' }
    await Promise.all(Array.from({ length: 10 }, () => reset(wrong)))
    const { rows } = await change(
      'SELECT tries FROM portcullis_code_handles WHERE id = ?',
      stranger.handle,
    )
    expect(rows[0]?.tries).toBe(5)
    expect(said(await reset({ ...wrong, code: owner.code }))).toEqual([403, 'code_wrong'])
    expect(said(await reset(owner))[0]).toBe(200)
  })

  it('does not count a right code whose password is refused', async () => {
    const { email } = await registerAccount(app)
    const { handle, code } = await forget(email)
    for (let tries = 0; tries < 6; tries += 1) {
      const refused = await reset({ handle, code, new_password: `${email.split('@')[0]}1` })
      expect(refused.body.code).toBe('invalid_input')
    }
    expect(said(await reset({ handle, code }))[0]).toBe(200)
  })

  it('refuses an expired code, while the link is good for an hour', async () => {
    const { email } = await registerAccount(app)
    const { handle, code, mail } = await forget(email)
    await age(email, 601)
    expect(said(await reset({ handle, code }))).toEqual([403, 'code_wrong'])
    expect(said(await reset({ token: linkTokenIn(mail) }))[0]).toBe(200)
    const later = await forget(email)
    await age(email, 3_601)
    expect(said(await reset({ token: linkTokenIn(later.mail) }))).toEqual([403, 'code_wrong'])
  })

  it.each([
    ['the email has changed', "email_normalized = 'other-' || email_normalized"],
    ['the password has changed', 'password_version = password_version + 1'],
    ['the account is disabled', 'disabled_at = 1'],
  ])('refuses a code when %s', async (_, changed) => {
    const { email } = await registerAccount(app)
    const { handle, code, mail } = await forget(email)
    await changeAccount(email, changed)
    expect(said(await reset({ handle, code }))).toEqual([403, 'code_wrong'])
    expect(said(await reset({ token: linkTokenIn(mail) }))).toEqual([403, 'code_wrong'])
  })

  it('refuses codes and links of another purpose', async () => {
    const { email } = await registerAccount(app)
    const answer = await post(app, '/auth/email-code', { email })
    await service.settle()
    const mail = mailbox.to(email).at(-1)
    const handle = String(answer.body.handle)
    expect(said(await reset({ handle, code: codeIn(mail) }))).toEqual([403, 'code_wrong'])
    expect(said(await reset({ token: linkTokenIn(mail) }))).toEqual([403, 'code_wrong'])
  })

  it.each([
    ['nothing', {}],
    ['a code without its handle', { code: 'AAAA-AAAA' }],
    ['a handle without a code', { handle: 'h'.repeat(16) }],
    ['both a token and a code', { token: 'x', handle: 'h'.repeat(16), code: 'AAAA-AAAA' }],
  ])('asks for one code, given %s', async (_, sent) => {
    const { status, body } = await reset(sent)
    const message = 'Give the token of the link, or the handle and the code.'
    expect([status, body.errors]).toEqual([422, [{ field: 'code', message }]])
  })

  it('costs no round trip for a forged link', async () => {
    const counting = createCountingDatabase()
    const quiet = await createMailingService({}, { database: counting })
    const token = `${'c'.repeat(16)}.${'A'.repeat(43)}`
    const body = { new_password: newPassword, token }
    expect(said(await post(quiet.app, '/auth/reset-password', body))).toEqual([403, 'code_wrong'])
    expect(counting.roundTrips).toBe(0)
  })

  it('records the request, the attempt and the success', async () => {
    const { email } = await registerAccount(app)
    await reset({ handle: (await forget(email)).handle, code: 'AAAA-AAAA' })
    await reset(await forget(email))
    const { rows } = await change(
      `SELECT e.event, e.outcome, e.attempt_seq IS NOT NULL AS named FROM portcullis_audit_events e
        JOIN portcullis_users u ON u.id = e.user_id WHERE u.email = ? ORDER BY e.seq`,
      email,
    )
    expect(rows.map((row) => [row.event, row.outcome, row.named])).toEqual([
      ['register', 'success', 0],
      ['forgotPassword', 'success', 0],
      ['resetPassword', 'attempted', 0],
      ['forgotPassword', 'success', 0],
      ['resetPassword', 'attempted', 0],
      ['resetPassword', 'success', 1],
    ])
  })
})
