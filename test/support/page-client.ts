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
  readonly cookies: ReadonlyMap<string, string>
  /** Takes a line of Set-Cookie. */
  keep(line: string): void
  get(path: string, headers?: Record<string, string>): Promise<PageAnswer>
  /** Sends the form of the last page, with these fields. A field of undefined is left out. */
  send(
    path: string,
    fields: Record<string, string | undefined>,
    headers?: Record<string, string>,
  ): Promise<PageAnswer>
}

const pathIn = (value = '') => /Path=([^;]+)/.exec(value)?.[1] ?? '/'

export function createPageClient(
  app: Hono<ServiceEnv>,
  always: Record<string, string> = {},
): PageClient {
  const cookies = new Map<string, string>()
  /** The same by path and name: a browser keeps one for each. */
  const jar = new Map<string, string>()
  let form = ''

  function keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(line) ?? []
    const isEnd = /Max-Age=0/.test(value)
    const key = `${pathIn(value)} ${name}`
    if (isEnd) jar.delete(key)
    else jar.set(key, value.replace(/;.*/, ''))
    if (!isEnd) cookies.set(name, value)
    else if (pathIn(cookies.get(name)) === pathIn(value)) cookies.delete(name)
  }

  async function ask(path: string, init: RequestInit): Promise<PageAnswer> {
    const sent = [...jar].flatMap(([key, value]) => {
      const [at = '', name] = key.split(' ')
      return path.startsWith(at) ? [`${name}=${value}`] : []
    })
    const headers = { ...always, ...(init.headers as object), Cookie: sent.join('; ') }
    const answer = await app.request(path, { ...init, headers })
    for (const line of answer.headers.getSetCookie()) keep(line)
    const text = await answer.text()
    form = /name="form" value="([^"]*)"/.exec(text)?.[1] ?? form
    return { status: answer.status, headers: answer.headers, text }
  }

  return {
    cookies,
    keep,
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
