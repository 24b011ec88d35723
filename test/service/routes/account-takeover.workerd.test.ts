// What a thief, or a stranger with an email of somebody else, tries with several flows together.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createMailingService } from '../../support/mail.ts'
import { codeIn, linkTokenIn } from '../../support/mailed-code.ts'
import { createPageClient } from '../../support/page-client.ts'
import {
  ask,
  bearing,
  changeAccount,
  freshEmail,
  logout,
  post,
  postWith,
  registerAccount,
  tokensOf,
} from '../../support/service.ts'

const service = await createMailingService()
const { app, mailbox } = service
const atOnce = await createMailingService({ ACCOUNT_DELETION_DAYS: '0' })
const client = createClient({ url: inject('databaseUrl') })
const password = 'a good password'
type Session = Awaited<ReturnType<typeof registerAccount>>

async function provedAccount() {
  const account = await registerAccount(app)
  await changeAccount(account.email, 'email_verified_at = unixepoch()')
  return account
}

async function login(email: string, from = app): Promise<Session> {
  return { email, password, ...tokensOf(await post(from, '/auth/login', { email, password })) }
}

/** Asks for another email, and gives the code and its handle. */
async function asked({ token, refreshToken }: Session, newEmail: string, from = service) {
  const body = { new_email: newEmail, refresh_token: refreshToken }
  const { body: answer } = await postWith(from.app, '/auth/change-email', token, body)
  await from.settle()
  return { handle: answer.handle, code: codeIn(from.mailbox.to(newEmail).at(-1)) }
}

async function change(session: Session, newEmail: string, from = service) {
  const { status } = await post(
    from.app,
    '/auth/confirm-email',
    await asked(session, newEmail, from),
  )
  await from.settle()
  return status
}

async function confirm(code: object) {
  const { status, body } = await post(app, '/auth/confirm-email', code)
  return [status, body.code]
}

async function takeBack(token: string, from = app) {
  const { status, body } = await post(from, '/auth/undo-email-change', { token })
  return [status, body.code]
}

const undoOf = (email: string, from = mailbox) => linkTokenIn(from.to(email).at(-1))
const erase = ({ token, refreshToken }: Session, from = app) =>
  postWith(from, '/auth/delete-account', token, { refresh_token: refreshToken })
const refusedCode = [403, 'code_wrong']

describe('a thief who has changed the email', () => {
  it('gets no undo when the owner changes it back, and no later one holds', async () => {
    const owner = await provedAccount()
    const thief = { ...(await login(owner.email)), email: freshEmail() }
    expect(await change(thief, thief.email)).toBe(200)
    const first = undoOf(owner.email)
    expect(await change(owner, owner.email)).toBe(200)
    const told = mailbox.to(thief.email).at(-1)
    expect([told?.subject, linkTokenIn(told)]).toEqual([
      'Your email address for Example was changed',
      'no link',
    ])
    expect(await takeBack(first)).toEqual(refusedCode)
    const { rows } = await client.execute({
      sql: `SELECT 1 FROM portcullis_codes WHERE purpose = 'undo_email_change' AND used_at IS NULL
        AND user_id = (SELECT id FROM portcullis_users WHERE email = ?)`,
      args: [owner.email],
    })
    expect(rows).toEqual([])
  })

  it('cannot delete the account: the undo keeps it, also where deletion has no grace', async () => {
    for (const from of [service, atOnce]) {
      const owner = await provedAccount()
      const thief = await login(owner.email, from.app)
      expect(await change(thief, freshEmail(), from)).toBe(200)
      const undo = undoOf(owner.email, from.mailbox)
      const { body } = await erase(thief, from.app)
      const dueIn = Date.parse(String(body.deletes_on)) - Date.now()
      expect(dueIn).toBeGreaterThan(71 * 3_600_000)
      expect(await takeBack(undo, from.app)).toEqual([200, undefined])
      const { rows } = await client.execute({
        sql: 'SELECT deletion_due_at FROM portcullis_users WHERE email = ?',
        args: [owner.email],
      })
      expect(rows.map((row) => row.deletion_due_at)).toEqual([null])
    }
  })
})

describe('a code for another email', () => {
  it.each([
    ['its session logs out', ({ token }: Session) => logout(app, token)],
    [
      'all sessions end',
      async ({ email }: Session) => {
        const { token } = await login(email)
        return postWith(app, '/auth/logout-everywhere', token, {})
      },
    ],
    ['the account is to be deleted', async ({ email }: Session) => erase(await login(email))],
  ])('is void when %s', async (_, end) => {
    const owner = await provedAccount()
    const code = await asked(await login(owner.email), freshEmail())
    const thief = await login(owner.email)
    const other = await asked(thief, freshEmail())
    expect((await end({ ...thief, email: owner.email })).status).toBe(200)
    expect(await confirm(other)).toEqual(refusedCode)
    if (_.startsWith('its session')) expect(await confirm(code)).toEqual([200, undefined])
    else expect(await confirm(code)).toEqual(refusedCode)
  })
})

describe('an email that nobody has proved', () => {
  it('gets no undo, and is not kept from its owner', async () => {
    const stranger = await registerAccount(app)
    const victim = stranger.email
    expect(await change(stranger, freshEmail())).toBe(200)
    expect(undoOf(victim)).toBe('no link')
    expect((await post(app, '/auth/register', { email: victim, password })).status).toBe(201)
  })

  it('gets no more than five mails an hour, whatever is done with the account', async () => {
    const { email } = await registerAccount(app)
    for (let times = 0; times < 7; times += 1) {
      await erase(await login(email))
      await service.settle()
    }
    expect(mailbox.to(email)).toHaveLength(5)
  })

  it('gets no more than five mails an hour from accounts that leave it', async () => {
    const email = freshEmail()
    for (let times = 0; times < 7; times += 1) {
      const account = tokensOf(await post(app, '/auth/register', { email, password }))
      expect(await change({ email, password, ...account }, freshEmail())).toBe(200)
    }
    expect(mailbox.to(email)).toHaveLength(5)
  })

  it('counts the mail about a new device', async () => {
    const { email } = await registerAccount(app)
    await changeAccount(email, 'registered_at = registered_at - 4000')
    for (let times = 0; times < 5; times += 1) {
      await post(app, '/auth/forgot-password', { email })
      await service.settle()
    }
    await login(email)
    await service.settle()
    expect(mailbox.to(email)).toHaveLength(5)
  })

  it('gets no more than five mails an hour from accounts that come and go', async () => {
    const email = freshEmail()
    for (let times = 0; times < 3; times += 1) {
      const account = tokensOf(await post(atOnce.app, '/auth/register', { email, password }))
      for (let asked = 0; asked < 3; asked += 1) {
        await post(atOnce.app, '/auth/forgot-password', { email })
        await atOnce.settle()
      }
      const { body } = await erase({ email, password, ...account }, atOnce.app)
      expect(body.message).toBe('Account deleted.')
    }
    expect(atOnce.mailbox.to(email).length).toBeLessThanOrEqual(5)
    expect(atOnce.mailbox.to(email).length).toBeGreaterThan(3)
  })
})

describe('an email that can be taken back', () => {
  it('is given to no other account', async () => {
    const owner = await provedAccount()
    await change(owner, freshEmail())
    const other = await asked(await provedAccount(), owner.email)
    expect(other.code).toBe('no code')
    expect(await takeBack(undoOf(owner.email))).toEqual([200, undefined])
  })
})

describe('the export', () => {
  it('does not tell whether an email has an account', async () => {
    const account = await provedAccount()
    const taken = await registerAccount(app)
    for (const email of [freshEmail(), taken.email]) await asked(account, email)
    const { body } = await ask(app, '/auth/export', bearing(account.token))
    expect((body.data as { mails: unknown[] }).mails).toEqual([])
  })
})

describe('a cookie that a sibling domain has set', () => {
  it.each(['verify', 'email', 'email-undo', 'invitation'])(
    'gives the page /account/%s no handle of somebody else',
    async (page) => {
      const browser = createPageClient(app)
      await browser.get(`/account/${page}`)
      browser.keep(`__Host-code-${page}=${'h'.repeat(16)}; Path=/`)
      const { text } = await browser.get(`/account/${page}`)
      expect(text).not.toContain('<form')
    },
  )
})
