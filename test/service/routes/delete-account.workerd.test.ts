// The owner deletes the account: who may, what ends at once, what keeps the account, and what is
// left of it in the database at the end.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createInterruptedDatabase, once } from '../../support/between-round-trips.ts'
import { createMailingService } from '../../support/mail.ts'
import { codeIn } from '../../support/mailed-code.ts'
import {
  type Answer,
  ask,
  bearing,
  changeAccount,
  claimsOf,
  createCountingDatabase,
  createTestService,
  freshEmail,
  logout,
  post,
  postWith,
  pretend,
  refreshWith,
  registerAccount,
  type Tokens,
} from '../../support/service.ts'

const database = createInterruptedDatabase()
const service = await createMailingService({}, { database })
const { app, mailbox } = service
const atOnce = await createMailingService({ ACCOUNT_DELETION_DAYS: '0' })
const client = createClient({ url: inject('databaseUrl') })
const said = ({ status, body }: Answer) => [status, body.code ?? body.message]
const statusOf = async (token: string) => (await ask(app, '/auth/status', bearing(token))).status
const login = (email: string, password: string) => post(app, '/auth/login', { email, password })
const daySeconds = 86_400

const erase = (tokens: Pick<Tokens, 'token' | 'refreshToken'>, at = app) =>
  postWith(at, '/auth/delete-account', tokens.token, { refresh_token: tokens.refreshToken })

async function query(sql: string, ...args: (string | number)[]) {
  return (await client.execute({ sql, args })).rows.map((row) => ({ ...row }))
}

const accountsOf = (email: string) => query('SELECT * FROM portcullis_users WHERE email = ?', email)
const idOf = async (email: string) => Number((await accountsOf(email))[0]?.id)
const dueAt = async (email: string) => (await accountsOf(email))[0]?.deletion_due_at
const isDue = (email: string) => changeAccount(email, 'deletion_due_at = unixepoch() - 1')

const eventsOf = (userId: number) =>
  query(
    `SELECT event, outcome, actor FROM portcullis_audit_events
      WHERE user_id = ? AND outcome <> 'attempted' ORDER BY seq`,
    userId,
  )

/** An account whose deletion is planned. */
async function plannedAccount() {
  const account = await registerAccount(app)
  await erase(account)
  return account
}

const keptSubject = 'Your account at Example is kept'
const keptMailsTo = (email: string) =>
  mailbox.to(email).filter(({ subject }) => subject === keptSubject)

/** The tables that have this text, or this account, in any column. */
async function tablesWith(text: string, userId: number): Promise<string[]> {
  const tables = await query("SELECT name FROM sqlite_master WHERE type = 'table'")
  const found: string[] = []
  for (const { name } of tables) {
    const columns = await query(`SELECT name FROM pragma_table_info('${name}')`)
    const named = columns.map((column) => String(column.name))
    const has = named.map((column) => `instr(CAST(${column} AS TEXT), ?) > 0`)
    const id = name === 'portcullis_users' ? 'id' : 'user_id'
    const isTheirs = named.includes('user_id') || id === 'id' ? ` OR ${id} = ${userId}` : ''
    const sql = `SELECT 1 FROM ${name} WHERE ${has.join(' OR ')}${isTheirs} LIMIT 1`
    const rows = await query(sql, ...named.map(() => text))
    if (rows.length > 0) found.push(String(name))
  }
  return found.sort()
}

describe('POST /auth/delete-account', () => {
  it('plans the deletion, ends all sessions and tokens, and tells the owner', async () => {
    const account = await registerAccount(app)
    const { email, password, token, refreshToken } = account
    const other = (await login(email, password)).body
    const now = Math.floor(Date.now() / 1_000)
    const answer = await erase(account)
    expect(said(answer)).toEqual([200, 'Your account will be deleted.'])
    const due = Date.parse(String(answer.body.deletes_on)) / 1_000
    expect(due - now - 14 * daySeconds).toBeGreaterThanOrEqual(0)
    expect(due - now - 14 * daySeconds).toBeLessThan(60)
    expect(await dueAt(email)).toBe(due)
    expect(await statusOf(token)).toBe(401)
    expect(await statusOf(String(other.auth_token))).toBe(401)
    expect(said(await refreshWith(app, refreshToken))).toEqual([401, 'session_revoked'])
    const { gen } = claimsOf(token)
    expect((await post(app, '/auth/feed/check', { ids: [gen] })).body.revoked).toEqual([gen])
    await service.settle()
    const [mail, ...others] = mailbox.to(email)
    expect(others).toEqual([])
    expect(mail?.subject).toBe('Your account at Example will be deleted')
    const [, day, year] = new Date(due * 1_000).toUTCString().split(/, 0?(\d+) \w+ (\d+)/)
    expect(mail?.text).toMatch(new RegExp(`Deletion: ${day} \\w+ ${year}, \\d\\d:\\d\\d UTC`))
    expect((await eventsOf(await idOf(email))).at(-1)).toEqual({
      ...{ event: 'deleteAccount', outcome: 'success', actor: 'user' },
    })
  })

  it('takes one round trip', async () => {
    const counting = createCountingDatabase()
    const { app } = await createTestService({}, { database: counting })
    const account = await registerAccount(app)
    counting.roundTrips = 0
    expect((await erase(account, app)).status).toBe(200)
    expect(counting.roundTrips).toBe(1)
    counting.roundTrips = 0
    const { email, password } = account
    const back = await post(app, '/auth/login', { email, password })
    expect([back.body.deletion_cancelled, counting.roundTrips]).toEqual([true, 2])
  })

  it('sends the same time again, whatever the account has by then', async () => {
    const { email, token, refreshToken } = await registerAccount(app)
    mailbox.failure = { kind: 'later', problem: 'test' }
    const { body } = await erase({ token, refreshToken })
    await service.settle()
    mailbox.failure = undefined
    const userId = await idOf(email)
    await changeAccount(email, 'deletion_due_at = 4000000000')
    await query('UPDATE portcullis_outgoing_mail SET next_try_at = 1 WHERE user_id = ?', userId)
    await service.sendMail({})
    const at = new Date(String(body.deletes_on)).toISOString().slice(11, 16)
    expect(mailbox.to(email)[0]?.text).toContain(`${at} UTC`)
    expect(mailbox.to(email)[0]?.text).not.toContain('2096')
  })

  it.each([
    ['a login more than 300 s ago', 'authenticated_at = authenticated_at - 301'],
    ['a refresh token that is used up', 'version = 5'],
  ])('refuses %s, and changes nothing', async (_, change) => {
    const account = await registerAccount(app)
    await pretend(change, account.refreshToken)
    const answer = await erase(account)
    expect(said(answer)).toEqual([401, 'login_not_fresh'])
    expect(answer.headers.get('WWW-Authenticate')).toMatch(/max_age="?300/)
    expect(await dueAt(account.email)).toBeNull()
    expect(await statusOf(account.token)).toBe(200)
  })

  it('refuses an access token alone, because APIs see it', async () => {
    const { email, token } = await registerAccount(app)
    for (const body of [{}, undefined]) {
      const answer = await postWith(app, '/auth/delete-account', token, body)
      expect(said(answer)).toEqual([422, 'invalid_input'])
    }
    expect(await dueAt(email)).toBeNull()
  })

  it('refuses a revoked token, and the refresh token of another session', async () => {
    const account = await registerAccount(app)
    const stranger = await registerAccount(app)
    const mixed = { token: account.token, refreshToken: stranger.refreshToken }
    expect(said(await erase(mixed))).toEqual([401, 'refresh_token_invalid'])
    await logout(app, account.token)
    expect(said(await erase(account))).toEqual([401, 'token_revoked'])
    expect([await dueAt(account.email), await dueAt(stranger.email)]).toEqual([null, null])
  })

  it('succeeds once of several at once', async () => {
    const account = await registerAccount(app)
    const answers = await Promise.all([1, 2, 3].map(() => erase(account)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401])
  })

  it('clears the cookies, and takes the refresh token from its cookie', async () => {
    const { app } = await createTestService({ TOKEN_TRANSPORT: 'cookie' })
    const { token, refreshToken, email } = await registerAccount(service.app)
    const cookies = `__Host-access_token=${token}; __Secure-refresh_token=${refreshToken}`
    const headers = { 'Content-Type': 'application/json', Cookie: cookies }
    const answer = await ask(app, '/auth/delete-account', { method: 'POST', headers })
    expect(said(answer)).toEqual([200, 'Your account will be deleted.'])
    const cleared = answer.headers.getSetCookie().filter((cookie) => cookie.includes('Max-Age=0'))
    expect(cleared.join()).toMatch(/__Host-access_token=;.*__Secure-refresh_token=;/)
    expect(await dueAt(email)).not.toBeNull()
  })
})

describe('an account whose deletion is planned', () => {
  const back = { outcome: 'deletion_cancelled', actor: 'user' }

  it('is kept by a login with the password', async () => {
    const { email, password } = await plannedAccount()
    const answer = await login(email, password)
    expect([answer.status, answer.body.deletion_cancelled]).toEqual([200, true])
    expect(await dueAt(email)).toBeNull()
    expect((await login(email, password)).body).not.toHaveProperty('deletion_cancelled')
    const events = await eventsOf(await idOf(email))
    const told = events.filter(({ outcome }) => outcome === 'deletion_cancelled')
    expect(told).toEqual([{ ...back, event: 'login' }])
  })

  it('is not kept by a wrong password', async () => {
    const { email } = await plannedAccount()
    await login(email, 'another password')
    expect(await dueAt(email)).toEqual(expect.any(Number))
  })

  it.each([
    ['loginByCode', '/auth/email-code', '/auth/login-by-code', {}],
    [
      'resetPassword',
      '/auth/forgot-password',
      '/auth/reset-password',
      { new_password: 'another good one' },
    ],
  ])('is kept by a code: %s', async (event, asking, path, more) => {
    const { email } = await plannedAccount()
    const { handle } = (await post(app, asking, { email })).body
    await service.settle()
    const code = codeIn(mailbox.to(email).at(-1))
    const answer = await post(app, path, { handle, code, ...more })
    expect([answer.status, answer.body.deletion_cancelled]).toEqual([200, true])
    expect(await dueAt(email)).toBeNull()
    expect(await eventsOf(await idOf(email))).toContainEqual({ ...back, event })
    await service.settle()
    expect(keptMailsTo(email)).toHaveLength(1)
  })

  it.each([
    ['from a new device', false],
    ['from a known device', true],
  ])('tells its owner with one mail of a login %s', async (_, isKnown) => {
    const { email, password } = await registerAccount(app)
    await changeAccount(email, 'registered_at = registered_at - 7200')
    const { body } = await login(email, password)
    await service.settle()
    await query(
      'UPDATE portcullis_outgoing_mail SET created_at = created_at - 3601 WHERE address = ?',
      email,
    )
    await erase({ token: String(body.auth_token), refreshToken: String(body.refresh_token) })
    await service.settle()
    const before = mailbox.to(email).length
    const device = isKnown ? { device_token: body.device_token } : {}
    const again = { email, password, ...device }
    expect((await post(app, '/auth/login', again)).body.deletion_cancelled).toBe(true)
    await service.settle()
    const [mail, ...others] = mailbox.to(email).slice(before)
    expect([mail?.subject, others]).toEqual([keptSubject, []])
    expect(mail?.text).toMatch(/^When: \d+ \w+ \d{4}, \d\d:\d\d UTC$/m)
    await post(app, '/auth/login', again)
    await service.settle()
    expect(keptMailsTo(email)).toHaveLength(1)
  })

  it('tells its owner also with NEW_DEVICE_MAILS=off', async () => {
    const quiet = await createMailingService({ NEW_DEVICE_MAILS: 'off' })
    const { email, password } = await plannedAccount()
    await post(quiet.app, '/auth/login', { email, password })
    await quiet.settle()
    expect(quiet.mailbox.to(email).map(({ subject }) => subject)).toContain(keptSubject)
  })

  it('mails no unproved email about it more often than strangers can', async () => {
    const { email, password } = await registerAccount(app)
    for (let round = 0; round < 3; round += 1) {
      const { body } = await login(email, password)
      await erase({ token: String(body.auth_token), refreshToken: String(body.refresh_token) })
    }
    expect((await login(email, password)).body.deletion_cancelled).toBe(true)
    await service.settle()
    expect(mailbox.to(email)).toHaveLength(5)
  })

  it('is kept by a login that began before the deletion was planned', async () => {
    const account = await registerAccount(app)
    const answer = await database.during(
      once(() => erase(account, atOnceLater)),
      () => login(account.email, account.password),
    )
    expect([answer.status, answer.body.deletion_cancelled]).toEqual([200, true])
    expect(await dueAt(account.email)).toBeNull()
  })

  it('is gone for a login that is overtaken by the deletion', async () => {
    const { email, password } = await plannedAccount()
    await isDue(email)
    const answer = await database.during(
      once(() => atOnce.prune()),
      () => login(email, password),
    )
    expect(said(answer)).toEqual([404, 'invalid_credentials'])
    expect(await accountsOf(email)).toEqual([])
  })
})

/** Another service of the same database, which no interruption meets. */
const { app: atOnceLater } = await createTestService()

describe('housekeeping', () => {
  it('deletes exactly the accounts that are due: 250 of them, in more than two batches', async () => {
    const mark = `due-${crypto.randomUUID()}`
    const insert = `INSERT INTO portcullis_users (email, email_normalized, password_hash,
      token_generation, registered_at, deletion_due_at)`
    const numbers = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)'
    for (const due of ['unixepoch() - i', 'unixepoch() + 1000 + i', 'NULL']) {
      const values = `'${mark}' || ${due.length} || '-' || i, '${mark}' || ${due.length} || '-' || i, '*',
        substr(hex(randomblob(8)), 1, 16), 1, ${due}`
      await query(`${insert} ${numbers} SELECT ${values} FROM n`)
    }
    const left = () =>
      query(
        `SELECT CASE WHEN deletion_due_at IS NULL THEN 'never' WHEN deletion_due_at > unixepoch()
          THEN 'later' ELSE 'due' END AS due, count(*) AS accounts
          FROM portcullis_users WHERE email LIKE ? GROUP BY 1 ORDER BY 1`,
        `${mark}%`,
      )
    expect(await left()).toHaveLength(3)
    const ids = await query(
      'SELECT id FROM portcullis_users WHERE email LIKE ? AND deletion_due_at <= unixepoch() ORDER BY id',
      `${mark}%`,
    )
    service.log.length = 0
    await service.prune()
    expect(await left()).toEqual([
      { due: 'later', accounts: 250 },
      { due: 'never', accounts: 250 },
    ])
    const line = JSON.parse(service.log.find((one) => one.includes('"prune"')) ?? '{}')
    expect(line.deletedAccounts).toBeGreaterThanOrEqual(250)
    const events = await query(
      `SELECT count(*) AS events FROM portcullis_audit_events WHERE event = 'deletion'
        AND outcome = 'success' AND actor = 'service'
        AND user_id BETWEEN ${Number(ids[0]?.id)} AND ${Number(ids.at(-1)?.id)}`,
    )
    expect(events).toEqual([{ events: 250 }])
    await query('DELETE FROM portcullis_users WHERE email LIKE ?', `${mark}%`)
  })

  it('leaves an account alone that is not due, and one that nobody wants deleted', async () => {
    const [planned, other] = [await plannedAccount(), await registerAccount(app)]
    await service.prune()
    expect(await dueAt(planned.email)).toEqual(expect.any(Number))
    expect(await statusOf(other.token)).toBe(200)
  })

  it('keeps an account for good in which an earlier version has begun a session', async () => {
    const { email, password } = await plannedAccount()
    const due = Number(await dueAt(email))
    const { token } = { token: String((await login(email, password)).body.auth_token) }
    // That version does not know of the column.
    await changeAccount(email, `deletion_due_at = ${due}`)
    await service.prune()
    expect(await dueAt(email)).toBeNull()
    expect(await statusOf(token)).toBe(200)
    const kept = { event: 'deletion', outcome: 'deletion_cancelled', actor: 'service' }
    expect(await eventsOf(await idOf(email))).toContainEqual(kept)
  })

  it('does not mail about a deletion that is taken back meanwhile', async () => {
    const account = await registerAccount(app)
    await erase(account)
    const again = `UPDATE portcullis_outgoing_mail SET sent_at = NULL, next_try_at = unixepoch()
      WHERE kind = 'deletion_planned' AND user_id = ?`
    const id = await idOf(account.email)
    const mailed = async () => {
      await service.settle()
      await query(again, id)
      await service.sendMail({})
      return mailbox.to(account.email).filter(({ subject }) => subject !== keptSubject).length
    }
    expect(await mailed()).toBe(2)
    await login(account.email, account.password)
    expect(await mailed()).toBe(2)
  })

  it('forgets a refused address after its week, also if nobody has an account by it', async () => {
    const [over, other] = [freshEmail(), freshEmail()]
    const table = 'portcullis_suppressed_addresses'
    await query(`INSERT INTO ${table} VALUES (?, unixepoch()), (?, 4000000000)`, over, other)
    await service.prune()
    const left = await query(
      `SELECT recipient FROM ${table} WHERE recipient IN (?, ?)`,
      over,
      other,
    )
    expect(left).toEqual([{ recipient: other }])
  })

  it('keeps it even if its time has come', async () => {
    const { email, password } = await plannedAccount()
    await login(email, password)
    await isDue(email)
    await service.prune()
    expect(await dueAt(email)).toBeNull()
  })
})

describe('a deletion', () => {
  it('ends the suppression of a new email that is nobody’s, and no other', async () => {
    const owner = await registerAccount(app)
    const account = await registerAccount(atOnce.app)
    const { token, refreshToken } = account
    const newEmail = freshEmail()
    const asked = { new_email: newEmail, refresh_token: refreshToken }
    atOnce.mailbox.failure = { kind: 'address_refused', problem: 'test' }
    expect((await postWith(atOnce.app, '/auth/change-email', token, asked)).status).toBe(200)
    await atOnce.settle()
    atOnce.mailbox.failure = undefined
    const inserted = `INSERT INTO portcullis_outgoing_mail
      (id, kind, user_id, address, recipient, language, created_at, tries)
      VALUES (?, 'change_email', ?, '-', ?, 'en', 1, 1)`
    await query(inserted, newEmail.slice(0, 16), await idOf(account.email), owner.email)
    await query('INSERT INTO portcullis_suppressed_addresses VALUES (?, 4000000000)', owner.email)
    const suppressed = (email: string) =>
      query('SELECT 1 FROM portcullis_suppressed_addresses WHERE recipient = ?', email)
    expect(await suppressed(newEmail)).toHaveLength(1)
    expect(said(await erase(account, atOnce.app))).toEqual([200, 'Account deleted.'])
    expect(await suppressed(newEmail)).toEqual([])
    expect(await suppressed(owner.email)).toHaveLength(1)
  })
})

describe.each([
  ['after its time', false],
  ['at once, with ACCOUNT_DELETION_DAYS=0', true],
])('a deleted account: %s', (_, isAtOnce) => {
  it('leaves nothing but events without personal details, and can be registered again', async () => {
    const { app, mailbox, settle, prune } = isAtOnce ? atOnce : service
    const account = await registerAccount(app)
    const { email, password, token } = account
    await changeAccount(email, 'email_verified_at = unixepoch()')
    const userId = await idOf(email)
    await post(app, '/auth/forgot-password', { email })
    await post(app, '/auth/email-code', { email })
    await query('INSERT INTO portcullis_suppressed_addresses VALUES (?, 4000000000)', email)
    await settle()
    const sent = mailbox.to(email).length
    const codes = await query('SELECT id FROM portcullis_codes WHERE user_id = ?', userId)
    expect(codes).toHaveLength(2)
    const ids = codes.map(({ id }) => String(id))
    const handles = 'SELECT 1 FROM portcullis_code_handles WHERE code_id IN (?, ?)'
    expect(await query(handles, ...ids)).toHaveLength(2)
    const answer = await erase(account, app)
    if (!isAtOnce) {
      await settle()
      await isDue(email)
      await prune()
    }
    expect(said(answer)).toEqual([
      200,
      isAtOnce ? 'Account deleted.' : 'Your account will be deleted.',
    ])
    expect('deletes_on' in answer.body).toBe(!isAtOnce)
    expect(await query(handles, ...ids)).toEqual([])
    await settle()
    expect(mailbox.to(email)).toHaveLength(isAtOnce ? sent : sent + 1)
    // The mails of the last hour count for whoever registers the email next.
    const kept = ['portcullis_audit_events', 'portcullis_outgoing_mail']
    expect(await tablesWith(email, userId)).toEqual(kept)
    const mails = 'portcullis_outgoing_mail WHERE user_id = ?'
    const waiting = `SELECT 1 FROM ${mails} AND next_try_at IS NOT NULL`
    expect(await query(waiting, userId)).toEqual([])
    await query(
      'UPDATE portcullis_outgoing_mail SET created_at = created_at - 90000 WHERE user_id = ?',
      userId,
    )
    await prune()
    expect(await tablesWith(email, userId)).toEqual(['portcullis_audit_events'])
    const details = `SELECT 1 FROM portcullis_audit_details WHERE seq IN
      (SELECT seq FROM portcullis_audit_events WHERE user_id = ?)`
    expect(await query(details, userId)).toEqual([])
    expect(said(await ask(app, '/auth/status', bearing(token)))).toEqual([401, 'token_revoked'])
    expect((await post(app, '/auth/register', { email, password })).status).toBe(201)
    expect(await idOf(email)).toBeGreaterThan(userId)
  })
})
