// Cookies in a real browser: two tabs that refresh at the same time, and a logout that ends both.

import { createServer, type Server as HttpServer } from 'node:http'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { askFromPage as ask, describeInBrowser, launchBrowser } from '../support/browser.ts'
import { freshEmail } from '../support/client.ts'
import { startIssuingService } from '../support/issuing-service.ts'

let browser: Browser
let service: Awaited<ReturnType<typeof startIssuingService>>
let evilSite: HttpServer
let evilOrigin: string
let context: BrowserContext
let one: Page
let other: Page

beforeAll(async () => {
  browser = await launchBrowser()
  service = await startIssuingService(inject('bundle'), { TOKEN_TRANSPORT: 'cookie' })
  const port = await findFreePort()
  // To the browser, this is another site than 127.0.0.1.
  evilOrigin = `http://localhost:${port}`
  evilSite = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'text/html')
    answer.end(
      `<form method="post" action="${service.issuer}/auth/logout-everywhere"><button>Win</button></form>`,
    )
  }).listen(port, 'localhost')
})
afterAll(async () => {
  evilSite?.close()
  await browser?.close()
  await service?.stop()
})
beforeEach(async () => {
  await context?.close()
  context = await browser.newContext()
  ;[one, other] = [await context.newPage(), await context.newPage()]
  for (const page of [one, other]) await page.goto(`${service.issuer}/health`)
})

const status = async (page: Page) => (await ask(page, 'GET', '/auth/status')).status
const register = (page: Page) =>
  ask(page, 'POST', '/auth/register', { email: freshEmail(), password: 'a good password' })

describeInBrowser('two tabs of a browser', () => {
  it('share a login, and scripts cannot read its tokens', async () => {
    const { body } = await register(one)
    expect(Object.keys(body).sort()).toEqual(['expires_in', 'message', 'status'])
    expect([await status(one), await status(other)]).toEqual([200, 200])
    expect(await one.evaluate('document.cookie')).toBe('')
    const kept = { httpOnly: true, secure: true, sameSite: 'Lax' }
    expect(await context.cookies([service.issuer, `${service.issuer}/auth/refresh`])).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ...kept, name: '__Host-access_token', path: '/' }),
        expect.objectContaining({ ...kept, name: '__Secure-refresh_token', path: '/auth' }),
      ]),
    )
  })

  it('stay logged in when they refresh at the same time, many times', async () => {
    await register(one)
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all(
        [one, other, one, other].map((page) => ask(page, 'POST', '/auth/refresh')),
      )
      for (const { status, body } of answers) {
        expect([200, 'refresh_superseded']).toContain(status === 200 ? 200 : body.code)
      }
      expect([await status(one), await status(other)]).toEqual([200, 200])
    }
    expect((await ask(other, 'POST', '/auth/refresh')).status).toBe(200)
  })

  it('are both logged out by a logout in one', async () => {
    await register(one)
    expect((await ask(one, 'POST', '/auth/logout')).status).toBe(200)
    expect([await status(one), await status(other)]).toEqual([401, 401])
    expect((await ask(other, 'POST', '/auth/refresh')).body.code).toBe('refresh_token_missing')
    expect((await context.cookies()).map(({ name }) => name)).toEqual(['__Secure-device_token'])
  })

  it('stay logged in when another site sends a logout', async () => {
    await register(one)
    const evil = await context.newPage()
    await evil.goto(evilOrigin)
    // The request is sent, but the page cannot read its answer (Cross-Origin-Resource-Policy).
    await evil.evaluate(
      (url) =>
        fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include' }).catch(() => {}),
      `${service.issuer}/auth/logout-everywhere`,
    )
    const answer = evil.waitForResponse((response) => response.url().includes('/auth/'))
    await evil.click('button')
    expect((await answer).status()).toBe(403)
    expect([await status(one), await status(other)]).toEqual([200, 200])
  })
})
