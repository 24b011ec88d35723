// The API reference in a real browser, with the headers that its folder asks for.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type ReferenceServer, serveReference } from '../../scripts/dev/reference-server.ts'
import { writeReference } from '../../scripts/reference/write-reference.ts'
import { describeInBrowser, launchBrowser } from '../support/browser.ts'
import { openApiDocument } from '../support/openapi-document.ts'

const directory = mkdtempSync(join(tmpdir(), 'portcullis-reference-page-'))
const documentFile = join(directory, 'openapi.json')
const folder = join(directory, 'site')

let browser: Browser
let server: ReferenceServer
let context: BrowserContext

beforeAll(async () => {
  writeFileSync(documentFile, JSON.stringify(openApiDocument))
  browser = await launchBrowser()
  writeReference(folder, { documentFile })
  server = await serveReference(folder)
})
afterEach(() => context?.close())
afterAll(async () => {
  server?.close()
  await browser?.close()
  rmSync(directory, { recursive: true, force: true })
})

interface Visit {
  readonly page: Page
  readonly origins: Set<string>
  /** What the Content-Security-Policy has refused, and the errors of the page. */
  readonly complaints: string[]
}

/** Opens the page, and waits for the operations. */
async function visit(colorScheme: 'light' | 'dark' = 'light'): Promise<Visit> {
  context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 900 } })
  const page = await context.newPage()
  const origins = new Set<string>()
  const complaints: string[] = []
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol !== 'data:') origins.add(protocol === 'blob:' ? 'blob:' : origin)
  })
  page.on('pageerror', ({ message }) => complaints.push(message))
  await page.exposeFunction('complain', (text: string) => complaints.push(text))
  await page.addInitScript(`document.addEventListener('securitypolicyviolation', (event) =>
    complain([event.effectiveDirective, event.blockedURI, event.sample].join(' ')))`)
  await page.goto(server.url)
  await page.getByRole('heading', { name: 'Log in' }).waitFor()
  await page.getByRole('link', { name: 'Say whether the service runs' }).waitFor()
  return { page, origins, complaints }
}

const clean = () => ({ origins: new Set([new URL(server.url).origin]), complaints: [] })

describeInBrowser('the API reference', () => {
  it.each(['light', 'dark'] as const)(
    'shows the operations, all from its own origin (%s)',
    async (scheme) => {
      const { page, ...seen } = await visit(scheme)
      expect(await page.title()).toContain('Portcullis')
      expect(await page.locator('body').textContent()).toContain('/auth/login')
      // The page draws the parts below when they come into view.
      await page.getByRole('link', { name: 'Say whether the service runs' }).click()
      await page.getByRole('heading', { name: 'Say whether the service runs' }).waitFor()
      await page.waitForLoadState('networkidle')
      expect(seen).toEqual(clean())
    },
  )

  it('is searched within the page', async () => {
    const { page, ...seen } = await visit()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('log in')
    await page.getByRole('option', { name: 'Log in' }).first().waitFor()
    expect(seen).toEqual(clean())
  })

  it('sends no requests to a service of another origin', async () => {
    const { page } = await visit()
    expect(await page.getByRole('button', { name: /Test Request/ }).count()).toBe(0)
  })

  it('sends requests to a service of its own origin, and to no other', async () => {
    writeReference(folder, { documentFile, server: '/' })
    const { page, ...seen } = await visit()
    await page
      .getByRole('button', { name: /Test Request/ })
      .first()
      .click()
    const answered = page.waitForResponse((response) => response.url().endsWith('/auth/login'))
    await page.getByRole('button', { name: 'Send' }).first().click()
    expect((await answered).request().method()).toBe('POST')
    expect(seen).toEqual(clean())
  })
})
