// One mailbox has one account, however its address is spelled. Accounts of earlier versions keep
// working.

import { describe, expect, it } from 'vitest'
import { disable, setRoles } from '../../../src/service/domain/accounts/administration.ts'
import { emailRule } from '../../../src/service/domain/identity/email.ts'
import { badEmails } from '../../support/emails.ts'
import {
  ask,
  bearing,
  changeAccount,
  createTestService,
  database,
  post,
  registerAccount,
  testEntry,
  tokensOf,
} from '../../support/service.ts'

const { app, clock } = await createTestService()
const password = 'a good password'
const register = (email: string) => post(app, '/auth/register', { email, password })
const login = async (email: string, typed = password) =>
  (await post(app, '/auth/login', { email, password: typed })).status
/** A value that no other test has. */
const fresh = () => crypto.randomUUID().slice(0, 8)

/** An account as a version before 0.6 stored it. */
async function insertEarlierAccount(email: string): Promise<string> {
  const account = await registerAccount(app)
  const typed = email.replaceAll("'", "''")
  const normalized = email.toLowerCase().replaceAll("'", "''")
  await changeAccount(account.email, `email_normalized = '${normalized}', email = '${typed}'`)
  return account.token
}

describe('registering', () => {
  it('refuses every email that cannot receive mail, and names the rule', async () => {
    for (const email of badEmails) {
      const { status, body } = await register(email)
      expect([email, status, body.errors]).toEqual([
        email,
        422,
        [{ field: 'email', message: emailRule }],
      ])
    }
  })

  it('refuses a domain without a dot, unless any domain is allowed', async () => {
    const email = `ada-${fresh()}@localhost`
    const { status: refused, body } = await register(email)
    const message = 'Give an email whose domain has a dot, such as ada@example.com.'
    expect([refused, body.errors]).toEqual([422, [{ field: 'email', message }]])
    const development = await createTestService({ EMAIL_DOMAINS: 'any' })
    const { status } = await post(development.app, '/auth/register', { email, password })
    expect(status).toBe(201)
    expect(await login(email)).toBe(200)
  })

  it('leaves an email free that differs from another one only in the form of a letter', async () => {
    const id = fresh()
    expect((await register(`ﬁx-${id}@example.com`)).status).toBe(422)
    expect((await register(`fix-${id}@example.com`)).status).toBe(201)
    expect(await login(`ﬁx-${id}@example.com`)).toBe(404)
  })

  it('keeps the email as typed, without the characters that a paste adds', async () => {
    const email = `Dörte-${fresh()}@MÜNCHEN.example.com`
    const { token } = tokensOf(await register(`\u200b ${email}\ufeff`))
    const { body } = await ask(app, '/auth/status', bearing(token))
    expect(body.data).toMatchObject({ email })
  })

  it.each([
    ['münchen.example.com', 'xn--mnchen-3ya.example.com'],
    ['XN--mnchen-3ya.example.com', 'mu\u0308nchen.example.com'],
    ['MÜNCHEN.example.com', 'ｍünchen.example.com'],
  ])('works once for %s and %s, and both log in', async (one, other) => {
    const local = `ada-${fresh()}`
    expect((await register(`${local}@${one}`)).status).toBe(201)
    expect((await register(`${local}@${other}`)).body.code).toBe('email_taken')
    expect(await login(`${local}@${one}`)).toBe(200)
    expect(await login(`${local}@${other}`)).toBe(200)
  })

  it.each(['münchen.example.com', 'xn--mnchen-3ya.example.com', 'ｍünchen.example.com'])(
    'finds the email taken by an earlier account, which has its domain in Unicode: %s',
    async (domain) => {
      const local = `ada-${fresh()}`
      await insertEarlierAccount(`${local}@münchen.example.com`)
      expect((await register(`${local}@${domain}`)).body.code).toBe('email_taken')
      expect(await login(`${local}@${domain}`)).toBe(200)
    },
  )
})

describe('an account of an earlier version', () => {
  it.each([
    ['in quotes', (id: string) => `"a b ${id}"@example.com`],
    ['in brackets', (id: string) => `<${id}@example.com>`],
    ['turned around', (id: string) => `\u202e${id}\u202c-x@example.com`],
    ['with an invisible end', (id: string) => `${id}@example.com\u200b`],
    ['with a dot at the end', (id: string) => `${id}@example.com.`],
    ['without a dot', (id: string) => `${id}@localhost`],
    ['of another width', (id: string) => `ａ-${id}@ｅxample.com`],
    ['of an address', (id: string) => `${id}@1.2.3.4`],
    ['of a broken domain', (id: string) => `${id}@xn--zzzzzz.de`],
    ['with a long beginning', (id: string) => `${id}${'a'.repeat(100)}@example.com`],
  ])('logs in with its email: %s', async (_, spell) => {
    const email = spell(fresh())
    await insertEarlierAccount(email)
    expect(await login(email)).toBe(200)
    expect(await login(` ${email.toUpperCase()} `)).toBe(200)
    expect(await login(email, 'another password')).toBe(404)
  })

  it('is the one whose email was typed, where there is a second one in ASCII', async () => {
    const local = `ada-${fresh()}`
    const [unicode, ascii] = [`${local}@münchen.example.com`, `${local}@xn--mnchen-3ya.example.com`]
    const tokens = [await insertEarlierAccount(unicode), await insertEarlierAccount(ascii)]
    const statuses = async () =>
      Promise.all(
        tokens.map(async (token) => (await ask(app, '/auth/status', bearing(token))).status),
      )
    await disable({ database, runtime: clock, entry: testEntry }, unicode)
    expect(await statuses()).toEqual([401, 200])
    expect(await login(unicode)).toBe(404)
    expect(await login(ascii)).toBe(200)
  })
})

describe('an administrator', () => {
  it.each(['münchen.example.com', 'xn--mnchen-3ya.example.com', 'MÜNCHEN.example.com'])(
    'finds the account by any spelling: %s',
    async (domain) => {
      const local = `ada-${fresh()}`
      await register(`${local}@münchen.example.com`)
      const deps = { database, runtime: clock, entry: testEntry }
      expect(await setRoles(deps, `${local}@${domain}`, ['admin'])).toMatchObject({ ok: true })
      const elsewhere = await setRoles(deps, `${local}@elsewhere.example.com`, [])
      expect(elsewhere).toEqual({ ok: false, error: 'account_unknown' })
    },
  )
})

describe('anything else in the place of an email', () => {
  it.each([
    '',
    '\u0000',
    'ada\u0000@example.com',
    '\ud800@example.com',
    "' OR 1=1 --",
    ' '.repeat(9_000),
    `${'é'.repeat(3_000)}@example.com`,
    `${'@'.repeat(9_000)}`,
  ])('matches no account: %j', async (email) => {
    expect(await login(email)).toBe(404)
  })
})
