// Another email for an account: who may ask, who may confirm, and how the old email takes it back.

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
  freshEmail,
  logout,
  post,
  postWith,
  pretend,
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
const done = [200, 'Email changed.']
const undone = [200, 'The old email is back. Check it for a code, and set a new password.']
const wrong = [403, 'code_wrong']
const login = (email: string, password: string) => post(app, '/auth/login', { email, password })
const confirm = (body: object) => post(app, '/auth/confirm-email', body)
const lastTo = (email: string) => mailbox.to(email).at(-1)

interface Session {
  readonly token: string
  readonly refreshToken: string
}

/** An account whose email is proved, so that a change of it can be taken back. */
async function provedAccount() {
  const account = await registerAccount(app)
  await changeAccount(account.email, 'email_verified_at = unixepoch()')
  return account
}

/** An account whose domain is stored in Unicode, as versions before 0.6 did. */
async function earlierAccount() {
  const account = await provedAccount()
  const [local] = account.email.split('@')
  const stored = `${local}@bücher.example.com`
  await changeAccount(account.email, `email = '${stored}', email_normalized = '${stored}'`)
  return { account, stored, ascii: `${local}@xn--bcher-kva.example.com` }
}

async function suppress(email: string) {
  const sql = 'INSERT INTO portcullis_suppressed_addresses VALUES (?, unixepoch() + 1000)'
  await client.execute({ sql, args: [email] })
}

async function change({ token, refreshToken }: Session, newEmail: string) {
  const body = { new_email: newEmail, refresh_token: refreshToken }
  const answer = await postWith(app, '/auth/change-email', token, body)
  await service.settle()
  return answer
}

/** Asks, and reads the mail. */
async function asked(session: Session, newEmail = freshEmail()) {
  const { body } = await change(session, newEmail)
  const mail = lastTo(newEmail)
  return { newEmail, handle: String(body.handle), code: codeIn(mail), link: linkTokenIn(mail) }
}

/** Changes the email, and gives the token that takes it back. */
async function changed(session: Session, oldEmail: string, newEmail = freshEmail()) {
  const { handle, code } = await asked(session, newEmail)
  expect(said(await confirm({ handle, code }))).toEqual(done)
  await service.settle()
  return { newEmail, undo: linkTokenIn(lastTo(oldEmail)) }
}

async function takeBack(token: string) {
  const answer = await post(app, '/auth/undo-email-change', { token })
  await service.settle()
  return answer
}

async function emailOf(token: string) {
  const { body } = await ask(app, '/auth/status', bearing(token))
  return (body.data as { email?: string } | undefined)?.email
}

async function storedEmail(userId: unknown) {
  const sql = 'SELECT email FROM portcullis_users WHERE id = ?'
  return (await client.execute({ sql, args: [userId as number] })).rows[0]?.email
}

async function idOf({ token }: Session) {
  const { body } = await ask(app, '/auth/status', bearing(token))
  return (body.data as { user_id: number }).user_id
}

describe('POST /auth/change-email', () => {
  it('mails a code and a link to the new email, in one round trip', async () => {
    const account = await provedAccount()
    const newEmail = freshEmail()
    database.roundTrips = 0
    expect(said(await change(account, newEmail))).toEqual([200, 'Check the new email.'])
    // Two more send the mail.
    expect(database.roundTrips).toBe(3)
    expect(lastTo(newEmail)?.subject).toContain('Confirm your new email')
    expect(lastTo(newEmail)?.text).toContain('https://app.example.com/email?token=')
    expect(mailbox.to(account.email)).toEqual([])
    expect(await emailOf(account.token)).toBe(account.email)
  })

  it('answers the same for an email of another account, whose owner gets a mail', async () => {
    const account = await provedAccount()
    const other = await provedAccount()
    const answers: [string, number, readonly string[]][] = []
    for (const email of [freshEmail(), other.email.toUpperCase()]) {
      database.roundTrips = 0
      const { body, ...answer } = await change(account, email)
      answers.push([
        JSON.stringify(said({ ...answer, body })),
        database.roundTrips,
        Object.keys(body),
      ])
    }
    expect(answers[0]).toEqual(answers[1])
    expect(mailbox.to(other.email).map(({ subject }) => subject)).toEqual([
      expect.stringContaining('You already have an account'),
    ])
    expect(codeIn(lastTo(other.email))).toBe('no code')
  })

  it('needs a login within 300 s, and the refresh token of the session', async () => {
    const account = await provedAccount()
    const other = await provedAccount()
    const newEmail = freshEmail()
    const without = await postWith(app, '/auth/change-email', account.token, {
      new_email: newEmail,
    })
    expect(said(without)).toEqual([422, 'invalid_input'])
    const mixed = { token: account.token, refreshToken: other.refreshToken }
    expect(said(await change(mixed, newEmail))).toEqual([401, 'refresh_token_invalid'])
    await pretend('authenticated_at = authenticated_at - 301', account.refreshToken)
    const stale = await change(account, newEmail)
    expect(said(stale)[1]).toBe('login_not_fresh')
    const again = { password: account.password }
    const { body } = await postWith(app, '/auth/reauthenticate', account.token, again)
    const renewed = { ...account, token: String(body.auth_token) }
    expect(said(await change(renewed, newEmail))).toEqual([200, 'Check the new email.'])
    expect(mailbox.to(newEmail)).toHaveLength(1)
  })

  it('refuses a used refresh token, and the token of an ended session', async () => {
    const account = await provedAccount()
    const newEmail = freshEmail()
    await refreshWith(app, account.refreshToken)
    await pretend('rotated_at = rotated_at - 60', account.refreshToken)
    expect(said(await change(account, newEmail))[1]).toBe('login_not_fresh')
    await logout(app, account.token)
    expect(said(await change(account, newEmail))).toEqual([401, 'token_revoked'])
    expect(mailbox.to(newEmail)).toEqual([])
  })

  it('lets an account ask five times an hour, whoever has the emails', async () => {
    const account = await provedAccount()
    const { email } = await provedAccount()
    for (const one of [email, freshEmail(), email, freshEmail(), freshEmail()]) {
      expect((await change(account, one)).status).toBe(200)
    }
    expect(said(await change(account, freshEmail()))).toEqual([429, 'mail_refused'])
  })

  it('mails five times an hour to one email, and none while it is suppressed', async () => {
    const target = await provedAccount()
    const free = freshEmail()
    for (let at = 0; at < 6; at += 1) {
      const account = await provedAccount()
      expect((await change(account, target.email)).status).toBe(200)
      expect((await change(account, free)).status).toBe(200)
    }
    expect(mailbox.to(target.email)).toHaveLength(5)
    expect(mailbox.to(free)).toHaveLength(5)
    const refused = freshEmail()
    await suppress(refused)
    expect((await change(await provedAccount(), refused)).status).toBe(200)
    expect(mailbox.to(refused)).toEqual([])
  })

  it('counts the mails to an account by the email that it stores, in an earlier spelling', async () => {
    const target = await earlierAccount()
    for (let at = 0; at < 6; at += 1) {
      expect((await change(await provedAccount(), target.ascii)).status).toBe(200)
    }
    expect(mailbox.to(target.stored)).toHaveLength(5)
    const { stored, ascii } = await earlierAccount()
    await suppress(stored)
    expect((await change(await provedAccount(), ascii)).status).toBe(200)
    expect(mailbox.to(stored)).toEqual([])
  })

  it('mails nothing to another spelling of its own email while that is suppressed', async () => {
    const { account, stored, ascii } = await earlierAccount()
    await suppress(stored)
    expect((await change(account, ascii)).status).toBe(200)
    expect([...mailbox.to(ascii), ...mailbox.to(stored)]).toEqual([])
    const sql = 'DELETE FROM portcullis_suppressed_addresses WHERE recipient = ?'
    await client.execute({ sql, args: [stored] })
    expect((await change(account, ascii)).status).toBe(200)
    expect(mailbox.to(ascii)).toHaveLength(1)
  })
})

describe('POST /auth/confirm-email', () => {
  it.each(['code', 'link'] as const)('changes the email by the %s', async (way) => {
    const account = await provedAccount()
    const { newEmail, handle, code, link } = await asked(account)
    database.roundTrips = 0
    const answer = await confirm(
      way === 'code' ? { handle, code } : { token: link, password: account.password },
    )
    expect(said(answer)).toEqual(done)
    await service.settle()
    // Two more send the mail.
    expect(database.roundTrips).toBe(4)
    expect(answer.body.device_token).toEqual(expect.any(String))
    expect(await emailOf(account.token)).toBe(newEmail)
    expect((await refreshWith(app, account.refreshToken)).status).toBe(200)
    expect((await login(newEmail, account.password)).status).toBe(200)
    expect((await login(account.email, account.password)).status).toBe(404)
    const told = lastTo(account.email)
    expect(told?.subject).toContain('was changed')
    expect(told?.text).toContain('https://app.example.com/email-undo?token=')
    expect(told?.text).toContain('72 hours')
    expect(codeIn(told)).toBe('no code')
    expect(said(await confirm({ handle, code }))).toEqual(wrong)
    expect(said(await confirm({ token: link }))).toEqual(wrong)
  })

  it('does nothing with a link alone: whoever clicks need not have the account', async () => {
    const account = await provedAccount()
    const { newEmail, link } = await asked(account)
    for (let tries = 0; tries < 6; tries += 1) {
      expect(said(await confirm({ token: link }))).toEqual([403, 'password_needed'])
    }
    const guess = { token: link, password: 'not the password' }
    expect(said(await confirm(guess))[1]).toBe('password_wrong')
    const deviceOf = async ({ email, password }: { email: string; password: string }) =>
      (await login(email, password)).body.device_token
    const foreign = { token: link, device_token: await deviceOf(await provedAccount()) }
    expect(said(await confirm(foreign))).toEqual([403, 'password_needed'])
    expect(await emailOf(account.token)).toBe(account.email)
    const own = { token: link, device_token: await deviceOf(account) }
    expect(said(await confirm(own))).toEqual(done)
    expect(await emailOf(account.token)).toBe(newEmail)
  })

  it('counts wrong passwords with a link: five at most', async () => {
    const { password, ...account } = await provedAccount()
    const { link } = await asked(account)
    for (let tries = 0; tries < 5; tries += 1) {
      const answer = await confirm({ token: link, password: `not it ${tries}` })
      expect(said(answer)[1]).toBe('password_wrong')
    }
    expect(said(await confirm({ token: link, password }))).toEqual(wrong)
  })

  it('refuses an email that another account has taken meanwhile, and uses nothing up', async () => {
    const account = await provedAccount()
    const { newEmail, handle, code } = await asked(account)
    const { password } = account
    await post(app, '/auth/register', { email: newEmail.toUpperCase(), password })
    for (let tries = 0; tries < 7; tries += 1) {
      expect(said(await confirm({ handle, code }))[1]).toBe('email_taken')
    }
    expect(await emailOf(account.token)).toBe(account.email)
    expect(mailbox.to(account.email)).toEqual([])
    await changeAccount(newEmail.toUpperCase(), `email_normalized = '${freshEmail()}'`)
    expect(said(await confirm({ handle, code }))).toEqual(done)
  })

  it('gives an email to one of two accounts, of 50 confirmations at once', async () => {
    const accounts = [await provedAccount(), await provedAccount()]
    const newEmail = freshEmail()
    const bodies: object[] = []
    for (const account of accounts) {
      const { handle, code, link } = await asked(account, newEmail)
      bodies.push({ handle, code }, { token: link, password: account.password })
    }
    const all = Array.from({ length: 50 }, (_, at) => confirm(bodies[at % 4] ?? {}))
    const answers = (await Promise.all(all)).map((answer) => said(answer)[1])
    expect(answers.filter((answer) => answer === done[1])).toHaveLength(1)
    expect(answers).not.toContain('internal')
    const emails = await Promise.all(accounts.map(({ token }) => emailOf(token)))
    expect(emails.filter((email) => email === newEmail)).toHaveLength(1)
  })

  it('makes void every other code that was mailed to the account before', async () => {
    const account = await provedAccount()
    const older = await asked(account)
    const reset = (await post(app, '/auth/forgot-password', { email: account.email })).body
    await service.settle()
    const code = codeIn(lastTo(account.email))
    const { undo } = await changed(account, account.email)
    expect(said(await confirm({ handle: older.handle, code: older.code }))).toEqual(wrong)
    expect(said(await confirm({ token: older.link }))).toEqual(wrong)
    const password = { handle: reset.handle, code, new_password: 'another good password' }
    expect(said(await post(app, '/auth/reset-password', password))).toEqual(wrong)
    expect(said(await takeBack(undo))).toEqual(undone)
    expect(said(await confirm({ token: older.link }))).toEqual(wrong)
  })

  it('refuses the code of an account that was disabled', async () => {
    const account = await provedAccount()
    const { handle, code } = await asked(account)
    await changeAccount(account.email, 'disabled_at = 1')
    expect(said(await confirm({ handle, code }))).toEqual(wrong)
  })

  it('does not take a code for something else', async () => {
    const account = await provedAccount()
    const { undo, newEmail } = await changed(account, account.email)
    expect(said(await confirm({ token: undo }))).toEqual(wrong)
    const { link } = await asked(account)
    expect(said(await takeBack(link))).toEqual(wrong)
    expect(await emailOf(account.token)).toBe(newEmail)
  })
})

describe('POST /auth/undo-email-change', () => {
  it('brings the old email back, ends everything, and mails a code for a password', async () => {
    const account = await provedAccount()
    const { newEmail, undo } = await changed(account, account.email)
    database.roundTrips = 0
    const answer = await takeBack(undo)
    expect(said(answer)).toEqual(undone)
    // Two more send the mail.
    expect(database.roundTrips).toBe(4)
    expect(await emailOf(account.token)).toBeUndefined()
    expect((await refreshWith(app, account.refreshToken)).body.code).toBe('session_revoked')
    expect((await login(account.email, account.password)).status).toBe(404)
    expect((await login(newEmail, account.password)).status).toBe(404)
    const mail = lastTo(account.email)
    const reset = { handle: answer.body.handle, code: codeIn(mail), new_password: 'a new password' }
    expect((await post(app, '/auth/reset-password', reset)).status).toBe(200)
    expect((await login(account.email, reset.new_password)).status).toBe(200)
    expect(said(await takeBack(undo))).toEqual(wrong)
  })

  it('keeps an account whose deletion is planned, and tells its owner', async () => {
    const account = await provedAccount()
    const { newEmail, undo } = await changed(account, account.email)
    await changeAccount(newEmail, 'deletion_due_at = 4000000000')
    expect(said(await takeBack(undo))).toEqual(undone)
    const kept = 'Your account at Example is kept'
    expect(mailbox.to(account.email).map(({ subject }) => subject)).toContain(kept)
    const sql = 'SELECT deletion_due_at AS due FROM portcullis_users WHERE email = ?'
    expect((await client.execute({ sql, args: [account.email] })).rows[0]?.due).toBeNull()
  })

  it('tells the email that is replaced, without a link', async () => {
    const account = await provedAccount()
    const { undo, newEmail } = await changed(account, account.email)
    const before = mailbox.to(newEmail).length
    await takeBack(undo)
    await takeBack(undo)
    const [mail, ...others] = mailbox.to(newEmail).slice(before)
    expect(others).toEqual([])
    expect(mail?.subject).toBe('Your email address for Example was changed')
    expect(linkTokenIn(mail)).toBe('no link')
  })

  it('tells nothing to an email that it does not replace, nor to one that is not proved', async () => {
    const account = await provedAccount()
    const { undo, newEmail } = await changed(account, account.email)
    const other = await registerAccount(app)
    const before = mailbox.to(newEmail).length
    await changeAccount(other.email, `email_normalized = '${account.email}'`)
    expect((await takeBack(undo)).body.code).toBe('email_taken')
    expect(mailbox.to(newEmail)).toHaveLength(before)
    await changeAccount(other.email, 'email_normalized = email')
    await changeAccount(newEmail, 'email_verified_at = NULL')
    expect(said(await takeBack(undo))).toEqual(undone)
    expect(mailbox.to(newEmail)).toHaveLength(before)
  })

  it('holds when a thief has changed email and password again, and voids the undo of the thief', async () => {
    const account = await provedAccount()
    const { undo, newEmail: second } = await changed(account, account.email)
    const { undo: ofThief, newEmail: third } = await changed(account, second)
    const { body } = await post(app, '/auth/forgot-password', { email: third })
    await service.settle()
    const code = codeIn(lastTo(third))
    const reset = { handle: body.handle, code, new_password: 'a password of a thief' }
    expect((await post(app, '/auth/reset-password', reset)).status).toBe(200)
    expect(said(await takeBack(undo))).toEqual(undone)
    expect((await login(third, reset.new_password)).status).toBe(404)
    expect(said(await takeBack(ofThief))).toEqual(wrong)
    expect((await login(account.email, reset.new_password)).status).toBe(404)
  })

  it('outranks the undo of a later change that was used first, in the same second', async () => {
    const account = await provedAccount()
    const userId = await idOf(account)
    const { undo, newEmail: second } = await changed(account, account.email)
    const { undo: ofThief } = await changed(account, second)
    const sql = 'UPDATE portcullis_codes SET created_at = 1793000000 WHERE user_id = ?'
    await client.execute({ sql, args: [userId] })
    expect(said(await takeBack(ofThief))).toEqual(undone)
    expect(await storedEmail(userId)).toBe(second)
    expect(said(await takeBack(undo))).toEqual(undone)
    expect(await storedEmail(userId)).toBe(account.email)
  })

  it('keeps the old email from being registered, as long as the link is good', async () => {
    const account = await provedAccount()
    const userId = await idOf(account)
    const { undo } = await changed(account, account.email)
    const register = () =>
      post(app, '/auth/register', { email: account.email, password: 'x1y2z3w4v5' })
    expect(said(await register())[1]).toBe('email_taken')
    expect(said(await takeBack(undo))).toEqual(undone)
    const sql = 'UPDATE portcullis_users SET email_normalized = ? WHERE id = ?'
    await client.execute({ sql, args: [freshEmail(), userId] })
    expect((await register()).status).toBe(201)
  })

  it('makes a code void that the thief has asked for', async () => {
    const account = await provedAccount()
    const { undo } = await changed(account, account.email)
    const { link } = await asked(account)
    await takeBack(undo)
    expect(said(await confirm({ token: link }))).toEqual(wrong)
  })

  it('is done once, of 20 at once', async () => {
    const account = await provedAccount()
    const { undo } = await changed(account, account.email)
    await client.execute('UPDATE portcullis_code_handles SET tries = 0')
    const answers = await Promise.all(Array.from({ length: 20 }, () => takeBack(undo)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('neither counts nor uses the link while the account is disabled', async () => {
    const account = await provedAccount()
    const { undo, newEmail } = await changed(account, account.email)
    await changeAccount(newEmail, 'disabled_at = 1')
    for (let tries = 0; tries < 6; tries += 1) expect(said(await takeBack(undo))).toEqual(wrong)
    await changeAccount(newEmail, 'disabled_at = NULL')
    expect(said(await takeBack(undo))).toEqual(undone)
  })

  it('lasts for 72 hours, and refuses what has expired', async () => {
    const account = await provedAccount()
    const userId = await idOf(account)
    const { undo, newEmail } = await changed(account, account.email)
    const life = `SELECT link_expires_at - created_at AS life FROM portcullis_codes
      WHERE user_id = ? AND purpose = 'undo_email_change'`
    const { rows } = await client.execute({ sql: life, args: [userId] })
    expect(rows.map((row) => row.life)).toEqual([259_200])
    const expire = 'UPDATE portcullis_codes SET link_expires_at = unixepoch() WHERE user_id = ?'
    await client.execute({ sql: expire, args: [userId] })
    expect(said(await takeBack(undo))).toEqual(wrong)
    expect(await storedEmail(userId)).toBe(newEmail)
  })
})
