// A code from a mail is checked in one round trip and used in a second one. What happens between
// them decides, and never leaves half of anything.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createInterruptedDatabase, once } from '../../support/between-round-trips.ts'
import { createMailbox, createMailingService } from '../../support/mail.ts'
import { codeIn, linkTokenIn } from '../../support/mailed-code.ts'
import {
  type Answer,
  ask,
  bearing,
  changeAccount,
  deleteAccount,
  post,
  postWith,
  registerAccount,
} from '../../support/service.ts'

const pages = { ACCOUNT_PAGES_URL: 'https://app.example.com' }
const database = createInterruptedDatabase()
const mailbox = createMailbox()
/** What happens meanwhile goes over this one. */
const service = await createMailingService(pages, {}, mailbox)
const { app } = service
const { app: slowApp } = await createMailingService(pages, { database }, mailbox)
const client = createClient({ url: inject('databaseUrl') })
const newPassword = 'another good password'

/** A use of a code: the request for its mail, and the request that takes it. */
interface Use {
  readonly asking: string
  readonly path: string
  readonly body: object
}
const uses: Readonly<Record<'reset' | 'login' | 'proof', Use>> = {
  reset: {
    ...{ asking: '/auth/forgot-password', path: '/auth/reset-password' },
    body: { new_password: newPassword },
  },
  login: { asking: '/auth/email-code', path: '/auth/login-by-code', body: {} },
  proof: {
    ...{ asking: '/auth/email-verification', path: '/auth/verify-email' },
    body: { remove_password: true },
  },
}
type Name = keyof typeof uses
const names = ['reset', 'login', 'proof'] as const

type Account = Awaited<ReturnType<typeof registerAccount>>

async function askFor(name: Name, { email, token }: Account) {
  const { body } = await postWith(app, uses[name].asking, token, { email })
  await service.settle()
  const mail = mailbox.to(email).at(-1)
  return { handle: String(body.handle), code: codeIn(mail), link: linkTokenIn(mail) }
}

/** The code as the client types it that has asked. A proof has the link, which shows nothing. */
const sentOf = (name: Name, { handle, code, link }: Awaited<ReturnType<typeof askFor>>) =>
  name === 'proof' ? { token: link } : { handle, code }

/** The answer of a use of a code to which something happens between the round trips. */
async function use(name: Name, account: Account, meanwhile: (sent: object) => Promise<unknown>) {
  const { path, body } = uses[name]
  const sent = { ...sentOf(name, await askFor(name, account)), ...body }
  return database.during(
    once(() => meanwhile(sent)),
    () => post(slowApp, path, sent),
  )
}

async function stateOf({ email, token }: Account) {
  const { rows } = await client.execute({
    sql: `SELECT password_hash, password_version, token_generation, email_verified_at,
        (SELECT count(*) FROM portcullis_sessions s WHERE s.user_id = u.id) AS sessions,
        (SELECT count(*) FROM portcullis_outgoing_mail m
          WHERE m.user_id = u.id AND m.kind = 'password_changed') AS notices,
        (SELECT count(*) FROM portcullis_audit_events e WHERE e.user_id = u.id
          AND e.outcome = 'success'
          AND e.event IN ('resetPassword', 'loginByCode', 'verifyEmail')) AS successes
      FROM portcullis_users u WHERE email = ?`,
    args: [email],
  })
  const isLoggedIn = (await ask(app, '/auth/status', bearing(token))).status === 200
  return { ...rows[0], isLoggedIn }
}

const said = ({ status, body }: Answer) => [status, body.code ?? body.message]
const isWrong = [403, 'code_wrong']

describe.each(names)('between the check of a code and its use, for a %s,', (name) => {
  it('another request uses the code: it alone succeeds', async () => {
    const account = await registerAccount(app)
    let other: Answer | undefined
    let between: object = {}
    const answer = await use(name, account, async (sent) => {
      other = await post(app, uses[name].path, sent)
      between = await stateOf(account)
    })
    expect([other?.status, said(answer)]).toEqual([200, isWrong])
    expect(await stateOf(account)).toEqual(between)
    expect(between).toMatchObject({ successes: 1 })
  })

  it.each([
    [
      'the password changes',
      (email: string) =>
        changeAccount(email, `password_hash = '?', password_version = password_version + 1`),
    ],
    ['the account is disabled', (email: string) => changeAccount(email, 'disabled_at = 1')],
    [
      'the email changes',
      (email: string) => changeAccount(email, `email_normalized = 'x' || email_normalized`),
    ],
  ])('%s: the code is void, and nothing else happens', async (_, change) => {
    const account = await registerAccount(app)
    let between: object = {}
    const answer = await use(name, account, async () => {
      await change(account.email)
      between = await stateOf(account)
    })
    expect(said(answer)).toEqual(isWrong)
    expect(await stateOf(account)).toEqual(between)
    expect(between).toMatchObject({ successes: 0, notices: 0 })
  })

  it('the account is deleted: nothing is left of it', async () => {
    const account = await registerAccount(app)
    const answer = await use(name, account, () => deleteAccount(account.email))
    expect(said(answer)).toEqual(isWrong)
    const sql = `SELECT count(*) AS sessions FROM portcullis_sessions s
      WHERE NOT EXISTS (SELECT 1 FROM portcullis_users u WHERE u.id = s.user_id)`
    expect((await client.execute(sql)).rows[0]?.sessions).toBe(0)
    expect(await stateOf(account)).toEqual({ isLoggedIn: false })
  })
})

describe('between the check of a code and its use the owner proves the email in a session:', () => {
  /** A proof by the client whose session has asked: it keeps everything. */
  const proves = (account: Account) => async () => {
    const { handle, code } = await askFor('proof', account)
    expect((await post(app, '/auth/verify-email', { handle, code })).status).toBe(200)
  }

  it('a login ends no password and no session that the proof has kept', async () => {
    const account = await registerAccount(app)
    let sent: object = {}
    const answer = await use('login', account, async (given) => {
      sent = given
      await proves(account)()
    })
    expect(said(answer)).toEqual(isWrong)
    expect(await stateOf(account)).toMatchObject({ isLoggedIn: true, sessions: 1 })
    // The code is still good, and ends nothing now.
    const again = await post(app, '/auth/login-by-code', sent)
    expect([again.status, again.body.password_removed]).toEqual([200, false])
    expect(await stateOf(account)).toMatchObject({ isLoggedIn: true, sessions: 2 })
  })

  it('a reset ends everything, because the owner wants it', async () => {
    const account = await registerAccount(app)
    const answer = await use('reset', account, proves(account))
    expect(answer.status).toBe(200)
    expect(await stateOf(account)).toMatchObject({ isLoggedIn: false, notices: 1 })
    const { email } = account
    const login = await post(app, '/auth/login', { email, password: newPassword })
    expect(login.status).toBe(200)
  })
})
