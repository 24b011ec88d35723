// The pages that people reach by the link of a mail alone: another email, its undo, an invitation.

import { describe, expect, it } from 'vitest'
import { inviteByMail } from '../../support/invite.ts'
import { createMailingService } from '../../support/mail.ts'
import { codeIn, linkTokenIn } from '../../support/mailed-code.ts'
import { createPageClient, type PageAnswer } from '../../support/page-client.ts'
import {
  ask,
  bearing,
  changeAccount,
  freshEmail,
  post,
  postWith,
  registerAccount,
} from '../../support/service.ts'

const service = await createMailingService()
const { app, mailbox } = service
const headingOf = ({ text }: PageAnswer) => /<h1>(.*?)<\/h1>/.exec(text)?.[1]
const alertOf = ({ text }: PageAnswer) => /<div class="n"[^>]*>(.*?)<\/div>/s.exec(text)?.[1] ?? ''
const statusOf = async (token: string) => (await ask(app, '/auth/status', bearing(token))).status
const login = async (email: string, password: string) =>
  (await post(app, '/auth/login', { email, password })).status

/** A browser that has opened the link of the last mail to an address. */
async function openedLink(page: string, email: string, from = service) {
  await from.settle()
  const mail = from.mailbox.to(email).at(-1)
  const path = `/account/${page}`
  const token = linkTokenIn(mail)
  expect(mail?.text).toContain(`https://auth.example.com${path}?token=${token}`)
  const browser = createPageClient(from.app)
  const opened = await browser.get(`${path}?token=${token}`)
  expect([opened.status, opened.headers.get('Location')]).toEqual([303, path])
  const form = await browser.get(path)
  expect(form.text).not.toContain(token)
  return { browser, form, token }
}

/** An account that has asked for another email. */
async function askedAccount() {
  const account = await registerAccount(app)
  await changeAccount(account.email, 'email_verified_at = unixepoch()')
  const newEmail = freshEmail()
  const body = { new_email: newEmail, refresh_token: account.refreshToken }
  const { body: answer } = await postWith(app, '/auth/change-email', account.token, body)
  await service.settle()
  return { ...account, newEmail, handle: answer.handle }
}

describe('the page of a new email', () => {
  const path = '/account/email'

  it('changes it with the password of the account, and uses nothing before', async () => {
    const { token, email, newEmail, password } = await askedAccount()
    const { browser, form } = await openedLink('email', newEmail)
    expect(headingOf(form)).toBe('Confirm your new email')
    const missing = await browser.send(path, { password: '' })
    expect([missing.status, alertOf(missing)]).toEqual([
      403,
      expect.stringContaining('<a href="#password">Give the password of your account.'),
    ])
    const done = await browser.send(path, { password })
    expect([done.status, headingOf(done)]).toEqual([200, 'Your email is changed.'])
    expect([await login(newEmail, password), await login(email, password)]).toEqual([200, 404])
    expect(await statusOf(token)).toBe(200)
  })

  it('says that another account has it by now, and shows the form again', async () => {
    const { newEmail, password } = await askedAccount()
    await post(app, '/auth/register', { email: newEmail, password })
    const { browser } = await openedLink('email', newEmail)
    const taken = await browser.send(path, { password })
    expect(alertOf(taken)).toContain('Another account has this email by now.')
    expect(taken.text).toContain('name="password"')
  })
})

describe('the page of an undo', () => {
  const path = '/account/email-undo'

  it('gives the old email back, and leads to a new password with the code of the mail', async () => {
    const { token, email, newEmail, password, handle } = await askedAccount()
    const code = codeIn(mailbox.to(newEmail).at(-1))
    await post(app, '/auth/confirm-email', { handle, code })
    const { browser, form } = await openedLink('email-undo', email)
    expect([headingOf(form), form.text.includes('type="password"')]).toEqual([
      'Take your old email back',
      false,
    ])
    expect(await statusOf(token)).toBe(200)
    const done = await browser.send(path, {})
    expect([done.status, headingOf(done)]).toEqual([200, 'Your old email is back.'])
    expect(await statusOf(token)).toBe(401)
    expect(await login(newEmail, password)).toBe(404)
    expect(done.text).toContain('<a href="/account/reset">')
    await service.settle()
    await browser.get('/account/reset')
    const typed = { code: codeIn(mailbox.to(email).at(-1)), new_password: 'another good password' }
    expect(headingOf(await browser.send('/account/reset', typed))).toBe('Your password is changed.')
    expect(await login(email, 'another good password')).toBe(200)
  })
})

describe('the page of an invitation', () => {
  const path = '/account/invitation'

  it('sets the password, and leaves no session behind', async () => {
    const email = freshEmail()
    await inviteByMail(service, email, { roles: ['editor'] })
    const { browser, form } = await openedLink('invitation', email)
    expect(headingOf(form)).toBe('Accept the invitation')
    const short = await browser.send(path, { new_password: 'short' })
    expect([short.status, alertOf(short)]).toEqual([422, expect.stringContaining('8 characters')])
    const done = await browser.send(path, { new_password: 'a good password' })
    expect([done.status, headingOf(done)]).toEqual([200, 'Your password is set.'])
    expect(done.text).toContain('You can log in with it now.')
    const { body } = await post(app, '/auth/login', { email, password: 'a good password' })
    const listed = await ask(app, '/auth/sessions', bearing(String(body.auth_token)))
    expect((listed.body.data as { sessions: unknown[] }).sessions).toHaveLength(1)
  })

  it('logs in where tokens travel in cookies', async () => {
    const cookies = await createMailingService({ TOKEN_TRANSPORT: 'cookie' })
    const email = freshEmail()
    await inviteByMail(cookies, email)
    const { browser } = await openedLink('invitation', email, cookies)
    const done = await browser.send(path, { new_password: 'a good password' })
    expect(done.text).toContain('You are logged in.')
    const names = done.headers.getSetCookie().map((line) => line.split('=')[0])
    expect(names).toEqual(expect.arrayContaining(['__Host-access_token']))
  })

  it('leads to a new password, if its link has expired or was used', async () => {
    const email = freshEmail()
    await inviteByMail(service, email)
    const { browser, token } = await openedLink('invitation', email)
    await browser.send(path, { new_password: 'a good password' })
    const other = createPageClient(app)
    await other.get(`${path}?token=${token}`)
    await other.get(path)
    const used = await other.send(path, { new_password: 'another good password' })
    expect([used.status, alertOf(used)]).toEqual([403, expect.stringContaining('This link was')])
    expect(used.text).toContain('<a href="reset">')
    expect(used.text).not.toContain('<form')
  })
})
