// The outbox of the development commands in a real browser, with a mail that attacks its reader.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createOutbox } from '../../scripts/dev/outbox/outbox.ts'
import { type OutboxServer, serveOutbox } from '../../scripts/dev/outbox/server.ts'
import { describeInBrowser, launchBrowser } from '../support/browser.ts'

const hostile = `<p style="color: red">Hello Ada</p>
<script>top.document.title = 'taken'</script>
<img src="x:" onerror="top.document.title = 'taken'">
<img src="/dev/outbox.json"><a href="/dev/outbox" target="_top">Go on</a>`

let browser: Browser
let server: OutboxServer
beforeAll(async () => {
  browser = await launchBrowser()
  const outbox = createOutbox(
    () => 0,
    () => undefined,
  )
  const mail = { from: 'auth@localhost', to: 'ada@example.com', subject: hostile, text: hostile }
  outbox.take('1', JSON.stringify({ ...mail, html: hostile }))
  server = await serveOutbox(outbox, 'a-key')
})
afterAll(async () => {
  server?.close()
  await browser?.close()
})

describeInBrowser('the page of the outbox', () => {
  it('shows a mail and its HTML, and runs nothing of it', async () => {
    const page = await browser.newPage()
    const answered: string[] = []
    page.on('response', (answer) => answered.push(new URL(answer.url()).pathname))
    await page.goto(`${server.origin}/dev/outbox`)
    const greeting = page.frameLocator('iframe').getByText('Hello Ada')
    await greeting.waitFor()
    expect(await greeting.evaluate('document.defaultView.origin')).toBe('null')
    expect(await page.title()).toBe('Outbox (1)')
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.locator('main').evaluate('getComputedStyle(document.body).maxWidth')).toBe(
      '800px',
    )
    expect(answered.filter((path) => path !== '/favicon.ico')).toEqual([
      '/dev/outbox',
      '/dev/outbox/1.html',
    ])
    await page.close()
  })

  it('is out of reach for a page of another origin', async () => {
    const other = createServer((_, answer) => answer.end('<!doctype html><title>Other</title>'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}`)
    const outcomes = await page.evaluate(async (origin) => {
      const attempt = (mode: 'cors' | 'no-cors') =>
        fetch(`${origin}/dev/outbox.json`, { mode }).then(
          (answer) => answer.text(),
          () => 'refused',
        )
      return [await attempt('cors'), await attempt('no-cors')]
    }, server.origin)
    expect(outcomes[0]).toBe('refused')
    expect(outcomes[1]).not.toContain('ada@')
    await page.close()
    other.close()
  })
})
