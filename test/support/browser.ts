// The browser of the tests: headless, and without requests to its vendor.

import { type Browser, chromium, type Page } from 'playwright-core'
import { describe, inject } from 'vitest'

const args = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

/**
 * `describe` for tests in a browser. Skipped on a machine without one (find-browser.ts says so).
 */
export const describeInBrowser = describe.skipIf(!inject('browser'))

export async function launchBrowser(): Promise<Browser> {
  const program = inject('browser')
  if (!program) throw new Error('There is no browser: write this test in describeInBrowser.')
  const { executablePath, env } = program
  return chromium.launch({ executablePath, args, env: { ...process.env, ...env } })
}

export interface PageAnswer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** Sends a request as a script of the page does, with the cookies of its host. */
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
