// Debian's Chromium, without a window, and without calls home.

import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'

const executablePath = '/usr/bin/chromium'
const args = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

export async function launchBrowser(): Promise<Browser> {
  if (!existsSync(executablePath)) {
    throw new Error('These tests need a browser: run `apt-get install chromium`.')
  }
  return chromium.launch({ executablePath, args })
}

export interface PageAnswer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** Asks as a script of the page would, with the cookies of its host. */
export function askFromPage(
  page: Page,
  method: string,
  path: string,
  body: unknown = {},
): Promise<PageAnswer> {
  return page.evaluate(
    async ([verb, url, text]) => {
      const headers = { 'Content-Type': 'application/json' }
      const init = verb === 'GET' ? {} : { method: verb, headers, body: text }
      const answer = await fetch(url, init)
      return { status: answer.status, body: (await answer.json()) as PageAnswer['body'] }
    },
    [method, path, JSON.stringify(body)] as const,
  )
}
