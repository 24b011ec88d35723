// The page to log in by a code: where it is, the cookies that it sets, and what it tells.

import { describe, expect, it } from 'vitest'
import { createMailingService } from '../../support/mail.ts'
import { codeIn, linkTokenIn } from '../../support/mailed-code.ts'
import { createPageClient } from '../../support/page-client.ts'
import { ask, changeAccount, freshEmail, post, registerAccount } from '../../support/service.ts'

const path = '/account/code'
const service = await createMailingService({ TOKEN_TRANSPORT: 'cookie' })
const { app, mailbox } = service

async function askedAccount(isProved = true) {
  const email = freshEmail()
  await post(app, '/auth/register', { email, password: 'a good password' })
  if (isProved) await changeAccount(email, 'email_verified_at = 1')
  const browser = createPageClient(app)
  await browser.get(path)
  expect((await browser.send(path, { email })).status).toBe(303)
  await service.settle()
  const mail = mailbox.to(email).at(-1)
  return { email, browser, mail, code: codeIn(mail), token: linkTokenIn(mail) }
}

describe('the page to log in', () => {
  it('logs in by a code, with the cookies of the JSON route', async () => {
    const { browser, code } = await askedAccount()
    expect((await browser.get(path)).text).toContain('name="code"')
    const done = await browser.send(path, { code })
    expect([done.status, done.text]).toEqual([200, expect.stringContaining('You are logged in.')])
    expect(done.text).not.toContain('password')
    const set = done.headers.getSetCookie().map((line) => line.replace(/=[^;]*/, ''))
    expect(set.map((line) => line.split(';')[0])).toEqual([
      ...['__Host-access_token', '__Secure-refresh_token', '__Secure-refresh_token'],
      ...['__Secure-device_token', '__Secure-device_token', '__Host-code-code'],
    ])
    expect(
      set.filter((line) => /device/.test(line)).map((line) => /Path=[^;]+/.exec(line)?.[0]),
    ).toEqual(['Path=/auth', 'Path=/account'])
    const Cookie = `__Host-access_token=${browser.cookies.get('__Host-access_token')?.split(';')[0]}`
    expect((await ask(app, '/auth/status', { headers: { Cookie } })).status).toBe(200)
  })

  it('logs in by a link, with one button, once', async () => {
    const { browser, mail, token } = await askedAccount()
    expect(mail?.text).toContain(`https://auth.example.com${path}?token=${token}`)
    const opened = await browser.get(`${path}?token=${token}`)
    expect([opened.status, opened.headers.get('Location')]).toEqual([303, path])
    const form = await browser.get(path)
    expect(form.text.match(/<input|<button/g)).toEqual(['<input', '<button'])
    expect((await browser.send(path, {})).text).toContain('You are logged in.')
    await browser.get(`${path}?token=${token}`)
    await browser.get(path)
    const again = await browser.send(path, {})
    expect([again.status, again.text]).toEqual([403, expect.stringContaining('This link was used')])
  })

  it('says that the password was removed, if nobody had proved the email', async () => {
    const unknown = await askedAccount(false)
    await unknown.browser.get(path)
    const removed = await unknown.browser.send(path, { code: unknown.code })
    expect(removed.text).toContain('the password from before is removed')
    expect(removed.text).toContain('<a href="/account/reset">Set a new password</a>')
  })

  it('is not there where tokens travel in headers, and mails have no link then', async () => {
    const bearer = await createMailingService()
    const { email } = await registerAccount(bearer.app)
    expect((await bearer.app.request(path)).status).toBe(404)
    await post(bearer.app, '/auth/email-code', { email })
    await bearer.settle()
    expect(linkTokenIn(bearer.mailbox.to(email).at(-1))).toBe('no link')
  })
})
