// A login from a device that the account does not know: a mail tells the owner.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createMailbox, createMailingService } from '../../support/mail.ts'
import { codeIn } from '../../support/mailed-code.ts'
import {
  changeAccount,
  createCountingDatabase,
  postWith,
  registerAccount,
} from '../../support/service.ts'

const database = createCountingDatabase()
const service = await createMailingService({}, { database })
const { app, mailbox } = service
const client = createClient({ url: inject('databaseUrl') })
const subject = 'A new device logged in to Example'
const userAgent = 'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0'

interface Sent {
  readonly app?: typeof app
  readonly language?: string
}

async function send(path: string, body: object, { app: to = app, language = 'en' }: Sent = {}) {
  const headers = {
    ...{ 'Content-Type': 'application/json', 'User-Agent': userAgent },
    'Accept-Language': language,
  }
  const answer = await to.request(path, { method: 'POST', headers, body: JSON.stringify(body) })
  await service.settle()
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

const login = (body: object, sent?: Sent) => send('/auth/login', body, sent)
const noticesTo = (email: string) =>
  mailbox.to(email).filter((mail) => mail.subject.includes('new device'))

/** An account that was registered an hour ago, and the device token of its registration. */
async function oldAccount(to = app) {
  const { email, password, body } = await registerWithDevice(to)
  await changeAccount(email, 'registered_at = registered_at - 3600')
  return { email, password, device_token: String(body.device_token) }
}

async function registerWithDevice(to: typeof app) {
  const { email, password } = await registerAccount(to)
  const { body } = await login({ email, password }, { app: to })
  return { email, password, body }
}

async function loginByCode(email: string, more: object = {}) {
  const { body } = await send('/auth/email-code', { email })
  const code = codeIn(mailbox.to(email).at(-1))
  return send('/auth/login-by-code', { handle: body.handle, code, ...more })
}

/** Lets the mails to an address be older. */
async function age(email: string, seconds: number) {
  const sql = 'UPDATE portcullis_outgoing_mail SET created_at = created_at - ? WHERE address = ?'
  await client.execute({ sql, args: [seconds, email] })
}

describe('a login from a new device', () => {
  it('is told to the owner, with the time and the device, in the round trips of a login', async () => {
    const { email, password } = await oldAccount()
    database.roundTrips = 0
    const answer = app.request('/auth/login', {
      ...{ method: 'POST', body: JSON.stringify({ email, password }) },
      headers: { 'Content-Type': 'application/json', 'User-Agent': userAgent },
    })
    expect((await answer).status).toBe(200)
    await service.settle()
    // Two of the login. After the answer two of the sending.
    expect(database.roundTrips).toBe(4)
    const [mail, ...others] = noticesTo(email)
    expect(others).toEqual([])
    expect(mail?.subject).toBe(subject)
    expect(mail?.text).toContain('Somebody logged in to your account at Example from a new device.')
    expect(mail?.text).toMatch(/^When: \d+ \w+ \d{4}, \d\d:\d\d UTC$/m)
    expect(mail?.text).toMatch(/^Device: Firefox on Windows$/m)
    expect(mail?.text).toContain('Ask for a new password at once')
  })

  it('is told in the language of the account, or else of the request', async () => {
    const german = 'Anmeldung bei Example auf einem neuen Gerät'
    const [one, other] = [await oldAccount(), await oldAccount()]
    await login(one, { language: 'de' })
    expect(noticesTo(one.email)).toEqual([])
    const { device_token: _, ...credentials } = one
    await login(credentials, { language: 'de' })
    expect(mailbox.to(one.email).at(-1)?.subject).toBe(german)
    await changeAccount(other.email, "language = 'de'")
    await login({ email: other.email, password: other.password })
    expect(mailbox.to(other.email).at(-1)?.subject).toBe(german)
  })

  it('is not told if the client presents a device token of the account', async () => {
    const { email, password, device_token } = await oldAccount()
    database.roundTrips = 0
    expect((await login({ email, password, device_token })).status).toBe(200)
    expect(database.roundTrips).toBe(2)
    expect(noticesTo(email)).toEqual([])
  })

  it.each([
    ['of another account', async () => (await oldAccount()).device_token],
    ['of nobody', async () => 'A'.repeat(80)],
  ])('is told if the device token is %s', async (_whose, tokenOf) => {
    const { email, password } = await oldAccount()
    await login({ email, password, device_token: await tokenOf() })
    expect(noticesTo(email)).toHaveLength(1)
  })

  it('is told if the device token is from before the last new password', async () => {
    const { email, password, device_token } = await oldAccount()
    const { body } = await login({ email, password, device_token })
    const change = { password, new_password: 'another good password' }
    const changed = await postWith(app, '/auth/change-password', String(body.auth_token), change)
    expect(changed.status).toBe(200)
    await login({ email, password: change.new_password, device_token })
    expect(noticesTo(email)).toHaveLength(1)
  })

  it('is told once an hour', async () => {
    const { email, password } = await oldAccount()
    await Promise.all([login({ email, password }), login({ email, password })])
    await login({ email, password })
    await age(email, 3_590)
    await login({ email, password })
    expect(noticesTo(email)).toHaveLength(1)
    await age(email, 10)
    await login({ email, password })
    expect(noticesTo(email)).toHaveLength(2)
  })

  it('is not told in the first hour of an account', async () => {
    const { email, password } = await registerAccount(app)
    await changeAccount(email, 'registered_at = unixepoch() - 3580')
    await login({ email, password })
    expect(noticesTo(email)).toEqual([])
  })

  it('is not told to an address that the provider refuses', async () => {
    const { email, password } = await oldAccount()
    const sql = `INSERT INTO portcullis_suppressed_addresses (recipient, until)
      SELECT email_normalized, unixepoch() + 60 FROM portcullis_users WHERE email = ?`
    await client.execute({ sql, args: [email] })
    expect((await login({ email, password })).status).toBe(200)
    expect(noticesTo(email)).toEqual([])
  })

  it('is not told of a wrong password', async () => {
    const { email } = await oldAccount()
    expect((await login({ email, password: 'a wrong password' })).status).not.toBe(200)
    expect(noticesTo(email)).toEqual([])
  })

  it('succeeds if the mail cannot be sent, which is tried again', async () => {
    const { email, password } = await oldAccount()
    mailbox.failure = { kind: 'later', problem: 'test' }
    expect((await login({ email, password })).status).toBe(200)
    mailbox.failure = undefined
    const sql = `UPDATE portcullis_outgoing_mail SET next_try_at = 1 WHERE address = ?`
    expect((await client.execute({ sql, args: [email] })).rowsAffected).toBe(1)
    await service.sendMail({})
    expect(noticesTo(email)).toHaveLength(1)
  })

  it('is not told with NEW_DEVICE_MAILS=off', async () => {
    const off = await createMailingService({ NEW_DEVICE_MAILS: 'off' }, {}, createMailbox())
    const { email, password } = await oldAccount(off.app)
    expect((await login({ email, password }, { app: off.app })).status).toBe(200)
    const sql = 'SELECT 1 FROM portcullis_outgoing_mail WHERE address = ?'
    expect((await client.execute({ sql, args: [email] })).rows).toEqual([])
  })
})

describe('a login with a code from a new device', () => {
  it('is told to an owner who has proved the email before', async () => {
    const { email } = await oldAccount()
    await changeAccount(email, 'email_verified_at = 1')
    expect((await loginByCode(email)).status).toBe(200)
    expect(noticesTo(email)).toHaveLength(1)
  })

  it('is not told if the code proves the email for the first time', async () => {
    const { email } = await oldAccount()
    expect((await loginByCode(email)).body.password_removed).toBe(true)
    expect(noticesTo(email)).toEqual([])
  })

  it('is not told if the client presents a device token of the account', async () => {
    const { email, device_token } = await oldAccount()
    await changeAccount(email, 'email_verified_at = 1')
    expect((await loginByCode(email, { device_token })).status).toBe(200)
    expect(noticesTo(email)).toEqual([])
  })
})
