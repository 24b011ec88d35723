// A login with a code from a mail in place of a password.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createInterruptedDatabase, once } from '../../support/between-round-trips.ts'
import { createMailingService } from '../../support/mail.ts'
import { codeIn, linkTokenIn } from '../../support/mailed-code.ts'
import {
  type Answer,
  ask,
  bearing,
  changeAccount,
  claimsDuringChange,
  claimsOf,
  freshEmail,
  post,
  refreshWith,
  registerAccount,
} from '../../support/service.ts'

const database = createInterruptedDatabase()
const service = await createMailingService(
  { ACCOUNT_PAGES_URL: 'https://app.example.com' },
  { database },
)
const { app, mailbox } = service
const client = createClient({ url: inject('databaseUrl') })
const said = ({ status, body }: Answer) => [status, body.code ?? body.message]
const loginBy = (body: object) => post(app, '/auth/login-by-code', body)
const login = (email: string, password: string, more: object = {}) =>
  post(app, '/auth/login', { email, password, ...more })
const statusOf = async (token: unknown) =>
  (await ask(app, '/auth/status', bearing(String(token)))).status

async function askForCode(email: string) {
  const { body } = await post(app, '/auth/email-code', { email })
  await service.settle()
  const mail = mailbox.to(email).at(-1)
  return { handle: String(body.handle), code: codeIn(mail), token: linkTokenIn(mail) }
}

/** An account whose owner has proved the email. */
async function provedAccount() {
  const account = await registerAccount(app)
  await changeAccount(account.email, 'email_verified_at = 1')
  return account
}

async function accountOf(email: string) {
  const sql = 'SELECT * FROM portcullis_users WHERE email = ?'
  return (await client.execute({ sql, args: [email] })).rows[0]
}

describe('POST /auth/login-by-code', () => {
  it('begins a session, with a code and with the token of a link', async () => {
    const { email, token: other } = await provedAccount()
    const { handle, code } = await askForCode(email)
    const answer = await loginBy({ handle, code })
    expect(said(answer)).toEqual([200, 'Successfully logged in.'])
    expect(answer.body.password_removed).toBe(false)
    expect(await statusOf(answer.body.auth_token)).toBe(200)
    expect((await refreshWith(app, String(answer.body.refresh_token))).status).toBe(200)
    expect(await statusOf(other)).toBe(200)
    const { token } = await askForCode(email)
    expect(said(await loginBy({ token }))[0]).toBe(200)
  })

  it('needs no password hash', async () => {
    const { email } = await provedAccount()
    await changeAccount(email, "password_hash = '!'")
    const { handle, code } = await askForCode(email)
    expect(said(await loginBy({ handle, code }))[0]).toBe(200)
  })

  it('leaves the password as it is, and takes two round trips', async () => {
    const { email, password } = await provedAccount()
    const sent = await askForCode(email)
    await database.during(
      async () => {},
      () => loginBy({ handle: sent.handle, code: sent.code }),
    )
    expect(database.roundTrips).toBe(2)
    expect((await login(email, password)).status).toBe(200)
  })

  it('removes what a stranger has set while nobody had proved the email', async () => {
    const { email, password, token, refreshToken } = await registerAccount(app)
    const { handle, code } = await askForCode(email)
    const answer = await loginBy({ handle, code })
    expect(answer.body.password_removed).toBe(true)
    expect(await statusOf(token)).toBe(401)
    expect((await refreshWith(app, refreshToken)).body.code).toBe('session_revoked')
    expect((await login(email, password)).status).toBe(404)
    expect(await statusOf(answer.body.auth_token)).toBe(200)
    expect((await refreshWith(app, String(answer.body.refresh_token))).status).toBe(200)
    expect((await accountOf(email))?.password_hash).toBe('!')
  })

  it('keeps the password of an unproved account for a device that has known it', async () => {
    const { email, password } = await registerAccount(app)
    const device = (await login(email, password)).body.device_token
    const { handle, code } = await askForCode(email)
    const answer = await loginBy({ handle, code, device_token: device })
    expect(answer.body.password_removed).toBe(false)
    expect((await accountOf(email))?.email_verified_at).not.toBeNull()
    expect((await login(email, password)).status).toBe(200)
  })

  it('does not take a cookie for a device that has known the password', async () => {
    const cookies = await createMailingService({ TOKEN_TRANSPORT: 'cookie' })
    const stranger = await post(cookies.app, '/auth/register', {
      email: freshEmail(),
      password: 'the password of a stranger',
    })
    const [, device] =
      /(__Secure-device_token=[^;]+)/.exec(stranger.headers.getSetCookie().join()) ?? []
    const sql = 'SELECT email FROM portcullis_users ORDER BY id DESC LIMIT 1'
    const email = String((await client.execute(sql)).rows[0]?.email)
    const { handle, code } = await askForCode(email)
    const answer = await ask(cookies.app, '/auth/login-by-code', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Cookie: device ?? '' },
      body: JSON.stringify({ handle, code }),
    })
    expect(device).toBeDefined()
    expect([answer.status, answer.body.password_removed]).toEqual([200, true])
  })

  it('uses no try up when the claims hook fails', async () => {
    const failing = await createMailingService(
      {},
      { claims: () => Promise.reject(new Error('The hook fails')) },
    )
    const { email } = await provedAccount()
    const { handle, code } = await askForCode(email)
    for (let tries = 0; tries < 6; tries += 1) {
      expect((await post(failing.app, '/auth/login-by-code', { handle, code })).status).toBe(500)
    }
    expect(said(await loginBy({ handle, code }))[0]).toBe(200)
  })

  it('gives a device token that the account knows', async () => {
    const { email } = await registerAccount(app)
    const { handle, code } = await askForCode(email)
    const { body } = await loginBy({ handle, code })
    const account = await accountOf(email)
    const [, userId, version] = String(body.device_token).split('.')
    expect([Number(userId), Number(version)]).toEqual([account?.id, account?.password_version])
  })

  it('uses a code once, of 50 at once', async () => {
    const { email } = await provedAccount()
    const { handle, code, token } = await askForCode(email)
    const all = Array.from({ length: 50 }, (_, at) =>
      loginBy(at % 2 ? { token } : { handle, code }),
    )
    const statuses = (await Promise.all(all)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    const sql = 'SELECT count(*) AS sessions FROM portcullis_sessions WHERE user_id = ?'
    const id = Number((await accountOf(email))?.id)
    const { rows } = await client.execute({ sql, args: [id] })
    // With the one of the registration.
    expect(rows[0]?.sessions).toBe(2)
  })

  it('signs for the roles of the moment of the commit', async () => {
    const { email } = await provedAccount()
    const { handle, code } = await askForCode(email)
    const answer = await database.during(
      once(() => changeAccount(email, "other_roles = 'editor'")),
      () => loginBy({ handle, code }),
    )
    expect(claimsOf(String(answer.body.auth_token)).roles).toEqual(['editor'])
    expect(database.roundTrips).toBe(3)
  })

  it('leaves the code good when the account keeps changing', async () => {
    const { email } = await provedAccount()
    const restless = await createMailingService({}, { claims: claimsDuringChange })
    const { handle, code } = await askForCode(email)
    const refused = await post(restless.app, '/auth/login-by-code', { handle, code })
    expect(said(refused)).toEqual([503, 'unavailable'])
    expect(said(await loginBy({ handle, code }))[0]).toBe(200)
  })

  it('refuses a code of an account that was disabled between the round trips', async () => {
    const { email } = await provedAccount()
    const { handle, code } = await askForCode(email)
    const answer = await database.during(
      once(() => changeAccount(email, 'disabled_at = 1')),
      () => loginBy({ handle, code }),
    )
    expect(said(answer)).toEqual([403, 'code_wrong'])
  })

  it('refuses the code of another account, and the handle of none', async () => {
    const [one, other] = await Promise.all([provedAccount(), provedAccount()])
    const first = await askForCode(one.email)
    const second = await askForCode(other.email)
    const mixed = { handle: first.handle, code: second.code }
    expect(said(await loginBy(mixed))).toEqual([403, 'code_wrong'])
    const nobody = await askForCode(freshEmail())
    expect(said(await loginBy({ ...mixed, handle: nobody.handle }))).toEqual([403, 'code_wrong'])
  })

  it('sets cookies where tokens travel in cookies', async () => {
    const cookies = await createMailingService({ TOKEN_TRANSPORT: 'cookie' })
    const { email } = await provedAccount()
    const { handle, code } = await askForCode(email)
    const answer = await post(cookies.app, '/auth/login-by-code', { handle, code })
    expect(answer.headers.getSetCookie().join()).toContain('__Host-access_token=')
    expect(answer.body).not.toHaveProperty('auth_token')
  })
})
