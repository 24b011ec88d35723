// The page that proves an email, for who comes by the link of a mail.

import { describe, expect, it } from 'vitest'
import { createMailingService } from '../../support/mail.ts'
import { linkTokenIn } from '../../support/mailed-code.ts'
import { createPageClient, type PageAnswer } from '../../support/page-client.ts'
import {
  ask,
  bearing,
  createCountingDatabase,
  post,
  postWith,
  registerAccount,
} from '../../support/service.ts'

const path = '/account/verify'
const database = createCountingDatabase()
const service = await createMailingService({}, { database })
const { app, mailbox } = service
const headingOf = ({ text }: PageAnswer) => /<h1>(.*?)<\/h1>/.exec(text)?.[1]
const alertOf = ({ text }: PageAnswer) => /<div class="n"[^>]*>(.*?)<\/div>/s.exec(text)?.[1] ?? ''

/** An account that has asked for the proof, and a browser that has opened the link. */
async function openedLink(headers: Record<string, string> = {}) {
  const { token: accessToken, ...account } = await registerAccount(app)
  await postWith(app, '/auth/email-verification', accessToken, {})
  await service.settle()
  const mail = mailbox.to(account.email).at(-1)
  const token = linkTokenIn(mail)
  const browser = createPageClient(app, headers)
  const opened = await browser.get(`${path}?token=${token}`)
  return { ...account, accessToken, mail, token, browser, opened }
}

const isProved = async (accessToken: string) => {
  const { body } = await ask(app, '/auth/status', bearing(accessToken))
  return (body.data as { email_verified: boolean }).email_verified
}

describe('the page that proves an email', () => {
  it('is where the link of the mail leads, takes the token out of the URL, and uses nothing', async () => {
    const { mail, token, opened, browser, accessToken } = await openedLink()
    expect(mail?.text).toContain(`https://auth.example.com${path}?token=${token}`)
    expect([opened.status, opened.headers.get('Location')]).toEqual([303, path])
    const form = await browser.get(path)
    expect(headingOf(form)).toBe('Confirm your email')
    expect(form.text).toContain('autocomplete="current-password"')
    expect(form.text).not.toContain(token)
    expect(form.text).not.toContain('name="email"')
    expect(await isProved(accessToken)).toBe(false)
  })

  it('proves it with the password of the account, which stays', async () => {
    const { browser, password, email, accessToken } = await openedLink()
    await browser.get(path)
    const done = await browser.send(path, { password })
    expect([done.status, headingOf(done)]).toEqual([200, 'Your email is confirmed.'])
    expect(done.text).not.toContain('is removed')
    expect(browser.cookies.has('__Host-code-verify')).toBe(false)
    expect(await isProved(accessToken)).toBe(true)
    expect((await post(app, '/auth/login', { email, password })).status).toBe(200)
  })

  it('asks again for a password that is missing or wrong, five times at most', async () => {
    const { browser, password, accessToken } = await openedLink()
    await browser.get(path)
    for (let times = 0; times < 6; times += 1) {
      const missing = await browser.send(path, { password: '' })
      expect(missing.status).toBe(403)
      expect(alertOf(missing)).toContain('<a href="#password">Give the password of your account.')
    }
    for (let times = 0; times < 5; times += 1) {
      const wrong = await browser.send(path, { password: 'not the password' })
      expect(alertOf(wrong)).toContain('This is not the password of your account.')
      expect(wrong.text).not.toContain('not the password"')
    }
    const over = await browser.send(path, { password })
    expect([over.status, alertOf(over)]).toEqual([403, expect.stringContaining('This link was')])
    expect(over.text).toContain('Open the link in the mail')
    expect(over.text).not.toContain('<form')
    expect(await isProved(accessToken)).toBe(false)
  })

  it('gives the account to its reader, who has not registered', async () => {
    const { browser, password, email, accessToken } = await openedLink({ 'Accept-Language': 'de' })
    const form = await browser.get(path)
    expect(form.text).toContain('name="remove_password" value="true">Ich habe kein Konto angelegt')
    // A browser sends the field of the password along.
    const done = await browser.send(path, { password: '', remove_password: 'true' })
    expect(headingOf(done)).toBe('Ihre E-Mail-Adresse ist bestätigt.')
    expect(done.text).toContain('<a href="/account/reset">')
    expect((await ask(app, '/auth/status', bearing(accessToken))).status).toBe(401)
    expect((await post(app, '/auth/login', { email, password })).status).toBe(404)
  })

  it('says what to do without a link, or with one that is used', async () => {
    const { token, browser, password } = await openedLink()
    const bare = createPageClient(app)
    const shown = await bare.get(path)
    expect([shown.status, shown.text]).toEqual([
      200,
      expect.stringContaining('Open the link in the mail'),
    ])
    expect(shown.text).not.toContain('<form')
    await browser.get(path)
    await browser.send(path, { password })
    await bare.get(`${path}?token=${token}`)
    await bare.get(path)
    const used = await bare.send(path, { password })
    expect([used.status, alertOf(used)]).toEqual([403, expect.stringContaining('This link was')])
    expect(used.text).not.toContain('Ask for another one here')
  })

  it('asks the database nothing for a form without a link', async () => {
    const browser = createPageClient(app)
    const { text } = await createPageClient(app).get('/account/reset')
    expect(text).toContain('name="form"')
    await browser.get('/account/reset')
    database.roundTrips = 0
    for (const fields of [{}, { email: 'ada@example.com' }, { password: 'x' }]) {
      const answer = await browser.send(path, fields)
      expect([answer.status, alertOf(answer)]).toEqual([403, expect.stringContaining('This link')])
    }
    expect(database.roundTrips).toBe(0)
  })

  it('takes no link of another purpose', async () => {
    const { email } = await openedLink()
    await post(app, '/auth/forgot-password', { email })
    await service.settle()
    const browser = createPageClient(app)
    const answer = await browser.get(`${path}?token=${linkTokenIn(mailbox.to(email).at(-1))}`)
    expect([answer.status, browser.cookies.has('__Host-code-verify')]).toEqual([403, false])
  })
})
