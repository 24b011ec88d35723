// The proof of an email: who may ask for it, and whose password stays.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createMailingService } from '../../support/mail.ts'
import { codeIn, linkTokenIn } from '../../support/mailed-code.ts'
import {
  type Answer,
  ask,
  bearing,
  changeAccount,
  claimsOf,
  createCountingDatabase,
  logout,
  post,
  postWith,
  refreshWith,
  registerAccount,
} from '../../support/service.ts'

const database = createCountingDatabase()
const service = await createMailingService(
  { ACCOUNT_PAGES_URL: 'https://app.example.com' },
  { database },
)
const { app, mailbox } = service
const client = createClient({ url: inject('databaseUrl') })
const said = ({ status, body }: Answer) => [status, body.code ?? body.message]
const prove = (body: object) => post(app, '/auth/verify-email', body)
const login = (email: string, password: string) => post(app, '/auth/login', { email, password })
const isLoggedIn = async (token: string) =>
  (await ask(app, '/auth/status', bearing(token))).status === 200

async function isProved(email: string): Promise<boolean> {
  const sql = 'SELECT email_verified_at FROM portcullis_users WHERE email = ?'
  return (await client.execute({ sql, args: [email] })).rows[0]?.email_verified_at !== null
}

/** A new account whose session has asked for a code. */
async function askingAccount() {
  const account = await registerAccount(app)
  const { body } = await postWith(app, '/auth/email-verification', account.token, {})
  await service.settle()
  const mail = mailbox.to(account.email).at(-1)
  return { ...account, handle: String(body.handle), code: codeIn(mail), link: linkTokenIn(mail) }
}

describe('POST /auth/email-verification', () => {
  it('mails a code and a link, in one round trip', async () => {
    const { token, email } = await registerAccount(app)
    database.roundTrips = 0
    const answer = await postWith(app, '/auth/email-verification', token, {})
    await service.settle()
    expect(said(answer)).toEqual([200, 'Check your email.'])
    // Two more send the mail.
    expect(database.roundTrips).toBe(3)
    expect(mailbox.to(email)).toHaveLength(1)
    expect(mailbox.to(email)[0]?.text).toContain('https://app.example.com/verify?token=')
  })

  it('mails nothing where the email is proved', async () => {
    const { token, email } = await registerAccount(app)
    await changeAccount(email, 'email_verified_at = 1')
    const answer = await postWith(app, '/auth/email-verification', token, {})
    await service.settle()
    expect(said(answer)).toEqual([200, 'Email is verified.'])
    expect(answer.body).not.toHaveProperty('handle')
    expect(mailbox.to(email)).toEqual([])
  })

  it('refuses a token that was revoked, and mails nothing', async () => {
    const { token, email } = await registerAccount(app)
    await logout(app, token)
    const answer = await postWith(app, '/auth/email-verification', token, {})
    await service.settle()
    expect(said(answer)).toEqual([401, 'token_revoked'])
    expect(mailbox.to(email)).toEqual([])
  })
})

describe('POST /auth/verify-email', () => {
  it('keeps everything for the client that has asked in a session', async () => {
    const { handle, code, email, password, token, refreshToken } = await askingAccount()
    const answer = await prove({ handle, code })
    expect(said(answer)).toEqual([200, 'Email is verified.'])
    expect(answer.body.password_removed).toBe(false)
    expect(await isProved(email)).toBe(true)
    expect(await isLoggedIn(token)).toBe(true)
    expect((await refreshWith(app, refreshToken)).status).toBe(200)
    expect((await login(email, password)).status).toBe(200)
  })

  it('asks who has only the link for a sign of the same person, and uses nothing up', async () => {
    const { link, email, password } = await askingAccount()
    expect(said(await prove({ token: link }))).toEqual([403, 'password_needed'])
    expect(said(await prove({ token: link, password: 'another password' }))).toEqual([
      403,
      'password_wrong',
    ])
    expect(await isProved(email)).toBe(false)
    const answer = await prove({ token: link, password })
    expect([answer.status, answer.body.password_removed]).toEqual([200, false])
    expect(await isProved(email)).toBe(true)
  })

  it('lets five passwords be tried with a link', async () => {
    const { link, email, password } = await askingAccount()
    for (let tries = 0; tries < 5; tries += 1) {
      const wrong = await prove({ token: link, password: `wrong password ${tries}` })
      expect(said(wrong)).toEqual([403, 'password_wrong'])
    }
    expect(said(await prove({ token: link, password }))).toEqual([403, 'code_wrong'])
    expect(await isProved(email)).toBe(false)
  })

  it('keeps everything for a device that has known the password', async () => {
    const { link, email, password } = await askingAccount()
    const { device_token } = (await login(email, password)).body
    const answer = await prove({ token: link, device_token })
    expect([answer.status, answer.body.password_removed]).toEqual([200, false])
  })

  it('ends what a stranger has set, if the owner of the email agrees', async () => {
    const { link, email, password, token, refreshToken } = await askingAccount()
    const answer = await prove({ token: link, remove_password: true })
    expect([answer.status, answer.body.password_removed]).toEqual([200, true])
    expect(await isProved(email)).toBe(true)
    expect(await isLoggedIn(token)).toBe(false)
    expect((await refreshWith(app, refreshToken)).body.code).toBe('session_revoked')
    expect((await login(email, password)).status).toBe(404)
  })

  it('does not take the handle of a stranger for the one of a session', async () => {
    const { email, token } = await registerAccount(app)
    const stranger = await post(app, '/auth/forgot-password', { email })
    await postWith(app, '/auth/email-verification', token, {})
    await service.settle()
    const code = codeIn(mailbox.to(email).at(-1))
    const answer = await prove({ handle: stranger.body.handle, code })
    expect(said(answer)).toEqual([403, 'code_wrong'])
  })

  it('uses a code once, of 20 at once', async () => {
    const { handle, code, link } = await askingAccount()
    const all = Array.from({ length: 20 }, (_, at) =>
      prove(at % 2 ? { token: link, remove_password: true } : { handle, code }),
    )
    const statuses = (await Promise.all(all)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  })

  it('is in the claims of the tokens that follow, where that is required', async () => {
    const claiming = await createMailingService({ REQUIRE_VERIFIED_EMAIL: 'claims' })
    const { handle, code, email, password, token } = await askingAccount()
    expect(claimsOf(token)).not.toHaveProperty('email_verified')
    const verified = async () => {
      const { body } = await post(claiming.app, '/auth/login', { email, password })
      return claimsOf(String(body.auth_token)).email_verified
    }
    expect(await verified()).toBe(false)
    await prove({ handle, code })
    expect(await verified()).toBe(true)
  })

  it('is known to the claims hook', async () => {
    const seen: unknown[] = []
    const hooked = await createMailingService(
      {},
      { claims: ({ emailVerified }) => ({ seen: seen.push(emailVerified) }) },
    )
    const { email, password } = await registerAccount(hooked.app)
    await changeAccount(email, 'email_verified_at = 1')
    await post(hooked.app, '/auth/login', { email, password })
    expect(seen).toEqual([false, true])
  })
})
