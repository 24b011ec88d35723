// A sibling domain in a real browser. It sets a refresh cookie of its own for the service's host.
// Under `localhost`, browsers accept Secure cookies without HTTPS.

import { createServer, type Server as HttpServer } from 'node:http'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { askFromPage as ask, describeInBrowser, launchBrowser } from '../support/browser.ts'
import { freshEmail } from '../support/client.ts'
import { startIssuingService } from '../support/issuing-service.ts'

const parentDomain = 'example.localhost'
/** All cookie paths that match a request to /auth/refresh. */
const paths = ['/', '/auth', '/auth/', '/auth/refresh']

let browser: Browser
let service: Awaited<ReturnType<typeof startIssuingService>>
let issuer: string
let sibling: HttpServer
let siblingOrigin: string
let context: BrowserContext
let page: Page
let planted: string

beforeAll(async () => {
  browser = await launchBrowser()
  const [port, siblingPort] = [await findFreePort(), await findFreePort()]
  issuer = `http://app.${parentDomain}:${port}`
  const settings = { TOKEN_TRANSPORT: 'cookie', ISSUER: issuer }
  service = await startIssuingService(inject('bundle'), settings, port)
  siblingOrigin = `http://evil.${parentDomain}:${siblingPort}`
  sibling = createServer((_, answer) => {
    const attributes = `Secure; HttpOnly; Max-Age=86400; Domain=${parentDomain}`
    const cookies = paths.map(
      (path) => `__Secure-refresh_token=${planted}; ${attributes}; Path=${path}`,
    )
    const host = `__Host-access_token=${planted}; ${attributes}; Path=/`
    answer.setHeader('Set-Cookie', [...cookies, host])
    answer.end('planted')
  }).listen(siblingPort, '127.0.0.1')
})
afterAll(async () => {
  sibling?.close()
  await browser?.close()
  await service?.stop()
})
beforeEach(async () => {
  await context?.close()
  context = await browser.newContext()
  page = await context.newPage()
  await page.goto(`${issuer}/health`)
  planted = await loginOfAttacker()
})

/** The refresh token of the attacker's own account. */
async function loginOfAttacker(): Promise<string> {
  const answer = await fetch(`${service.issuer}/auth/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: freshEmail(), password: 'a good password' }),
  })
  return /__Secure-refresh_token=([^;]+)/.exec(answer.headers.getSetCookie().join())?.[1] ?? ''
}

async function visitSibling() {
  const other = await context.newPage()
  await other.goto(siblingOrigin)
  await other.close()
}

async function register() {
  const email = freshEmail()
  await ask(page, 'POST', '/auth/register', { email, password: 'a good password' })
  return email
}

const plantedCookies = async () =>
  (await context.cookies()).filter(({ value }) => value === planted)
const refresh = () => ask(page, 'POST', '/auth/refresh')
const statusData = async () => (await ask(page, 'GET', '/auth/status')).body.data

describeInBrowser('a sibling domain that sets refresh cookies', () => {
  it.each(['before', 'after'])(
    'leaves the victim in its own account, with cookies from %s the login',
    async (order) => {
      if (order === 'before') await visitSibling()
      const email = await register()
      if (order === 'after') await visitSibling()
      expect((await plantedCookies()).map(({ path }) => path).sort()).toEqual(paths)
      for (const _ of [1, 2]) {
        expect((await refresh()).status).toBe(200)
        expect(await statusData()).toMatchObject({ email })
      }
    },
  )

  it('logs nobody in, although a logout cannot clear the cookies', async () => {
    await visitSibling()
    expect((await refresh()).body.code).toBe('refresh_token_unmatched')
    await register()
    expect((await ask(page, 'POST', '/auth/logout')).status).toBe(200)
    const kept = (await context.cookies()).filter(({ name }) => !name.endsWith('device_token'))
    expect(kept.map(({ value }) => value)).toEqual(paths.map(() => planted))
    expect((await refresh()).body.code).toBe('refresh_token_unmatched')
    expect((await ask(page, 'GET', '/auth/status')).status).toBe(401)
  })
})
