// The mails in a real browser: for readers with a screen reader, a small screen, or dark colours.

import axe, { type AxeResults } from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { composeMail } from '../../src/service/mail/compose-mail.ts'
import { languages } from '../../src/service/mail/languages.ts'
import { describeInBrowser, launchBrowser } from '../support/browser.ts'
import { mailContents } from '../support/mails.ts'

/** The longest that MAIL_FROM takes, without a place to break it. */
const longName = 'W'.repeat(64)
const mails = mailContents.flatMap(([name, content]) =>
  languages.map((language) => ({ name, content, language })),
)

let browser: Browser
let context: BrowserContext

beforeAll(async () => {
  browser = await launchBrowser()
})
afterEach(() => context?.close())
afterAll(() => browser?.close())

async function openPage(colorScheme: 'light' | 'dark', width = 320): Promise<Page> {
  context = await browser.newContext({ colorScheme, viewport: { width, height: 600 } })
  return context.newPage()
}

/** What axe finds wrong, or cannot decide: by all of its rules, or by some. */
async function findFaults(page: Page, rules?: string[]): Promise<string[]> {
  await page.evaluate(axe.source)
  const options = rules ? { runOnly: rules } : {}
  const run = `axe.run(${JSON.stringify(options)})`
  const { violations, incomplete, passes } = await page.evaluate<AxeResults>(run)
  expect(passes.map(({ id }) => id)).toContain('color-contrast')
  return [...violations, ...incomplete].flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
}

const pageWidth = 'document.documentElement.scrollWidth'
const pageColour = 'getComputedStyle(document.body).backgroundColor'
const selectedText = 'String(getSelection()).trim()'

describeInBrowser('the mails in a browser', () => {
  it.each(['light', 'dark'] as const)(
    'are accessible, with enough contrast (%s)',
    async (scheme) => {
      const page = await openPage(scheme)
      for (const { content, language } of mails) {
        await page.setContent(composeMail(content, { language, serviceName: 'Example' }).html)
        expect(await findFaults(page)).toEqual([])
      }
    },
  )

  it('stay light, and readable, where a program drops their <style>', async () => {
    const page = await openPage('dark')
    for (const { content, language } of mails) {
      const { html } = composeMail(content, { language, serviceName: 'Example' })
      await page.setContent(html.replace(/<style>.*<\/style>/s, ''))
      expect(await page.evaluate(pageColour)).toBe('rgb(255, 255, 255)')
      expect(await findFaults(page, ['color-contrast'])).toEqual([])
    }
  })

  it('follow the colours of the system', async () => {
    const page = await openPage('dark')
    await page.setContent(
      composeMail({ kind: 'account_exists' }, { language: 'en', serviceName: 'Example' }).html,
    )
    expect(await page.evaluate(pageColour)).toBe('rgb(21, 23, 26)')
    await page.emulateMedia({ colorScheme: 'light' })
    expect(await page.evaluate(pageColour)).toBe('rgb(255, 255, 255)')
  })

  it.each(['Example', longName])('fit into 320 pixels, from %s', async (serviceName) => {
    const page = await openPage('light')
    for (const { content, language } of mails) {
      await page.setContent(composeMail(content, { language, serviceName }).html)
      expect(await page.evaluate(pageWidth)).toBe(320)
      const code = page.getByText('K7QM-W2XR', { exact: true })
      if (await code.count()) expect((await code.boundingBox())?.height).toBeLessThan(80)
    }
  })

  it('are a column of 480 pixels in the middle of a wide window', async () => {
    const page = await openPage('light', 1_000)
    for (const { content, language } of mails) {
      await page.setContent(composeMail(content, { language, serviceName: longName }).html)
      const { x, width } = (await page.getByRole('heading').locator('..').boundingBox()) ?? {}
      expect({ x, width }).toEqual({ x: 260, width: 480 })
    }
  })

  it('select the whole code with one click', async () => {
    const page = await openPage('light')
    const [, content] = mailContents[0] ?? expect.fail('There is no mail.')
    await page.setContent(composeMail(content, { language: 'en', serviceName: 'Example' }).html)
    await page.getByText('K7QM-W2XR', { exact: true }).click()
    expect(await page.evaluate(selectedText)).toBe('K7QM-W2XR')
  })

  it('ask nobody for anything, and hide their preview', async () => {
    const page = await openPage('light')
    const requests: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    for (const { content, language } of mails) {
      const { html, text } = composeMail(content, { language, serviceName: 'Example' })
      await page.setContent(html)
      const preview = page.getByText(text.split('\n')[0] ?? '', { exact: true })
      expect(await preview.count()).toBe(2)
      expect(await preview.first().isVisible()).toBe(false)
      expect(await preview.last().isVisible()).toBe(true)
    }
    expect(requests).toEqual([])
  })
})
