// The pages of the service in a real browser: by keyboard alone and without scripts, and for
// readers with a screen reader, a small screen, or dark colours.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import axe, { type AxeResults } from 'axe-core'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { describeInBrowser, launchBrowser } from '../support/browser.ts'
import { freshEmail } from '../support/client.ts'
import { startIssuingService } from '../support/issuing-service.ts'

/** Where to keep pictures of all pages, to look at. */
const pictures = process.env.PAGE_PICTURES
const newPassword = 'another good password'
const mails: { readonly to: string[]; readonly text: string }[] = []
let browser: Browser
let context: BrowserContext
let mailApi: Server
let service: Awaited<ReturnType<typeof startIssuingService>>

beforeAll(async () => {
  browser = await launchBrowser()
  mailApi = createServer(async (request, answer) => {
    mails.push(JSON.parse(await text(request)))
    answer.end('{"id":"1"}')
  })
  await new Promise<void>((resolve) => mailApi.listen(0, '127.0.0.1', resolve))
  service = await startIssuingService(inject('bundle'), {
    TOKEN_TRANSPORT: 'cookie',
    MAILER: 'http',
    MAIL_FROM: 'Example <auth@example.com>',
    MAIL_API_KEY: 'a-key',
    MAIL_API_URL: `http://127.0.0.1:${(mailApi.address() as AddressInfo).port}/emails`,
  })
})
afterEach(() => context?.close())
afterAll(async () => {
  mailApi?.close()
  await browser?.close()
  await service?.stop()
})

async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  context = await browser.newContext({ locale: 'en', ...options })
  return context.newPage()
}

const send = (path: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${service.issuer}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

async function register(): Promise<string> {
  const email = freshEmail()
  await send('/auth/register', { email, password: 'a good password' })
  return email
}

/** The headers of a session of a new account. */
async function registerSession(email: string) {
  const registered = await send('/auth/register', { email, password: 'a good password' })
  const cookies = registered.headers.getSetCookie().map((line) => line.split(';')[0])
  return { Cookie: cookies.join('; '), 'Sec-Fetch-Site': 'same-origin' }
}

/** An account that has asked for the proof of its email. */
async function registerToProve(): Promise<string> {
  const email = freshEmail()
  const asked = await send('/auth/email-verification', {}, await registerSession(email))
  expect(asked.status).toBe(200)
  return email
}

/** The mails of a change of a proved email: to the new one, and to the one before. */
async function changeEmail() {
  const session = await registerSession(freshEmail())
  const ask = async (email: string) => {
    const asked = await send('/auth/change-email', { new_email: email }, session)
    const { handle } = (await asked.json()) as { handle: string }
    const mail = await mailTo(email)
    return { mail, confirm: () => send('/auth/confirm-email', { handle, code: codeIn(mail) }) }
  }
  const proved = freshEmail()
  await (await ask(proved)).confirm()
  const { mail, confirm } = await ask(freshEmail())
  const undo = async () => {
    await confirm()
    return mailTo(proved, 2)
  }
  return { mail, undo }
}

async function mailTo(email: string, count = 1): Promise<string> {
  await expect
    .poll(() => mails.filter(({ to }) => to.includes(email)).length, { timeout: 20_000 })
    .toBeGreaterThanOrEqual(count)
  return mails.filter(({ to }) => to.includes(email)).at(-1)?.text ?? ''
}

const linkIn = (mail: string) => /http\S+\?token=\S+/.exec(mail)?.[0] ?? ''
const codeIn = (mail: string) => /^[0-9A-Z]{4}-[0-9A-Z]{4}$/m.exec(mail)?.[0] ?? ''

/** Goes to the next field by keyboard, and types. */
async function type(page: Page, name: string, value: string) {
  for (let pressed = 0; pressed < 8; pressed += 1) {
    await page.keyboard.press('Tab')
    if (await page.locator(`:focus[name="${name}"]`).count()) return page.keyboard.type(value)
  }
  throw new Error(`The Tab key does not reach ${name}.`)
}

async function enter(page: Page) {
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
}

const heading = (page: Page) => page.getByRole('heading', { level: 1 }).textContent()

async function findFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations, incomplete, passes } = await page.evaluate<AxeResults>('axe.run()')
  expect(passes.map(({ id }) => id)).toContain('color-contrast')
  return [...violations, ...incomplete].flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
}

/** Opens each page, and calls `look` with its name. */
async function visitFlows(page: Page, look: (name: string) => Promise<void>) {
  const at = (path: string) => page.goto(`${service.issuer}${path}`)
  const submit = () =>
    Promise.all([page.waitForNavigation(), page.locator('button').first().click()])
  await at('/account/nowhere')
  await look('not-found')
  for (const flow of ['reset', 'code']) {
    await at(`/account/${flow}`)
    await look(`${flow}-ask`)
    await submit()
    await look(`${flow}-ask-wrong`)
    const email = await register()
    await page.locator('#email').fill(email)
    await submit()
    await look(`${flow}-code`)
    await submit()
    await look(`${flow}-code-wrong`)
    await page.goto(linkIn(await mailTo(email)))
    await look(`${flow}-link`)
    if (flow === 'reset') {
      await submit()
      await look('reset-link-wrong')
      await page.locator('#new_password').fill(newPassword)
    }
    await submit()
    await look(`${flow}-done`)
  }
  await at('/account/verify')
  await look('verify-ask')
  await page.goto(linkIn(await mailTo(await registerToProve())))
  await look('verify-link')
  await submit()
  await look('verify-link-wrong')
  await Promise.all([page.waitForNavigation(), page.locator('button').nth(1).click()])
  await look('verify-removed')
  for (const name of ['email', 'email-undo', 'invitation']) {
    await at(`/account/${name}`)
    await look(`${name}-ask`)
  }
  const { mail, undo } = await changeEmail()
  await page.goto(linkIn(mail))
  await look('email-link')
  await page.goto(linkIn(await undo()))
  await look('email-undo-link')
  await submit()
  await look('email-undo-done')
}

/** Presses the button of a form by keyboard. */
async function press(page: Page, action: string) {
  for (let pressed = 0; pressed < 30; pressed += 1) {
    await page.keyboard.press('Tab')
    if (await page.locator(`:focus[value="${action}"]`).count()) return enter(page)
  }
  throw new Error(`The Tab key does not reach ${action}.`)
}

/** Opens the page of the account in each of its states. */
async function visitAccount(page: Page, look: (name: string) => Promise<void>) {
  const at = () => page.goto(`${service.issuer}/account`)
  const submit = (action: string) =>
    Promise.all([page.waitForNavigation(), page.locator(`[value="${action}"]`).first().click()])
  const email = await register()
  // The page for a code has logged in.
  await context.clearCookies()
  await at()
  await look('account-login')
  await submit('login')
  await look('account-login-wrong')
  await page.locator('#login-email').fill(email)
  await page.locator('#login-password').fill('a good password')
  await submit('login')
  await look('account')
  await submit('requestVerification')
  await look('account-done')
  await submit('deleteAccount')
  await look('account-delete-wrong')
  await page.locator('#changePassword-new_password').fill('short')
  await page.locator('#changePassword-password').fill('a good password')
  await submit('changePassword')
  await look('account-password-wrong')
  await submit('logoutEverywhere')
  await look('account-logout')
}

describeInBrowser('the pages of the service', () => {
  it('log in, change the password and log out, by keyboard alone and without scripts', async () => {
    const page = await openPage({ javaScriptEnabled: false })
    const email = await register()
    await page.goto(`${service.issuer}/account`)
    await type(page, 'email', email)
    await type(page, 'password', 'not the password')
    await enter(page)
    expect(await page.title()).toBe('Problem: Log in – Example')
    await type(page, 'password', 'a good password')
    await enter(page)
    expect([await heading(page), page.url()]).toEqual([
      'Your account',
      `${service.issuer}/auth/account`,
    ])
    await type(page, 'password', 'a good password')
    await type(page, 'new_password', newPassword)
    await enter(page)
    expect(await page.getByRole('status').textContent()).toContain('Your password is changed.')
    await page.reload()
    expect(await heading(page)).toBe('Your account')
    await press(page, 'logout')
    expect(await heading(page)).toBe('Log in')
    expect((await send('/auth/login', { email, password: newPassword })).status).toBe(200)
  })

  it('show the account for a link of another site only after a button', async () => {
    const page = await openPage({ javaScriptEnabled: false })
    const email = await register()
    await page.goto(`${service.issuer}/account`)
    await type(page, 'email', email)
    await type(page, 'password', 'a good password')
    await enter(page)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('[value=exportAccount]').click(),
    ])
    expect(download.suggestedFilename()).toBe('account.json')
    // An access token that is not accepted, of the same session.
    const cookies = await context.cookies()
    const access = cookies.find(({ name }) => name === '__Host-access_token')
    if (!access) throw new Error('There is no access cookie.')
    await context.addCookies([{ ...access, value: access.value.replace(/[^.]{4}$/, 'AAAA') }])
    const other = `http://localhost:${(mailApi.address() as AddressInfo).port}/`
    await page.route(other, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<a href="${service.issuer}/account">account</a>`,
      }),
    )
    await page.goto(other)
    await Promise.all([page.waitForNavigation(), page.getByRole('link').click()])
    await press(page, 'refresh')
    expect(await page.locator('[value=logout]').count()).toBe(1)
  })

  it('set a new password by a code, by keyboard alone and without scripts', async () => {
    const page = await openPage({ javaScriptEnabled: false })
    const email = await register()
    await page.goto(`${service.issuer}/account/reset`)
    await type(page, 'email', email)
    await enter(page)
    const code = codeIn(await mailTo(email))
    await type(page, 'code', code.toLowerCase().replace('-', ' '))
    await type(page, 'new_password', 'short')
    await enter(page)
    expect(await page.title()).toBe('Problem: Set a new password – Example')
    expect(await page.getByRole('alert').textContent()).toContain('at least 8 characters')
    await type(page, 'code', code)
    await type(page, 'new_password', newPassword)
    await enter(page)
    expect(await heading(page)).toBe('Your password is changed.')
    expect((await send('/auth/login', { email, password: newPassword })).status).toBe(200)
  })

  it('set a new password by a link, with no secret in a URL or a referrer', async () => {
    const page = await openPage({ javaScriptEnabled: false })
    const email = await register()
    await send('/auth/forgot-password', { email })
    const link = linkIn(await mailTo(email))
    const requests: string[] = []
    page.on('request', (request) => {
      requests.push(`${request.url()} ${request.headers().referer ?? ''}`.trim())
    })
    await page.goto(link)
    expect(page.url()).toBe(`${service.issuer}/account/reset`)
    await type(page, 'new_password', newPassword)
    await enter(page)
    expect(await heading(page)).toBe('Your password is changed.')
    expect(requests.filter((request) => request !== link && !request.includes('favicon'))).toEqual(
      Array(2).fill(`${service.issuer}/account/reset`),
    )
  })

  it('prove an email by a link, with the password, by keyboard alone and without scripts', async () => {
    const page = await openPage({ javaScriptEnabled: false })
    await page.goto(linkIn(await mailTo(await registerToProve())))
    await type(page, 'password', 'not the password')
    await enter(page)
    expect(await page.title()).toBe('Problem: Confirm your email – Example')
    await type(page, 'password', 'a good password')
    await enter(page)
    expect(await heading(page)).toBe('Your email is confirmed.')
  })

  it('log in by a link, for the scripts of this host', async () => {
    const page = await openPage()
    const email = await register()
    await send('/auth/email-code', { email })
    await page.goto(linkIn(await mailTo(email)))
    await page.keyboard.press('Tab')
    await enter(page)
    expect(await heading(page)).toBe('You are logged in.')
    const status = await page.context().request.get(`${service.issuer}/auth/status`)
    expect(status.status()).toBe(200)
  })

  describe.each([
    ['light', 320, 'en'],
    ['dark', 320, 'de'],
    ['light', 1_000, 'de'],
    ['dark', 1_000, 'en'],
  ] as const)('%s, %i px, %s', (colorScheme, width, locale) => {
    it.each([
      ['for links', visitFlows],
      ['of the account', visitAccount],
    ] as const)('are accessible, and scroll in one direction: those %s', async (_, visit) => {
      const page = await openPage({ colorScheme, locale, viewport: { width, height: 640 } })
      await visit(page, async (name) => {
        if (pictures) {
          const path = `${pictures}/${name}-${locale}-${width}.png`
          await page.screenshot({ path, fullPage: true })
        }
        expect([name, await findFaults(page)]).toEqual([name, []])
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
        expect(await page.locator('html').getAttribute('lang')).toBe(locale)
      })
    })
  })
})
