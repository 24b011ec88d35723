// The example for browsers, as people would use it: by its page.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { describeInBrowser, launchBrowser } from '../support/browser.ts'
import { bundleWorker } from '../support/bundle.ts'
import { startDatabase, type TestDatabase } from '../support/database.ts'
import { createKeySet } from '../support/issuing-service.ts'
import type { Server } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

const email = 'ada@example.com'
const password = 'a good password'

let browser: Browser
let database: TestDatabase
let server: Server
let page: Page

beforeAll(async () => {
  browser = await launchBrowser()
  database = await startDatabase()
  const port = await findFreePort()
  const issuer = `http://127.0.0.1:${port}`
  const bundle = bundleWorker('examples/browser-app/wrangler.toml')
  const settings = {
    ...testSettings,
    ISSUER: issuer,
    SIGNING_KEYS: await createKeySet(),
    TURSO_DATABASE_URL: database.url,
    TOKEN_TRANSPORT: 'cookie',
  }
  server = await serveOnWorkerd(bundle.file, settings, { port })
  bundle.remove()
  page = await browser.newPage()
  await page.goto(issuer)
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await database?.stop()
})

const who = (text: string | RegExp) => page.locator('#who', { hasText: text }).waitFor()
const said = (text: string) => page.locator('#said', { hasText: text }).waitFor()
const click = (name: string) => page.getByRole('button', { name, exact: true }).click()

async function fillIn() {
  await page.getByPlaceholder('Email').fill(email)
  await page.getByPlaceholder('Password').fill(password)
}

/** As if the access token had expired: its cookie stays, and no guard takes it. */
async function spoilAccessToken() {
  const cookies = await page.context().cookies()
  const cookie = cookies.find(({ name }) => name === '__Host-access_token')
  if (!cookie) throw new Error('There is no access cookie')
  const spoilt = cookie.value.replace(/[^.]+$/, 'AAAA')
  await page.context().addCookies([{ ...cookie, value: spoilt }])
}

describeInBrowser('the example browser-app', () => {
  it('registers, knows its user by a claim of its own, and stays logged in when a token is over', async () => {
    await who('Nobody is logged in')
    await fillIn()
    await click('Register')
    await who(`You are ${email}`)
    await spoilAccessToken()
    await page.reload()
    await who(`You are ${email}`)
  })

  it('asks for the password where the login is not fresh, and for nothing where it is', async () => {
    await click('Order')
    await said('Done.')
    await database.query('UPDATE portcullis_sessions SET authenticated_at = 1')
    await spoilAccessToken()
    const answers = ['a wrong password', password]
    const asked: string[] = []
    page.on('dialog', (dialog) => {
      asked.push(dialog.message())
      return dialog.accept(answers.shift())
    })
    await click('Order')
    await said('The password is wrong.')
    await click('Order')
    await said('Done.')
    expect(asked).toEqual(['Your password, please.', 'Your password, please.'])
  })

  it('logs out, and in again, with or without everybody else', async () => {
    await click('Log out')
    await who('Nobody is logged in')
    await fillIn()
    await click('Log in')
    await who(`You are ${email}`)
    await click('Log out everywhere')
    await who('Nobody is logged in')
    expect(await page.context().cookies()).toEqual([])
  })

  it('says so when the service is away, and takes nobody for logged out', async () => {
    await fillIn()
    await click('Log in')
    await who(`You are ${email}`)
    await spoilAccessToken()
    await database.stop()
    await page.reload()
    await who(/^No answer now; reload in \d+ seconds$/)
    await click('Order')
    await said('unavailable')
  })
})
