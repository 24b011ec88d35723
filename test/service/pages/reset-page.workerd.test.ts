// The pages for a new password: by the link of a mail, and by its code.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createMailingService } from '../../support/mail.ts'
import { codeIn, linkTokenIn } from '../../support/mailed-code.ts'
import { createPageClient, type PageAnswer } from '../../support/page-client.ts'
import {
  ask,
  bearing,
  createCountingDatabase,
  createTestService,
  freshEmail,
  post,
  registerAccount,
} from '../../support/service.ts'

const path = '/account/reset'
const newPassword = 'another good password'
const hostile = `"><script>alert('x')</script>@<b>&amp;`
const database = createCountingDatabase()
const service = await createMailingService({}, { database })
const { app, mailbox } = service
const login = async (email: string, password: string) =>
  (await post(app, '/auth/login', { email, password })).status
const alertOf = ({ text }: PageAnswer) => /<div class="n"[^>]*>(.*?)<\/div>/s.exec(text)?.[1] ?? ''
const headingOf = ({ text }: PageAnswer) => /<h1>(.*?)<\/h1>/.exec(text)?.[1]

/** An account that has asked for a code by the page, in a browser. */
async function askedAccount(headers: Record<string, string> = {}) {
  const { token: accessToken, ...account } = await registerAccount(app)
  const browser = createPageClient(app, headers)
  await browser.get(path)
  const asked = await browser.send(path, { email: account.email })
  await service.settle()
  const mail = mailbox.to(account.email).at(-1)
  const sent = { mail, code: codeIn(mail), token: linkTokenIn(mail) }
  return { ...account, ...sent, accessToken, browser, asked }
}

describe('the page of a link', () => {
  it('takes the token out of the URL, into a cookie of the page, and uses nothing up', async () => {
    const { token, mail } = await askedAccount()
    expect(mail?.text).toContain(`https://auth.example.com${path}?token=${token}`)
    database.roundTrips = 0
    for (let opened = 0; opened < 3; opened += 1) {
      const scanner = createPageClient(app)
      const { status, headers } = await scanner.get(`${path}?token=${token}`)
      expect([status, headers.get('Location')]).toEqual([303, path])
      expect(headers.get('Referrer-Policy')).toBe('no-referrer')
      expect(headers.get('Cache-Control')).toBe('no-store')
      expect(scanner.cookies.get('__Host-code-reset')?.split('; ').slice(1).sort()).toEqual([
        'HttpOnly',
        'Max-Age=3600',
        'Path=/',
        'SameSite=Lax',
        'Secure',
      ])
    }
    expect(database.roundTrips).toBe(0)
  })

  it('sets the password, once, and logs all devices out', async () => {
    const { email, password, token, accessToken } = await askedAccount()
    const [one, other] = [createPageClient(app), createPageClient(app)]
    for (const browser of [one, other]) {
      await browser.get(`${path}?token=${token}`)
      const form = await browser.get(path)
      expect(form.text).toContain('autocomplete="new-password"')
      expect(form.text).not.toContain('name="code"')
      expect(form.text).not.toContain(token)
    }
    const done = await one.send(path, { new_password: newPassword })
    expect([done.status, headingOf(done)]).toEqual([200, 'Your password is changed.'])
    expect(done.text).toContain('All devices are logged out.')
    expect(one.cookies.has('__Host-code-reset')).toBe(false)
    expect([await login(email, password), await login(email, newPassword)]).toEqual([404, 200])
    expect((await ask(app, '/auth/status', bearing(accessToken))).status).toBe(401)
    const again = await other.send(path, { new_password: 'yet another password' })
    expect([again.status, headingOf(again)]).toEqual([403, 'Set a new password'])
    expect(alertOf(again)).toContain('This link was used, or has expired.')
    expect(again.text).toContain('name="email"')
    // The form that comes with this answer works.
    expect((await other.send(path, { email })).status).toBe(303)
  })

  it.each(['nonsense', `${'c'.repeat(16)}.${'A'.repeat(43)}`, hostile])(
    'says so at once if the token is not genuine: %s',
    async (token) => {
      const browser = createPageClient(app)
      const answer = await browser.get(`${path}?token=${encodeURIComponent(token)}`)
      expect([answer.status, browser.cookies.has('__Host-code-reset')]).toEqual([403, false])
      expect(alertOf(answer)).toContain('This link was used, or has expired.')
      expect(answer.text).not.toContain(token)
    },
  )

  it('says which password will not do, also one that is made of the email', async () => {
    const { email, token, browser } = await askedAccount({ 'Accept-Language': 'de' })
    await browser.get(`${path}?token=${token}`)
    await browser.get(path)
    const faults = {
      '': 'Geben Sie ein neues Passwort ein.',
      short: 'Geben Sie ein Passwort von mindestens 8 Zeichen ein.',
      password1: 'Dieses Passwort ist eines der häufigsten.',
      abcdefghabcdefgh: 'Dieses Passwort wiederholt nur Zeichen',
      [`${email.split('@')[0]}1`]: 'Dieses Passwort besteht aus Ihrer E-Mail-Adresse',
      ['x'.repeat(1_025)]: 'Dieses Passwort ist zu lang.',
    }
    for (const [password, sentence] of Object.entries(faults)) {
      const refused = await browser.send(path, { new_password: password })
      expect(refused.status).toBe(422)
      expect(alertOf(refused)).toContain(`<a href="#new_password">${sentence}`)
      expect(refused.text).toContain(
        'aria-describedby="new_password-hint new_password-problem" aria-invalid="true"',
      )
      if (password) expect(refused.text).not.toContain(password)
    }
    expect((await browser.send(path, { new_password: newPassword })).status).toBe(200)
  })
})

describe('the page without a link', () => {
  it('asks for the email, then for code and password', async () => {
    const { email, asked, browser, code } = await askedAccount()
    expect([asked.status, asked.headers.get('Location')]).toEqual([303, path])
    const form = await browser.get(path)
    expect(form.text).toContain('If this email has an account, a code is on its way.')
    expect(form.text).toContain('autocomplete="one-time-code" autocapitalize="characters"')
    expect(form.text).not.toContain(email)
    const wrong = await browser.send(path, { code: 'AAAA-AAAA', new_password: newPassword })
    expect(wrong.status).toBe(403)
    expect(alertOf(wrong)).toContain('<a href="#code">The code is wrong')
    expect(wrong.text).not.toContain('AAAA-AAAA')
    const done = await browser.send(path, { code: ` ${code} `, new_password: newPassword })
    expect(headingOf(done)).toBe('Your password is changed.')
    expect(await login(email, newPassword)).toBe(200)
  })

  it('answers the same for an email without an account, and mails nothing', async () => {
    const known = await askedAccount()
    const email = freshEmail()
    const browser = createPageClient(app)
    await browser.get(path)
    database.roundTrips = 0
    const before = service.clock.elapsedMs()
    const asked = await browser.send(path, { email })
    expect(service.clock.elapsedMs() - before).toBe(200)
    const shape = ({ status, headers }: PageAnswer) => [
      status,
      [...headers].map(([name, value]) => [
        name,
        value.replace(/reset=[\w-]{16}/, 'reset=…').replace(/^[\w-]{16}$/, '…'),
      ]),
    ]
    expect(shape(asked)).toEqual(shape(known.asked))
    const mask = ({ text }: PageAnswer) => text.replace(/value="[\w-]{43}"/, '')
    expect(mask(await browser.get(path))).toBe(mask(await known.browser.get(path)))
    await service.settle()
    expect(mailbox.to(email)).toEqual([])
  })

  it('keeps what was typed, escaped, and lets ask again', async () => {
    const browser = createPageClient(app)
    await browser.get(path)
    const refused = await browser.send(path, { email: hostile.replace('@', '') })
    expect(refused.status).toBe(422)
    expect(alertOf(refused)).toContain('<a href="#email">Give an email')
    expect(refused.text).toContain('value="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)')
    expect(refused.text).not.toContain('<script')
    await browser.send(path, { email: hostile })
    const form = await browser.get(path)
    expect(form.text).toContain(`<a href="${path}?start">`)
    const again = await browser.get(`${path}?start`)
    expect(again.text).toContain('name="email"')
    expect((await browser.send(path, { email: freshEmail() })).status).toBe(303)
  })

  it('records the same events as the JSON routes', async () => {
    const { email, browser, code } = await askedAccount()
    await browser.get(path)
    await browser.send(path, { code, new_password: newPassword })
    const client = createClient({ url: inject('databaseUrl') })
    const { rows } = await client.execute({
      sql: `SELECT e.event, e.outcome FROM portcullis_audit_events e
        JOIN portcullis_users u ON u.id = e.user_id WHERE u.email = ? ORDER BY e.seq`,
      args: [email],
    })
    expect(rows.map((row) => `${row.event} ${row.outcome}`)).toEqual([
      'register success',
      'forgotPassword success',
      'resetPassword attempted',
      'resetPassword success',
    ])
  })
})

describe('the form', () => {
  it.each([
    ['without a token', { form: undefined }, {}],
    ['with an empty token', { form: '' }, {}],
    ['with another token', { form: 'A'.repeat(43) }, {}],
    ['from another site', {}, { 'Sec-Fetch-Site': 'cross-site' }],
    ['from a sibling domain', {}, { 'Sec-Fetch-Site': 'same-site' }],
    ['from another origin', {}, { 'Sec-Fetch-Site': 'none', Origin: 'https://evil.example.com' }],
  ])('is shown again when it comes %s', async (_, fields, headers) => {
    const browser = createPageClient(app)
    await browser.get(path)
    database.roundTrips = 0
    const email = freshEmail()
    const refused = await browser.send(path, { email, ...fields }, headers)
    expect([refused.status, database.roundTrips]).toEqual([403, 0])
    expect(alertOf(refused)).toContain('This page was open for too long')
    expect(refused.text).toContain(`value="${email}"`)
    expect((await browser.send(path, { email })).status).toBe(303)
  })

  it('is refused with the token of another browser, or of another link', async () => {
    const { browser, token } = await askedAccount()
    const other = createPageClient(app)
    const { text } = await other.get(path)
    const form = /name="form" value="([^"]*)"/.exec(text)?.[1]
    expect((await browser.send(path, { form, email: freshEmail() })).status).toBe(403)
    await browser.get(path)
    // Another tab has opened the link meanwhile.
    await browser.get(`${path}?token=${token}`)
    const refused = await browser.send(path, { code: 'AAAA-AAAA', new_password: newPassword })
    expect(refused.status).toBe(403)
    expect(alertOf(refused)).toContain('This page was open for too long')
  })

  it('comes from an old browser without Sec-Fetch-Site', async () => {
    for (const Origin of ['null', 'https://auth.example.com']) {
      const browser = createPageClient(app)
      const { text } = await browser.get(path)
      const form = /name="form" value="([^"]*)"/.exec(text)?.[1] ?? ''
      const Cookie = `__Host-form=${browser.cookies.get('__Host-form')}`
      const body = new URLSearchParams({ form, email: freshEmail() })
      const answer = await app.request(path, { method: 'POST', headers: { Origin, Cookie }, body })
      expect(answer.status).toBe(303)
    }
  })

  it('has a cookie that only this host can set', async () => {
    const browser = createPageClient(app)
    await browser.get(path)
    expect(browser.cookies.get('__Host-form')).toMatch(
      /^[\w-]{16}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
  })

  it('is shown again beyond the limit of an address', async () => {
    const limited = await createMailingService(
      { LIMITS: 'normal' },
      { clientAddress: () => '192.0.2.1' },
    )
    const browser = createPageClient(limited.app)
    await browser.get(path)
    let refused = await browser.send(path, { email: 'ada@example.com' })
    for (let asked = 0; asked < 400 && refused.status === 303; asked += 1) {
      await browser.get(`${path}?start`)
      refused = await browser.send(path, { email: hostile })
    }
    expect([refused.status, refused.headers.get('Retry-After')]).toEqual([
      429,
      expect.stringMatching(/^\d\d$/),
    ])
    expect(alertOf(refused)).toContain('Too many tries')
    expect(refused.text).toContain('value="&quot;&gt;')
  })

  it.each([
    ['/account/reset', { email: 'ada@example.com' }, '/auth/forgot-password', 200],
    [
      '/auth/account',
      { do: 'login', email: 'ada@example.com', password: 'a guess' },
      '/auth/login',
      404,
    ],
  ])('from another site uses up no limit of its visitor: %s', async (at, fields, route, status) => {
    const limited = await createMailingService(
      { MAILS_PER_ADDRESS: '3', LOGINS_PER_ADDRESS: '3', TOKEN_TRANSPORT: 'cookie' },
      { clientAddress: () => '192.0.2.1' },
    )
    const elsewhere = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example.com' }
    for (let sent = 0; sent < 4; sent += 1) {
      const visitor = createPageClient(limited.app)
      expect((await visitor.send(at, fields, elsewhere)).status).toBe(403)
    }
    expect((await post(limited.app, route, fields)).status).toBe(status)
  })

  it('is shown again while the database is away', async () => {
    const away = await createMailingService(
      {},
      { database: { ...database, withClient: () => Promise.reject(new Error('away')) } },
    )
    const browser = createPageClient(away.app)
    await browser.get(path)
    const refused = await browser.send(path, { email: 'ada@example.com' })
    expect([refused.status, refused.headers.get('Retry-After')]).toEqual([503, '5'])
    expect(refused.headers.get('Content-Type')).toMatch(/^text\/html/)
    expect(alertOf(refused)).toContain('This does not work for the moment.')
    expect(refused.text).toContain('value="ada@example.com"')
  })
})

describe('every page', () => {
  const refused: readonly (readonly [string, RequestInit])[] = [
    ['/account/nowhere', {}],
    ['/account/code', {}],
    ['/account/reset', { method: 'DELETE' }],
    ['/account/reset', { method: 'POST', body: 'x'.repeat(20_000) }],
    ['/account/reset', { method: 'POST', body: '{}' }],
    ['/account/reset', {}],
    ['/account/reset?token=nonsense', {}],
    ['/account/reset?start', {}],
  ]

  it.each(['en', 'de', `${hostile},de`, '"><script>'])(
    'has the headers, one language and no script (%s)',
    async (language) => {
      for (const [at, init] of refused) {
        const headers = { 'Accept-Language': language, 'Content-Type': 'application/json' }
        const answer = await app.request(at, { ...init, headers })
        const text = await answer.text()
        expect(text).toContain(`<html lang="${language.includes('de') ? 'de' : 'en'}">`)
        expect(text).not.toMatch(/undefined|\[object|<script|onerror|function/)
        const csp = answer.headers.get('Content-Security-Policy') ?? ''
        expect(csp.replace(/sha256-[\w+/=]+/, 'sha256-…')).toBe(
          "default-src 'none'; style-src 'sha256-…'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        )
        const named = Object.fromEntries(answer.headers)
        expect(named).toMatchObject({
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
          'x-content-type-options': 'nosniff',
          'cross-origin-opener-policy': 'same-origin',
          'content-type': 'text/html; charset=UTF-8',
        })
        const style = /<style>(.*?)<\/style>/s.exec(text)?.[1] ?? ''
        const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))
        const hash = btoa(String.fromCharCode(...new Uint8Array(digest)))
        expect(csp).toContain(`'sha256-${hash}'`)
      }
    },
  )

  it('is there only if the service sends mail, below the path of the issuer', async () => {
    const { app } = await createTestService()
    const answer = await app.request(path)
    expect([answer.status, await answer.text()]).toEqual([
      404,
      expect.stringContaining('<h1>This page does not exist</h1>'),
    ])
    const below = await createMailingService({ ISSUER: 'https://example.com/id' })
    const browser = createPageClient(below.app)
    const { text } = await browser.get('/id/account/reset')
    expect(text).toContain('action="/id/account/reset"')
    expect((await below.app.request(path)).status).toBe(404)
  })

  it('gives its forms to no other origin', async () => {
    const { app } = await createMailingService({ CORS_ORIGINS: 'https://app.example.com' })
    const headers = { Origin: 'https://app.example.com' }
    const answer = await app.request(path, { headers })
    expect(answer.headers.has('Access-Control-Allow-Origin')).toBe(false)
  })

  it('leaves no token, email or password in the log', async () => {
    const { email, browser, token } = await askedAccount()
    const before = service.log.length
    await browser.get(`${path}?token=${token}`)
    await browser.get(path)
    await browser.send(path, { new_password: newPassword })
    await service.settle()
    const lines = service.log.slice(before).join('\n')
    expect(lines).toContain('"route":"/account/reset"')
    for (const secret of [email, token, newPassword]) expect(lines).not.toContain(secret)
  })
})
