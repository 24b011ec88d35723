// What a browser keeps between two pages of a flow: the token of a mail's link, or the handle of a
// code. It is in a cookie, so that it is in no URL, and that a page may be loaded again.

import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { CookieOptions } from 'hono/utils/cookie'
import { isOpaqueId } from '../../crypto/random-id.ts'
import type { SentCode } from '../domain/codes/check-code.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import { codeCookiePrefix } from '../http/token-transport.ts'
import type { CodeFlow } from './code-flow.ts'

/** Cookies of this host alone: a sibling domain could give a browser the code of somebody else. */
const cookieOf = (flow: Pick<CodeFlow, 'path'>) => `${codeCookiePrefix}${flow.path.slice(1)}`
const options = {
  ...{ httpOnly: true, secure: true, sameSite: 'Lax', path: '/' },
} satisfies CookieOptions
/** The code itself is good for a shorter or longer time. */
const maxAgeSeconds = 3_600
const linkTokenForm = /^[\w-]{16}\.[\w-]{43}$/

/**
 * What the cookie of a flow holds: the empty text for none. A flow that mails no codes has links
 * alone: the handle of somebody else would pass for that of the reader (decision 43).
 */
export function readCodeCookie(c: Context<ServiceEnv>, flow: CodeFlow): string {
  const value = getCookie(c, cookieOf(flow)) ?? ''
  const isHandle = flow.askEvent !== undefined && isOpaqueId(value)
  return isHandle || linkTokenForm.test(value) ? value : ''
}

/** Whether it is the token of a link, or the handle of a code. */
export function isLinkToken(value: string): boolean {
  return value.includes('.')
}

/** What the domain checks, from the cookie and the form. */
export function sentCodeOf(value: string, typed: string): SentCode {
  return isLinkToken(value) ? { token: value } : { handle: value, code: typed }
}

/** Keeps it for an hour. */
export function setCodeCookie(c: Context<ServiceEnv>, flow: CodeFlow, value: string): void {
  setCookie(c, cookieOf(flow), value, { ...options, maxAge: maxAgeSeconds })
}

/** Makes the browser forget it. */
export function deleteCodeCookie(c: Context<ServiceEnv>, flow: CodeFlow): void {
  deleteCookie(c, cookieOf(flow), options)
}
