// What the page of the example says to users whose passwords are refused for a while.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { askFromPage, describeInBrowser, launchBrowser } from '../support/browser.ts'
import { type ExampleApp, startExampleApp } from '../support/example-app.ts'

const account = { email: 'ada@example.com', password: 'a good password' }
const wrong = { ...account, password: 'a wrong password' }

let browser: Browser
let app: ExampleApp
let page: Page

beforeAll(async () => {
  browser = await launchBrowser()
  // After five attempts, none is let through for a day. So no test hurries.
  app = await startExampleApp({ LIMITS: 'normal', FREE_ATTEMPTS: '5', MAX_ATTEMPTS: '10' })
  page = await browser.newPage()
  await page.goto(app.issuer)
})
afterAll(async () => {
  await browser?.close()
  await app?.stop()
})

const said = (text: string | RegExp) => page.locator('#said', { hasText: text }).waitFor()
const who = (text: string) => page.locator('#who', { hasText: text }).waitFor()
const click = (name: string) => page.getByRole('button', { name, exact: true }).click()
const isShown = (name: string) => page.getByRole('button', { name, exact: true }).isVisible()
const isClosed = /^Too many wrong passwords\. Try again in 24 hours\.$/

async function fillIn() {
  await page.getByLabel('Email').fill(account.email)
  await page.locator('#password').fill(account.password)
}

async function failOften(path: string) {
  for (let tried = 0; tried < 5; tried += 1) {
    expect([401, 403]).toContain((await askFromPage(page, 'POST', path, wrong)).status)
  }
}

/** The next login is answered so, whatever the service would say. */
async function answerLogin(status: number, message: string, headers: Record<string, string>) {
  const answer = { status, headers, json: { status: 'fail', message, code: 'of_this_test' } }
  await page.route('**/auth/login', (route) => route.fulfill(answer), { times: 1 })
}

describeInBrowser('the example browser-app, after too many wrong passwords', () => {
  it('says it in the dialog for the password, and the user stays logged in', async () => {
    await who('Log in')
    await fillIn()
    await click('Register')
    await who(`You are ${account.email}`)
    await app.database.query('UPDATE portcullis_sessions SET authenticated_at = 1')
    expect((await askFromPage(page, 'POST', '/auth/refresh')).status).toBe(200)
    await failOften('/auth/reauthenticate')
    await click('Order')
    const dialog = page.getByRole('dialog', { name: 'Your password, please' })
    await dialog.getByLabel('Password').fill(account.password)
    await page.keyboard.press('Enter')
    await said(isClosed)
    expect([await isShown('Log in'), await isShown('Order')]).toEqual([false, true])
  })

  it('says at the login when the next try is possible', async () => {
    await click('Log out')
    await who('Log in')
    await failOften('/auth/login')
    await fillIn()
    await click('Log in')
    await said(isClosed)
    expect([await isShown('Log in'), await isShown('Order')]).toEqual([true, false])
  })

  it.each([
    ['1', '1 second'],
    ['4', '4 seconds'],
    ['99', '99 seconds'],
    ['129', '3 minutes'],
    ['901', '15 minutes'],
    ['7200', '2 hours'],
    ['86401', '24 hours'],
    ['86462', '25 hours'],
  ])('says a Retry-After of %s as %s', async (seconds, words) => {
    await answerLogin(429, 'Too many. Please try again later.', { 'Retry-After': seconds })
    await click('Log in')
    await said(new RegExp(`^Too many\\. Try again in ${words}\\.$`))
  })

  it('says the message alone where no Retry-After comes with it', async () => {
    await answerLogin(429, 'Too many. Please try again later.', {})
    await click('Log in')
    await said(/^Too many\. Please try again later\.$/)
  })
})
