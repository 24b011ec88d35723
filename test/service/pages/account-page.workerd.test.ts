// The page of the account: the login, what owners do there, and what is refused.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createMailingService } from '../../support/mail.ts'
import { codeIn } from '../../support/mailed-code.ts'
import { createPageClient, type PageAnswer, type PageClient } from '../../support/page-client.ts'
import { ask, changeAccount, createTestService, freshEmail, post } from '../../support/service.ts'

const path = '/auth/account'
const password = 'a good password'
const service = await createMailingService({
  TOKEN_TRANSPORT: 'cookie',
  CORS_ORIGINS: 'https://www.example.com',
})
const { app, clock, mailbox } = service
const headingOf = ({ text }: PageAnswer) => /<h1>(.*?)<\/h1>/.exec(text)?.[1]
const alertOf = ({ text }: PageAnswer) => /<div class="n"[^>]*>(.*?)<\/div>/s.exec(text)?.[1] ?? ''
const statusOf = ({ text }: PageAnswer) => /role="status">(.*?)</.exec(text)?.[1]
const firefox = 'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0'
const own = { 'Sec-Fetch-Site': 'same-origin' }

async function register(at = service): Promise<string> {
  const email = freshEmail()
  await post(at.app, '/auth/register', { email, password })
  return email
}

function createBrowser(at = service): PageClient {
  return createPageClient(at.app, { 'User-Agent': firefox })
}

/** A browser in which the account is logged in, at its page. */
async function openAccount(at = service, email?: string) {
  const account = email ?? (await register(at))
  const browser = createBrowser(at)
  await browser.get(path)
  const sent = await browser.send(path, { do: 'login', email: account, password })
  expect([sent.status, sent.headers.get('Location')]).toEqual([303, path])
  return { email: account, browser, page: await browser.get(path) }
}

const cookieOf = (browser: PageClient, name = '__Host-access_token') =>
  `${name}=${browser.cookies.get(name)?.split(';')[0]}`
const isLoggedIn = async (browser: PageClient) =>
  (await ask(app, '/auth/status', { headers: { Cookie: cookieOf(browser) } })).status === 200

/** Sends a form, and follows the redirect. */
async function sendAndSee(browser: PageClient, fields: Record<string, string>) {
  const sent = await browser.send(path, fields)
  expect(sent.status).toBe(303)
  return browser.get(sent.headers.get('Location') ?? '')
}

describe('the login at the page of the account', () => {
  it('logs in with the cookies of the JSON route, and shows the account', async () => {
    const email = await register()
    const browser = createBrowser()
    const form = await browser.get(path)
    expect([form.status, headingOf(form)]).toEqual([200, 'Log in'])
    expect(form.text).toContain('/account/reset">Forgot your password?</a>')
    expect(form.text).toContain('/account/code">')
    const sent = await browser.send(path, { do: 'login', email, password })
    expect([sent.status, sent.headers.get('Location')]).toEqual([303, path])
    const set = sent.headers.getSetCookie().map((line) => line.replace(/=[^;]*/, ''))
    expect(set.map((line) => `${line.split(';')[0]} ${/Path=[^;]+/.exec(line)?.[0]}`)).toEqual([
      '__Host-access_token Path=/',
      '__Secure-refresh_token Path=/auth',
      '__Secure-refresh_token Path=/auth/refresh',
      '__Secure-device_token Path=/auth',
      '__Secure-device_token Path=/account',
    ])
    const page = await browser.get(path)
    expect([headingOf(page), page.text.includes(email)]).toEqual(['Your account', true])
    expect(page.text).toContain('Your email is not confirmed.')
    expect(page.headers.get('Cache-Control')).toBe('no-store')
    await changeAccount(email, 'email_verified_at = 1')
    expect((await browser.get(path)).text).toContain('Your email is confirmed.')
  })

  it.each([
    ['unknown', freshEmail()],
    ['wrong', undefined],
    ['disabled', undefined],
  ])('says the same for an account that is %s', async (kind, unknown) => {
    const email = unknown ?? (await register())
    if (kind === 'disabled') await changeAccount(email, 'disabled_at = 1')
    const browser = createBrowser()
    await browser.get(path)
    const typed = kind === 'wrong' ? 'not the password' : password
    const refused = await browser.send(path, { do: 'login', email, password: typed })
    expect([refused.status, alertOf(refused).trim()]).toEqual([
      404,
      '<p>The email or the password is wrong.</p>',
    ])
    expect(refused.text).toContain(`value="${email}"`)
    expect(refused.text).not.toContain(typed)
    expect(browser.cookies.has('__Host-access_token')).toBe(false)
  })

  it('limits wrong passwords as the JSON route does, and counts them together', async () => {
    const email = await register()
    const browser = createBrowser()
    await browser.get(path)
    const wrong = { do: 'login', email, password: 'not the password' }
    for (let times = 0; times < 12; times += 1) await browser.send(path, wrong)
    const refused = await browser.send(path, { ...wrong, password })
    expect([refused.status, alertOf(refused)]).toEqual([429, expect.stringContaining('Too many')])
    expect((await post(app, '/auth/login', { email, password })).status).toBe(429)
  })

  it('says that the email must be confirmed, where a login needs that', async () => {
    const strict = await createMailingService({
      TOKEN_TRANSPORT: 'cookie',
      REQUIRE_VERIFIED_EMAIL: 'login',
    })
    const email = freshEmail()
    await post(strict.app, '/auth/register', { email, password })
    await strict.settle()
    const before = strict.mailbox.to(email).length
    const browser = createBrowser(strict)
    await browser.get(path)
    const refused = await browser.send(path, { do: 'login', email, password })
    expect([refused.status, alertOf(refused)]).toEqual([
      403,
      expect.stringContaining('Your email is not confirmed. Check your mail.'),
    ])
    await strict.settle()
    expect(strict.mailbox.to(email).length).toBe(before + 1)
  })

  it('says that the email refuses mail', async () => {
    const email = await register()
    await createClient({ url: inject('databaseUrl') }).execute({
      sql: 'INSERT INTO portcullis_suppressed_addresses VALUES (?, unixepoch() + 1000)',
      args: [email],
    })
    const browser = createBrowser()
    await browser.get(path)
    const page = await sendAndSee(browser, { do: 'login', email, password })
    expect(statusOf(page)).toBe(
      'Your email refuses mail from us. Change it, or you may lose your account.',
    )
  })

  it('says that it takes back a planned deletion, and so do a code and a reset', async () => {
    const plan = (email: string) => changeAccount(email, 'deletion_due_at = unixepoch() + 1000')
    const kept = 'Your account is not deleted.'
    const email = await register()
    await changeAccount(email, 'email_verified_at = 1')
    await plan(email)
    const browser = createBrowser()
    await browser.get(path)
    const page = await sendAndSee(browser, { do: 'login', email, password })
    expect([headingOf(page), statusOf(page)]).toEqual([
      'Your account',
      expect.stringContaining(kept),
    ])
    for (const flow of ['/account/code', '/account/reset']) {
      await plan(email)
      await browser.get(flow)
      await browser.send(flow, { email })
      await service.settle()
      await browser.get(flow)
      const code = codeIn(mailbox.to(email).at(-1))
      const done = await browser.send(flow, { code, new_password: 'another good password' })
      expect([done.status, done.text]).toEqual([200, expect.stringContaining(kept)])
    }
  })
})

describe('the page of the account', () => {
  it('logs out, and forgets the cookies', async () => {
    const { browser } = await openAccount()
    const before = cookieOf(browser)
    const page = await sendAndSee(browser, { do: 'logout' })
    expect([headingOf(page), statusOf(page)]).toEqual(['Log in', 'You are logged out.'])
    expect(browser.cookies.has('__Secure-refresh_token')).toBe(false)
    expect((await ask(app, '/auth/status', { headers: { Cookie: before } })).status).toBe(401)
  })

  it('mails the link of the proof again, and says so once', async () => {
    const { browser, email } = await openAccount()
    const page = await sendAndSee(browser, { do: 'requestVerification' })
    expect(statusOf(page)).toBe('Check your mail.')
    await service.settle()
    expect(mailbox.to(email).at(-1)?.text).toContain('/account/verify?token=')
    for (let times = 0; times < 4; times += 1)
      await browser.send(path, { do: 'requestVerification' })
    const refused = await browser.send(path, { do: 'requestVerification' })
    expect([refused.status, alertOf(refused)]).toEqual([
      429,
      expect.stringContaining('No mail can be sent to this email now.'),
    ])
    expect(headingOf(refused)).toBe('Your account')
  })

  it('says nothing of a mail if the email is proved by now', async () => {
    const { browser, email } = await openAccount()
    await changeAccount(email, 'email_verified_at = 1')
    expect(statusOf(await sendAndSee(browser, { do: 'requestVerification' }))).toBeUndefined()
  })

  it('does not say for a link of another site what was done', async () => {
    const { browser } = await openAccount()
    const gone = `${path}?done=gone`
    expect(statusOf(await browser.get(gone, own))).toContain('your account will be deleted.')
    for (const site of ['cross-site', 'same-site', 'none']) {
      expect(statusOf(await browser.get(gone, { 'Sec-Fetch-Site': site }))).toBeUndefined()
    }
  })

  it('is where /account leads to', async () => {
    const { browser } = await openAccount()
    const answer = await browser.get('/account')
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, path])
  })

  it.each([
    ['a logout', { do: 'logout' }],
    ['a login', { do: 'login', email: '', password }],
  ])('leaves the next person no code of a mail after %s', async (_, fields) => {
    const { browser, email } = await openAccount()
    await changeAccount(email, 'email_verified_at = 1')
    for (const [flow, ask] of [
      ['code', 'email-code'],
      ['reset', 'forgot-password'],
    ]) {
      await post(app, `/auth/${ask}`, { email })
      await service.settle()
      const token = /\?token=([\w.-]+)/.exec(mailbox.to(email).at(-1)?.text ?? '')?.[1]
      await browser.get(`/account/${flow}?token=${token}`)
      expect(browser.cookies.get(`__Host-code-${flow}`)).toContain(token)
    }
    await browser.get(path)
    await sendAndSee(browser, 'email' in fields ? { ...fields, email } : fields)
    expect([...browser.cookies.keys()].filter((name) => name.includes('code'))).toEqual([])
  })

  it('shows nothing from the URL but what it knows', async () => {
    const { browser } = await openAccount()
    for (const done of ['nonsense', 'constructor', '<script>', 'toString', '']) {
      const page = await browser.get(`${path}?done=${encodeURIComponent(done)}`)
      expect([page.status, statusOf(page)]).toEqual([200, undefined])
      expect(page.text).not.toContain('<script')
    }
  })

  it('shows the login once the session is revoked', async () => {
    const { browser } = await openAccount()
    await ask(app, '/auth/logout', {
      method: 'POST',
      headers: { Cookie: cookieOf(browser), ...own, 'Content-Type': 'application/json' },
    })
    const page = await browser.get(path, own)
    expect([page.status, headingOf(page)]).toEqual([200, 'Log in'])
    for (const action of ['requestVerification', 'refresh']) {
      expect(headingOf(await browser.send(path, { do: action }))).toBe('Log in')
    }
  })

  it('is not there where tokens travel in headers, or without mail', async () => {
    const bearer = await createMailingService()
    expect((await bearer.app.request(path)).status).toBe(404)
    const mute = await createTestService({ TOKEN_TRANSPORT: 'cookie' })
    expect((await mute.app.request(path)).status).toBe(404)
  })

  it('is for no other origin, and a page whatever is refused', async () => {
    const { browser } = await openAccount()
    const page = await browser.get(path, { Origin: 'https://www.example.com' })
    expect(page.headers.get('Access-Control-Allow-Origin')).toBeNull()
    expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
    const put = await app.request(path, { method: 'PUT', headers: own })
    expect([put.status, put.headers.get('Content-Type')]).toEqual([405, 'text/html; charset=UTF-8'])
    const json = { 'Content-Type': 'application/json' }
    expect((await browser.send(path, { do: 'logout' }, json)).status).toBe(415)
    expect((await browser.send(path, { do: 'constructor' })).status).toBe(404)
    expect(await isLoggedIn(browser)).toBe(true)
  })
})

describe('the sessions at the page of the account', () => {
  const rowsIn = ({ text }: PageAnswer) => text.match(/<tr><td>.*?(?=<tr>|<\/table>)/gs) ?? []
  const buttonIn = (row = '') => /value="(endSession [^"]*)"/.exec(row)?.[1] ?? ''

  it('lists them, and ends another one', async () => {
    const { browser, email } = await openAccount()
    const other = (await openAccount(service, email)).browser
    const page = await browser.get(path)
    const rows = rowsIn(page)
    // That of the registration is the third one.
    expect(rows).toHaveLength(3)
    expect(rows.filter((row) => row.includes('Firefox on Windows'))).toHaveLength(2)
    expect(rows.filter((row) => row.includes('This one'))).toHaveLength(1)
    expect(rows[0]).toMatch(/<td>\d{4}-\d\d-\d\d \d\d:\d\d/)
    const isOther = (row: string) => row.includes('Firefox') && !row.includes('This one')
    const button = buttonIn(rows.find(isOther))
    const after = await sendAndSee(browser, { do: button })
    expect([rowsIn(after).length, statusOf(after)]).toEqual([2, 'That device is logged out.'])
    expect([await isLoggedIn(browser), await isLoggedIn(other)]).toEqual([true, false])
    expect(statusOf(await sendAndSee(browser, { do: button }))).toBeUndefined()
  })

  it('ends no session of somebody else', async () => {
    const { browser } = await openAccount()
    const stranger = await openAccount()
    const id = stranger.browser.cookies.get('__Secure-refresh_token')?.split('.')[0]
    await sendAndSee(browser, { do: `endSession ${id}` })
    expect(await isLoggedIn(stranger.browser)).toBe(true)
  })

  it('shows names of devices and emails as text', async () => {
    const { browser, email } = await openAccount()
    const hostile = '<img src=x onerror=alert(1)>"\'&'
    await createClient({ url: inject('databaseUrl') }).execute({
      sql: `UPDATE portcullis_sessions SET device = ?1, address = ?1
        WHERE user_id = (SELECT id FROM portcullis_users WHERE email = ?2)`,
      args: [hostile, email],
    })
    await changeAccount(email, `email = '${hostile.replaceAll("'", "''")}'`)
    const { text } = await browser.get(path)
    expect(text).not.toContain('<img')
    const escaped = text.match(/&lt;img src=x onerror=alert\(1\)&gt;&quot;&#39;&amp;/g) ?? []
    expect(escaped.length).toBeGreaterThan(3)
    expect(text.split('onerror')).toHaveLength(escaped.length + 1)
  })

  it('ends all others, with new cookies for this one', async () => {
    const { browser, email } = await openAccount()
    const other = (await openAccount(service, email)).browser
    const before = cookieOf(browser)
    const page = await sendAndSee(browser, { do: 'logoutEverywhere others' })
    expect([rowsIn(page).length, statusOf(page)]).toEqual([1, 'All other devices are logged out.'])
    expect(cookieOf(browser)).not.toBe(before)
    expect([await isLoggedIn(browser), await isLoggedIn(other)]).toEqual([true, false])
  })

  it('ends all of them', async () => {
    const { browser, email } = await openAccount()
    const other = (await openAccount(service, email)).browser
    const page = await sendAndSee(browser, { do: 'logoutEverywhere' })
    expect([headingOf(page), statusOf(page)]).toEqual(['Log in', 'You are logged out.'])
    expect(browser.cookies.has('__Host-access_token')).toBe(false)
    expect(await isLoggedIn(other)).toBe(false)
  })
})

const newPassword = 'another good password'
const forget = (email: string) => changeAccount(email, "password_hash = '!', email_verified_at = 1")
const code = 'Log in again by code'
/** The login of the session, and its access token, become older than a fresh one. */
async function letLoginAge(email: string, browser: PageClient) {
  await createClient({ url: inject('databaseUrl') }).execute({
    sql: `UPDATE portcullis_sessions SET authenticated_at = authenticated_at - 1000
      WHERE user_id = (SELECT id FROM portcullis_users WHERE email = ?)`,
    args: [email],
  })
  const cookies = `${cookieOf(browser)}; ${cookieOf(browser, '__Secure-refresh_token')}`
  const headers = { ...own, Cookie: cookies, 'Content-Type': 'application/json' }
  const { headers: set } = await ask(app, '/auth/refresh', { method: 'POST', headers })
  for (const line of set.getSetCookie()) browser.keep(line)
}

describe('the change of the password at the page of the account', () => {
  const change = { do: 'changePassword', password, new_password: newPassword }

  it('changes it, goes on here, and ends all other sessions', async () => {
    const { browser, email } = await openAccount()
    const other = (await openAccount(service, email)).browser
    const page = await sendAndSee(browser, change)
    expect([headingOf(page), statusOf(page)]).toEqual([
      'Your account',
      'Your password is changed. All other devices are logged out.',
    ])
    expect([await isLoggedIn(browser), await isLoggedIn(other)]).toEqual([true, false])
    expect((await post(app, '/auth/login', { email, password: newPassword })).status).toBe(200)
    await service.settle()
    expect(mailbox.to(email).at(-1)?.text).toContain('password')
    expect(headingOf(await sendAndSee(browser, { do: 'refresh' }))).toBe('Your account')
  })

  it.each([
    ['', 'new_password', 'Give a new password.'],
    ['short', 'new_password', 'Give a password of at least 8 characters.'],
    ['password1', 'new_password', 'one of the commonest'],
    [password, 'new_password', 'Give a new password.'],
  ])('refuses the new password %j beside its field', async (typed, field, said) => {
    const { browser } = await openAccount()
    const refused = await browser.send(path, { ...change, new_password: typed })
    expect([refused.status, alertOf(refused)]).toEqual([422, expect.stringContaining(said)])
    expect(refused.text).toContain(
      `aria-describedby="changePassword-${field}-hint changePassword-${field}-problem"`,
    )
    expect(refused.text).toContain(`<a href="#changePassword-${field}">`)
  })

  it('refuses what is made of the email, and what was in a breach, in the reader’s language', async () => {
    const { browser, email } = await openAccount()
    const named = await browser.send(path, { ...change, new_password: email.split('@')[0] ?? '' })
    expect([named.status, alertOf(named)]).toEqual([422, expect.stringContaining('made of your')])
    const german = { 'Accept-Language': 'de' }
    const short = await browser.send(path, { ...change, new_password: 'short' }, german)
    expect(alertOf(short)).toContain('mindestens 8 Zeichen')
  })

  it('refuses a wrong or missing password beside its field, ten times or less', async () => {
    const { browser } = await openAccount()
    const missing = await browser.send(path, { ...change, password: '' })
    expect([missing.status, alertOf(missing)]).toEqual([
      403,
      expect.stringContaining(
        '<a href="#changePassword-password">Give the password of your account.',
      ),
    ])
    const wrong = { ...change, password: 'not the password' }
    const refused = await browser.send(path, wrong)
    expect(alertOf(refused)).toContain(
      '<a href="#changePassword-password">This is not the password',
    )
    expect(refused.text).not.toContain('value="not the password"')
    for (let times = 0; times < 12; times += 1) await browser.send(path, wrong)
    const over = await browser.send(path, change)
    expect([over.status, alertOf(over)]).toEqual([429, expect.stringContaining('Too many')])
  })

  it('needs a fresh login where there is no password, and shows no field for it', async () => {
    const { browser, email } = await openAccount()
    await forget(email)
    const fresh = await browser.get(path)
    expect(fresh.text).not.toContain('current-password')
    await letLoginAge(email, browser)
    const old = await browser.get(path)
    expect(old.text.match(/\/account\/code">Log in again by code/g)).toHaveLength(2)
    expect(old.text).not.toContain('name="new_password"')
    const sent = { do: 'changePassword', new_password: newPassword }
    const refused = await browser.send(path, sent)
    expect([refused.status, alertOf(refused)]).toEqual([401, expect.stringContaining(code)])
  })

  it('sets a password by a fresh login', async () => {
    const { browser, email } = await openAccount()
    await forget(email)
    await browser.get(path)
    const page = await sendAndSee(browser, { do: 'changePassword', new_password: newPassword })
    expect(statusOf(page)).toContain('Your password is changed.')
    expect((await post(app, '/auth/login', { email, password: newPassword })).status).toBe(200)
  })
})

describe('the change of the email at the page of the account', () => {
  it('mails the new email, and says the same for one that is taken', async () => {
    const { browser, email } = await openAccount()
    await letLoginAge(email, browser)
    const [free, taken] = [freshEmail(), await register()]
    for (const newEmail of [free, taken]) {
      const page = await sendAndSee(browser, { do: 'changeEmail', email: newEmail, password })
      expect([statusOf(page), page.text.includes(email)]).toEqual([
        'Open the link in the mail to your new email. Until then, nothing changes.',
        true,
      ])
    }
    await service.settle()
    expect(mailbox.to(free).at(-1)?.text).toContain('/account/email?token=')
    expect(mailbox.to(taken).at(-1)?.text).not.toContain('?token=')
  })

  it('refuses an email that is none, and a wrong password or none', async () => {
    const { browser } = await openAccount()
    const hostile = '"><script>@'
    const none = await browser.send(path, { do: 'changeEmail', email: hostile, password })
    expect([none.status, alertOf(none)]).toEqual([
      422,
      expect.stringContaining('#changeEmail-email'),
    ])
    expect(none.text).toContain('value="&quot;&gt;&lt;script&gt;@"')
    const asked = { do: 'changeEmail', email: freshEmail() }
    const wrong = await browser.send(path, { ...asked, password: 'not the password' })
    expect(alertOf(wrong)).toContain('#changeEmail-password')
    expect(wrong.text).toContain(`value="${asked.email}"`)
    for (const none of [{}, { password: '' }]) {
      expect(alertOf(await browser.send(path, { ...asked, ...none }))).toContain(
        '#changeEmail-password',
      )
    }
    await service.settle()
    expect(mailbox.to(asked.email)).toEqual([])
  })

  it('is not there without a password, which the link of the mail asks for', async () => {
    const { browser, email } = await openAccount()
    await forget(email)
    const { text } = await browser.get(path)
    expect(text).not.toContain('changeEmail')
    expect(text).toContain('/account/reset">Set a new password</a>')
  })
})

describe('the deletion at the page of the account', () => {
  it('plans it, and logs out', async () => {
    const { browser, email, page } = await openAccount()
    expect(page.text).toContain('after 14 days')
    await letLoginAge(email, browser)
    const done = await sendAndSee(browser, { do: 'deleteAccount', sure: 'on', password })
    expect([headingOf(done), statusOf(done)]).toEqual([
      'Log in',
      'You are logged out, and your account will be deleted.',
    ])
    expect(browser.cookies.has('__Host-access_token')).toBe(false)
    const kept = await post(app, '/auth/login', { email, password })
    expect(kept.body.deletion_cancelled).toBe(true)
  })

  it('needs the box and the password, and says what is missing', async () => {
    const { browser } = await openAccount()
    const unsure = await browser.send(path, { do: 'deleteAccount', password })
    expect([unsure.status, alertOf(unsure)]).toEqual([
      422,
      expect.stringContaining('<a href="#deleteAccount-sure">Tick this box'),
    ])
    const wrong = { do: 'deleteAccount', sure: 'on', password: 'not the password' }
    for (const sent of [wrong, { ...wrong, password: undefined }]) {
      expect(alertOf(await browser.send(path, sent))).toContain('#deleteAccount-password')
    }
    expect(await isLoggedIn(browser)).toBe(true)
  })

  it('says that it is at once, where it is', async () => {
    const days = { TOKEN_TRANSPORT: 'cookie', ACCOUNT_DELETION_DAYS: '0' }
    const atOnce = await createMailingService(days)
    const { browser, email, page } = await openAccount(atOnce)
    expect(page.text).toContain('It is deleted at once.')
    const done = await sendAndSee(browser, { do: 'deleteAccount', sure: 'on', password })
    expect(statusOf(done)).toBe('Your account is deleted.')
    expect((await post(app, '/auth/login', { email, password })).status).toBe(404)
  })
})

describe('the export at the page of the account', () => {
  it('leads to the file, also after the access token has expired', async () => {
    const { browser, email } = await openAccount()
    clock.advance(1_000)
    const sent = await browser.send(path, { do: 'exportAccount' })
    expect([sent.status, sent.headers.get('Location')]).toEqual([303, '/auth/export'])
    const headers = { Cookie: cookieOf(browser) }
    const file = await app.request('/auth/export', { headers })
    expect(file.headers.get('Content-Disposition')).toContain('account.json')
    expect(await file.text()).toContain(email)
  })
})

describe('a form of the account', () => {
  it.each([
    ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
    ['a sibling domain', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://www.example.com' }],
    ['a page without a name', { 'Sec-Fetch-Site': 'cross-site', Origin: 'null' }],
  ])('is refused from %s', async (_, headers) => {
    const { browser } = await openAccount()
    const refused = await browser.send(path, { do: 'logout' }, headers)
    expect([refused.status, alertOf(refused)]).toEqual([
      403,
      expect.stringContaining('This page was open for too long'),
    ])
    expect(await isLoggedIn(browser)).toBe(true)
  })

  it('is refused without its token, and with that of another browser, person or page', async () => {
    const { browser, email } = await openAccount()
    const formIn = ({ text }: PageAnswer) => /name="form" value="([^"]*)"/.exec(text)?.[1] ?? ''
    const foreign = formIn((await openAccount(service, email)).page)
    const ofBefore = formIn((await openAccount()).page)
    const ofReset = formIn(await browser.get('/account/reset'))
    await browser.get(path)
    for (const form of [undefined, '', 'nonsense', foreign, ofBefore, ofReset]) {
      const sent = { do: 'logout', form } as Record<string, string>
      expect((await browser.send(path, sent)).status).toBe(403)
    }
    expect(await isLoggedIn(browser)).toBe(true)
  })

  it('is refused once somebody else is logged in in the same browser', async () => {
    const { browser, page } = await openAccount()
    const form = /name="form" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    await sendAndSee(browser, { do: 'logout' })
    await browser.send(path, { do: 'login', email: await register(), password })
    expect((await browser.send(path, { do: 'logout', form })).status).toBe(403)
    expect(await isLoggedIn(browser)).toBe(true)
  })
})

describe('an access token that has expired', () => {
  it('is exchanged when the browser goes there by itself, also in two tabs at once', async () => {
    const { browser } = await openAccount()
    const before = cookieOf(browser, '__Secure-refresh_token')
    clock.advance(1_000)
    const tabs = await Promise.all([browser.get(path, own), browser.get(path, own)])
    expect(tabs.map(headingOf)).toEqual(['Your account', 'Your account'])
    expect(cookieOf(browser, '__Secure-refresh_token')).not.toBe(before)
    expect(await isLoggedIn(browser)).toBe(true)
    expect(headingOf(await browser.get(path))).toBe('Your account')
  })

  it.each([
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a sibling domain', { 'Sec-Fetch-Site': 'same-site' }],
    ['a browser that does not say from where', {}],
    ['a page that is loaded in advance', { ...own, 'Sec-Purpose': 'prefetch;prerender' }],
  ])('waits for a button when the way comes from %s', async (_, headers) => {
    const { browser } = await openAccount()
    clock.advance(1_000)
    const page = await browser.get(path, headers as Record<string, string>)
    expect([headingOf(page), page.headers.getSetCookie()]).toEqual(['Your account', []])
    expect(page.text).toContain('>Continue</button>')
    expect(await isLoggedIn(browser)).toBe(false)
    const open = await sendAndSee(browser, { do: 'refresh' })
    expect(open.text).toContain('>Log out</button>')
    expect(await isLoggedIn(browser)).toBe(true)
  })

  it('still sends a form that was open meanwhile', async () => {
    const { browser, email } = await openAccount()
    clock.advance(1_000)
    expect(statusOf(await sendAndSee(browser, { do: 'requestVerification' }))).toBe(
      'Check your mail.',
    )
    await service.settle()
    expect(mailbox.to(email)).not.toEqual([])
  })
})
