// A browser as far as the pages of the service need one: it keeps cookies, follows no redirect by
// itself, and sends the fields that a form has.

import type { Hono } from 'hono'
import type { ServiceEnv } from '../../src/service/http/service-env.ts'

export interface PageAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface PageClient {
  /** Name → value and attributes, as the service set them last. */
  readonly cookies: Map<string, string>
  get(path: string, headers?: Record<string, string>): Promise<PageAnswer>
  /** Sends the form of the last page, with these fields. A field of undefined is left out. */
  send(
    path: string,
    fields: Record<string, string | undefined>,
    headers?: Record<string, string>,
  ): Promise<PageAnswer>
}

const pathIn = (value = '') => /Path=([^;]+)/.exec(value)?.[1]

export function createPageClient(
  app: Hono<ServiceEnv>,
  always: Record<string, string> = {},
): PageClient {
  const cookies = new Map<string, string>()
  let form = ''

  function keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(line) ?? []
    // The pages have copies of these. One jar needs only what goes to the pages.
    if (/Path=\/auth/.test(value)) return
    const isSamePath = pathIn(cookies.get(name)) === pathIn(value)
    if (!/Max-Age=0/.test(value)) cookies.set(name, value)
    else if (isSamePath) cookies.delete(name)
  }

  async function ask(path: string, init: RequestInit): Promise<PageAnswer> {
    const sent = [...cookies]
      .filter(([, value]) => path.startsWith(pathIn(value) ?? '/'))
      .map(([name, value]) => `${name}=${value.split(';')[0]}`)
    const headers = { ...always, ...(init.headers as object), Cookie: sent.join('; ') }
    const answer = await app.request(path, { ...init, headers })
    for (const line of answer.headers.getSetCookie()) keep(line)
    const text = await answer.text()
    form = /name="form" value="([^"]*)"/.exec(text)?.[1] ?? form
    return { status: answer.status, headers: answer.headers, text }
  }

  return {
    cookies,
    get: (path, headers = {}) => ask(path, { headers }),
    send(path, fields, headers = {}) {
      const all = Object.entries({ form, ...fields }).filter(([, value]) => value !== undefined)
      const body = new URLSearchParams(all as [string, string][])
      return ask(path, {
        method: 'POST',
        body,
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          'Sec-Fetch-Site': 'same-origin',
          ...headers,
        },
      })
    },
  }
}
