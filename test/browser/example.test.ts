// The example for browsers, used by its page.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeInBrowser, launchBrowser } from '../support/browser.ts'
import { type ExampleApp, startExampleApp } from '../support/example-app.ts'

const email = 'ada@example.com'
const password = 'a good password'

let browser: Browser
let app: ExampleApp
let page: Page

beforeAll(async () => {
  browser = await launchBrowser()
  app = await startExampleApp()
  page = await browser.newPage()
  await page.goto(app.issuer)
})
afterAll(async () => {
  await browser?.close()
  await app?.stop()
})

const who = (text: string | RegExp) => page.locator('#who', { hasText: text }).waitFor()
const said = (text: string) => page.locator('#said', { hasText: text }).waitFor()
const click = (name: string) => page.getByRole('button', { name, exact: true }).click()

async function fillIn(account = { email, password }) {
  await page.getByLabel('Email').fill(account.email)
  await page.locator('#password').fill(account.password)
}

/** Enters the password in the dialog that asks for it again. */
async function giveAgain(again: string) {
  const dialog = page.getByRole('dialog', { name: 'Your password, please' })
  await dialog.getByLabel('Password').fill(again)
  await page.keyboard.press('Enter')
}

const isShown = (name: string) => page.getByRole('button', { name, exact: true }).isVisible()

/** Simulates an expired access token: the cookie stays, and every guard refuses it. */
async function spoilAccessToken() {
  const cookies = await page.context().cookies()
  const cookie = cookies.find(({ name }) => name === '__Host-access_token')
  if (!cookie) throw new Error('There is no access cookie')
  const spoilt = cookie.value.replace(/[^.]+$/, 'AAAA')
  await page.context().addCookies([{ ...cookie, value: spoilt }])
}

describeInBrowser('the example browser-app', () => {
  it('sends one request while nobody is logged in, and shows the login form', async () => {
    await who('Log in')
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.reload()
    await who('Log in')
    expect(asked).toEqual(['/', '/api/me'])
    page.removeAllListeners('request')
    expect([await isShown('Log in'), await isShown('Log out')]).toEqual([true, false])
    expect(await page.title()).toBe('Portcullis in a browser')
    expect(await page.locator('meta[name=viewport]').count()).toBe(1)
  })

  it('shows an error at each invalid field', async () => {
    await fillIn({ email: 'ada', password: '1' })
    await click('Register')
    await page.locator('#email-error', { hasText: 'Give an email' }).waitFor()
    await page.locator('#password-error', { hasText: 'at least' }).waitFor()
    expect(await page.locator('#email').getAttribute('aria-invalid')).toBe('true')
    expect(await page.evaluate('document.activeElement.id')).toBe('email')
    await fillIn({ email, password: 'not the password' })
    await click('Log in')
    await said('Email or password is wrong.')
    expect(await page.locator('#email-error').isVisible()).toBe(false)
  })

  it('registers by keyboard, shows the user, and stays logged in when a token expires', async () => {
    await page.reload()
    await who('Log in')
    await page.getByLabel('Email').focus()
    await page.keyboard.type(email)
    await page.keyboard.press('Tab')
    await page.keyboard.type(password)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await who(`You are ${email}`)
    expect([await isShown('Log in'), await isShown('Log out')]).toEqual([false, true])
    await spoilAccessToken()
    await page.reload()
    await who(`You are ${email}`)
  })

  it('says that an email is already registered', async () => {
    const other = await browser.newPage()
    await other.goto(page.url())
    await other.getByLabel('Email').fill(email)
    await other.locator('#password').fill(password)
    await other.getByRole('button', { name: 'Register' }).click()
    await other.locator('#said', { hasText: 'User already exists' }).waitFor()
    await other.locator('#who', { hasText: 'Log in' }).waitFor()
    await other.close()
  })

  it('asks for the password only where the login is not fresh', async () => {
    await click('Order')
    await said('Ordered.')
    await app.database.query('UPDATE portcullis_sessions SET authenticated_at = 1')
    await spoilAccessToken()
    await click('Order')
    await giveAgain('a wrong password')
    await said('The password is wrong.')
    await click('Order')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await said('Give your password again for this.')
    await click('Order')
    await giveAgain(password)
    await said('Ordered.')
  })

  it('logs out, logs in again, and logs out everywhere', async () => {
    await click('Log out')
    await who('Log in')
    await fillIn()
    await page.keyboard.press('Enter')
    await who(`You are ${email}`)
    await click('Log out everywhere')
    await who('Log in')
    const kept = (await page.context().cookies()).map(({ name }) => name)
    expect(kept).toEqual(['__Secure-device_token'])
  })

  it('says that the service is away, and keeps the user logged in', async () => {
    await fillIn()
    await click('Log in')
    await who(`You are ${email}`)
    await spoilAccessToken()
    await app.database.stop()
    await page.reload()
    await who(/^No answer now\. Try again in \d+ seconds?\.$/)
    await click('Try again')
    await who(/^No answer now/)
    expect([await isShown('Log in'), await isShown('Log out')]).toEqual([false, false])
  })
})
