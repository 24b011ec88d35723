// REQUIRE_VERIFIED_EMAIL=login: nobody gets a session before somebody has proved the email.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createMailingService } from '../../support/mail.ts'
import { codeIn } from '../../support/mailed-code.ts'
import {
  type Answer,
  changeAccount,
  claimsOf,
  createCountingDatabase,
  createTestService,
  freshEmail,
  post,
  refreshWith,
  registerAccount,
  tokensOf,
} from '../../support/service.ts'

const password = 'correct horse battery'
const required = { REQUIRE_VERIFIED_EMAIL: 'login' }
const client = createClient({ url: inject('databaseUrl') })
const open = (await createTestService()).app
const database = createCountingDatabase()
const service = await createMailingService(required, { database })
const { app, mailbox } = service

const login = (email: string, given = password, to = app) =>
  post(to, '/auth/login', { email, password: given })
const register = (email: string, to = app) => post(to, '/auth/register', { email, password })
const said = ({ status, body }: Answer) => [status, body.code ?? body.message]
const refused = [403, 'email_unverified']

/** The code of the newest mail. */
async function newestCode(email: string): Promise<string> {
  await service.settle()
  return codeIn(mailbox.to(email).at(-1))
}

async function prove(email: string, { body }: Answer): Promise<Answer> {
  const code = await newestCode(email)
  return post(app, '/auth/verify-email', { handle: body.handle, code })
}

async function rowsOf(sql: string, email: string) {
  return (await client.execute({ sql, args: [email] })).rows
}

const eventsOf = (email: string) =>
  rowsOf(
    `SELECT event, outcome, session_id, attempt_seq IS NOT NULL AS names_attempt
      FROM portcullis_audit_events WHERE event = 'login'
      AND user_id = (SELECT id FROM portcullis_users WHERE email = ?) ORDER BY seq`,
    email,
  )

describe('a registration', () => {
  it('gives a handle and no session, and its code and handle open the account', async () => {
    const email = freshEmail()
    const answer = await register(email)
    expect(said(answer)).toEqual([202, 'Check your email.'])
    expect(Object.keys(answer.body).sort()).toEqual(['handle', 'message', 'status'])
    const proved = await prove(email, answer)
    expect([proved.status, proved.body.password_removed]).toEqual([200, false])
    const { token } = tokensOf(await login(email))
    expect(claimsOf(token)).toMatchObject({ email_verified: true })
    const sql = `SELECT s.id FROM portcullis_sessions s JOIN portcullis_users u ON u.id = s.user_id
      WHERE u.email = ?`
    expect(await rowsOf(sql, email)).toHaveLength(1)
  })

  it('says that an email is taken, and mails nothing', async () => {
    const { email } = await registerAccount(open)
    expect((await register(email)).body.code).toBe('email_taken')
    await service.settle()
    expect(mailbox.to(email)).toEqual([])
  })

  it('says nothing of an email that is taken where it is neutral', async () => {
    const neutral = await createMailingService({ ...required, REGISTRATION: 'neutral' })
    const { email } = await registerAccount(open)
    expect(said(await register(email, neutral.app))).toEqual([202, 'Check your email.'])
  })

  it('is refused where it is closed', async () => {
    const closed = await createMailingService({ ...required, REGISTRATION: 'closed' })
    expect(said(await register(freshEmail(), closed.app))).toEqual([403, 'registration_closed'])
  })
})

describe('a login with an email that nobody has proved', () => {
  it('is refused in two round trips, and opens after the code of its mail', async () => {
    const account = await registerAccount(open)
    database.roundTrips = 0
    const answer = await login(account.email, account.password)
    await service.settle()
    expect(said(answer)).toEqual(refused)
    // Two more send the mail.
    expect(database.roundTrips).toBe(4)
    expect(Object.keys(answer.body).sort()).toEqual(['code', 'handle', 'message', 'status'])
    expect((await prove(account.email, answer)).status).toBe(200)
    expect((await login(account.email, account.password)).status).toBe(200)
  })

  it.each([
    ['keeps', 'the right password', true],
    ['does not keep', 'another password', false],
  ])('%s an account whose deletion is planned: %s', async (_, given, isKept) => {
    const account = await registerAccount(open)
    await changeAccount(account.email, 'deletion_due_at = 4000000000')
    await login(account.email, isKept ? account.password : given)
    await service.settle()
    const due = 'SELECT 1 FROM portcullis_users WHERE email = ? AND deletion_due_at IS NOT NULL'
    expect(await rowsOf(due, account.email)).toHaveLength(isKept ? 0 : 1)
    const subjects = mailbox.to(account.email).map(({ subject }) => subject)
    expect(subjects.includes('Your account at Example is kept')).toBe(isKept)
    const outcomes = (await eventsOf(account.email)).map(({ outcome }) => outcome)
    expect(outcomes.includes('deletion_cancelled')).toBe(isKept)
  })

  it('is a wrong password as ever where the password is wrong, and mails nothing', async () => {
    const { email } = await registerAccount(open)
    const answer = await login(email, 'another password')
    await service.settle()
    expect(said(answer)).toEqual([404, 'invalid_credentials'])
    expect(answer.body).not.toHaveProperty('handle')
    expect(mailbox.to(email)).toEqual([])
  })

  it('has no handle after five mails, and goes on refusing', async () => {
    const account = await registerAccount(open)
    for (let asked = 0; asked < 5; asked += 1) {
      expect((await login(account.email, account.password)).body).toHaveProperty('handle')
    }
    const answer = await login(account.email, account.password)
    expect(said(answer)).toEqual(refused)
    expect(answer.body).not.toHaveProperty('handle')
    await service.settle()
    await service.sendMail({})
    expect(mailbox.to(account.email)).toHaveLength(5)
  })

  it('counts as right, however often', async () => {
    const strict = await createMailingService({ ...required, FREE_ATTEMPTS: '2' })
    const account = await registerAccount(open)
    await login(account.email, 'another password', strict.app)
    for (let asked = 0; asked < 8; asked += 1) {
      expect(said(await login(account.email, account.password, strict.app))).toEqual(refused)
    }
  })

  it('is recorded as an attempt whose password was right', async () => {
    const account = await registerAccount(open)
    await login(account.email, account.password)
    expect(await eventsOf(account.email)).toMatchObject([
      { outcome: 'attempted' },
      { outcome: 'email_unverified', session_id: null, names_attempt: 1 },
    ])
  })

  it.each([
    ['disabled', 'disabled_at = 1'],
    ['without a password', "password_hash = '!'"],
  ])('is a wrong password where the account is %s', async (_, change) => {
    const account = await registerAccount(open)
    await changeAccount(account.email, change)
    expect(said(await login(account.email, account.password))).toEqual([404, 'invalid_credentials'])
  })

  it('is a wrong password if the password changes between the round trips', async () => {
    const account = await registerAccount(open)
    const changing = {
      ...database,
      trips: 0,
      async withClient<T>(use: Parameters<typeof database.withClient<T>>[0]) {
        this.trips += 1
        if (this.trips === 2) await changeAccount(account.email, 'password_version = 2')
        return database.withClient(use)
      },
    }
    const raced = await createMailingService(required, { database: changing })
    const answer = await login(account.email, account.password, raced.app)
    expect(said(answer)).toEqual([404, 'invalid_credentials'])
    expect((await eventsOf(account.email)).map(({ outcome }) => outcome)).toEqual(['attempted'])
  })
})

it('lets the sessions of before go on, and the login by code prove the email', async () => {
  const email = freshEmail()
  const before = await register(email, open)
  const refreshed = await refreshWith(app, tokensOf(before).refreshToken)
  expect(claimsOf(tokensOf(refreshed).token)).toMatchObject({ email_verified: false })
  const asked = await post(app, '/auth/email-code', { email })
  const code = await newestCode(email)
  const body = { handle: asked.body.handle, code, device_token: before.body.device_token }
  expect((await post(app, '/auth/login-by-code', body)).status).toBe(200)
  expect((await login(email)).status).toBe(200)
})

it('asks nobody for a proof where it is not required', async () => {
  const claiming = await createMailingService({ REQUIRE_VERIFIED_EMAIL: 'claims' })
  const account = await registerAccount(claiming.app)
  expect((await login(account.email, account.password, claiming.app)).status).toBe(200)
})
