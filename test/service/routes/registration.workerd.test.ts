// REGISTRATION=neutral: nobody learns from the answer whether an email has an account. The mail
// says it to the owner.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createApp } from '../../../src/service/app.ts'
import type { PasswordHasher } from '../../../src/service/domain/identity/password-hasher.ts'
import { createDeps } from '../../../src/service/service.ts'
import { createMailingService } from '../../support/mail.ts'
import { codeIn } from '../../support/mailed-code.ts'
import {
  type Answer,
  ask,
  changeAccount,
  createCountingDatabase,
  createTestService,
  freshEmail,
  post,
  registerAccount,
} from '../../support/service.ts'

const password = 'correct horse battery'
const client = createClient({ url: inject('databaseUrl') })
const open = (await createTestService()).app
const database = createCountingDatabase()
let claimsAsked = 0
const service = await createMailingService(
  { REGISTRATION: 'neutral', LIMITS: 'raised' },
  {
    database,
    claims: () => {
      claimsAsked += 1
      return {}
    },
  },
)
const { app, mailbox } = service
const register = (email: string) => post(app, '/auth/register', { email, password })
const login = (email: string, given = password) =>
  post(app, '/auth/login', { email, password: given })
const prove = (body: object) => post(app, '/auth/verify-email', body)
const subjectsTo = (email: string) => mailbox.to(email).map(({ subject }) => subject)
const existsSubject = 'You already have an account at Example'
const codeSubject = 'Confirm your email address for Example'

async function rowsOf(sql: string, email: string) {
  return (await client.execute({ sql, args: [email] })).rows
}
const accountsOf = (email: string) =>
  rowsOf('SELECT email_verified_at FROM portcullis_users WHERE email = ?', email)

/** The account of somebody, in a state. */
const states: Readonly<Record<string, () => Promise<string>>> = {
  new: async () => freshEmail(),
  proved: async () => {
    const { email } = await registerAccount(open)
    await changeAccount(email, 'email_verified_at = 1')
    return email
  },
  unverified: async () => (await registerAccount(open)).email,
  disabled: async () => {
    const { email } = await registerAccount(open)
    await changeAccount(email, 'disabled_at = 1')
    return email
  },
  suppressed: async () => suppress((await registerAccount(open)).email),
  'suppressed without an account': async () => suppress(freshEmail()),
  'without a password': async () => {
    const { email } = await registerAccount(open)
    await changeAccount(email, "password_hash = '!'")
    return email
  },
}

async function suppress(email: string): Promise<string> {
  const sql = 'INSERT INTO portcullis_suppressed_addresses VALUES (?, unixepoch() + 3600)'
  await client.execute({ sql, args: [email] })
  return email
}

/** What a stranger can compare. */
function visible({ status, body, headers }: Answer) {
  const { handle, ...others } = body
  const names = [...headers].map(([name, value]) =>
    name === 'x-request-id' ? [name, value.length] : [name, value],
  )
  return { status, others, handle: String(handle).length, names }
}

describe('a neutral registration', () => {
  it.each(Object.keys(states))('looks the same for an email that is %s', async (state) => {
    const email = await states[state]?.()
    const answer = await register(String(email))
    expect(visible(answer)).toEqual(visible(await register(freshEmail())))
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({ status: 'success', message: 'Check your email.' })
    expect(answer.body).not.toHaveProperty('auth_token')
    await service.settle()
  })

  it('takes one round trip and a span, whether the email is taken or not', async () => {
    const { email } = await registerAccount(open)
    for (const one of [email, freshEmail()]) {
      const before = service.clock.elapsedMs()
      database.roundTrips = 0
      await register(one)
      await service.settle()
      // Two more send the mail.
      expect(database.roundTrips).toBe(3)
      expect(service.clock.elapsedMs() - before).toBeGreaterThanOrEqual(200)
    }
  })

  it('hashes one password, whether the email is taken or not', async () => {
    const { config } = service
    const parts = { runtime: service.clock, database, log: () => {}, mailer: mailbox }
    const deps = createDeps(config, parts)
    let hashes = 0
    const hash: PasswordHasher['hash'] = (text) => {
      hashes += 1
      return deps.passwords.hash(text)
    }
    const counting = createApp({ ...deps, passwords: { ...deps.passwords, hash } })
    for (const state of Object.values(states)) {
      hashes = 0
      await post(counting, '/auth/register', { email: await state(), password })
      expect(hashes).toBe(1)
    }
  })

  it('makes an account that its handle and code prove, and keeps the password', async () => {
    const email = freshEmail()
    const { body } = await register(email)
    await service.settle()
    expect(subjectsTo(email)).toEqual([codeSubject])
    const code = codeIn(mailbox.to(email)[0])
    const answer = await prove({ handle: body.handle, code })
    expect([answer.status, answer.body.password_removed]).toEqual([200, false])
    expect((await accountsOf(email))[0]?.email_verified_at).not.toBeNull()
    expect((await login(email)).status).toBe(200)
  })

  it('does not call the claims hook', async () => {
    claimsAsked = 0
    await register(freshEmail())
    expect(claimsAsked).toBe(0)
  })

  it('tells the owner, and changes nothing of the account', async () => {
    const account = await registerAccount(open)
    const { body } = await register(account.email.toUpperCase())
    await service.settle()
    expect(subjectsTo(account.email)).toEqual([existsSubject])
    expect((await login(account.email, account.password)).status).toBe(200)
    expect(await accountsOf(account.email)).toHaveLength(1)
    const wrong = await prove({ handle: body.handle, code: 'AAAA-AAAA' })
    expect([wrong.status, wrong.body.code]).toEqual([403, 'code_wrong'])
  })

  it('does not let the handle of a taken email use the code of its owner', async () => {
    const email = freshEmail()
    await register(email)
    const { body } = await register(email)
    await service.settle()
    const code = codeIn(mailbox.to(email).find(({ subject }) => subject === codeSubject))
    expect((await prove({ handle: body.handle, code })).body.code).toBe('code_wrong')
  })

  it.each(['disabled', 'suppressed', 'suppressed without an account'])(
    'mails nothing where the email is %s',
    async (state) => {
      const email = String(await states[state]?.())
      await register(email)
      await service.settle()
      expect(subjectsTo(email)).toEqual([])
    },
  )

  it('makes one account and mails five times at most, for fifty at once', async () => {
    const email = freshEmail()
    const answers = await Promise.all(Array.from({ length: 50 }, () => register(email)))
    for (let rounds = 0; rounds < 3; rounds += 1) await service.settle()
    const statuses = new Set(answers.map(({ status }) => status))
    statuses.delete(503)
    expect([...statuses]).toEqual([202])
    expect(await accountsOf(email)).toHaveLength(1)
    const queued = await rowsOf(
      'SELECT kind FROM portcullis_outgoing_mail WHERE recipient = ? ORDER BY created_at, kind DESC',
      email,
    )
    expect(queued.map(({ kind }) => kind).sort()).toEqual([
      ...Array.from({ length: 4 }, () => 'account_exists'),
      'verify_email',
    ])
  })

  it('counts the mails to an owner together with those that have codes', async () => {
    const { email } = await registerAccount(open)
    for (let asked = 0; asked < 3; asked += 1) await register(email)
    for (let asked = 0; asked < 4; asked += 1) await post(app, '/auth/forgot-password', { email })
    const sql = 'SELECT kind FROM portcullis_outgoing_mail WHERE recipient = ?'
    expect(await rowsOf(sql, email)).toHaveLength(5)
  })

  it('records the account, and once an hour that its email is taken', async () => {
    const email = freshEmail()
    for (let asked = 0; asked < 3; asked += 1) await register(email)
    const sql = `SELECT outcome, session_id FROM portcullis_audit_events WHERE event = 'register'
      AND user_id = (SELECT id FROM portcullis_users WHERE email = ?) ORDER BY seq`
    expect(await rowsOf(sql, email)).toMatchObject([
      { outcome: 'success', session_id: null },
      { outcome: 'email_taken', session_id: null },
    ])
  })

  it('sets no cookies where tokens travel in cookies', async () => {
    const cookies = await createMailingService({
      ...{ REGISTRATION: 'neutral', TOKEN_TRANSPORT: 'cookie' },
    })
    const answer = await ask(cookies.app, '/auth/register', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: 'https://auth.example.com' },
      body: JSON.stringify({ email: freshEmail(), password }),
    })
    expect([answer.status, answer.headers.get('Set-Cookie')]).toEqual([202, null])
  })
})

it('asks the database nothing, and hashes nothing, where registration is closed', async () => {
  const counting = createCountingDatabase()
  const closed = await createTestService({ REGISTRATION: 'closed' }, { database: counting })
  counting.roundTrips = 0
  const answer = await post(closed.app, '/auth/register', { email: freshEmail(), password })
  expect([answer.status, answer.body.code]).toEqual([403, 'registration_closed'])
  expect(counting.roundTrips).toBe(0)
})
