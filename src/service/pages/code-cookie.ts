// What a browser keeps between two pages of a flow: the token of a mail's link, or the handle of a
// code. It is in a cookie, so that it is in no URL, and that a page may be loaded again.

import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { CookieOptions } from 'hono/utils/cookie'
import { isOpaqueId } from '../../crypto/random-id.ts'
import type { SentCode } from '../domain/codes/check-code.ts'
import type { ServiceEnv } from '../http/service-env.ts'

/** Goes only to the pages of its flow. */
const codeCookie = '__Secure-code'
const options = { httpOnly: true, secure: true, sameSite: 'Lax' } satisfies CookieOptions
/** The code itself is good for a shorter or longer time. */
const maxAgeSeconds = 3_600
const linkTokenForm = /^[\w-]{16}\.[\w-]{43}$/

/** What the cookie of a flow holds: the empty text for none. */
export function readCodeCookie(c: Context<ServiceEnv>): string {
  const value = getCookie(c, codeCookie) ?? ''
  return isOpaqueId(value) || linkTokenForm.test(value) ? value : ''
}

/** Whether it is the token of a link, or the handle of a code. */
export function isLinkToken(value: string): boolean {
  return value.includes('.')
}

/** What the domain checks, from the cookie and the form. */
export function sentCodeOf(value: string, typed: string): SentCode {
  return isLinkToken(value) ? { token: value } : { handle: value, code: typed }
}

/** Keeps it for an hour, for the pages at this path. */
export function setCodeCookie(c: Context<ServiceEnv>, path: string, value: string): void {
  setCookie(c, codeCookie, value, { ...options, path, maxAge: maxAgeSeconds })
}

/** Makes the browser forget it. */
export function deleteCodeCookie(c: Context<ServiceEnv>, path: string): void {
  deleteCookie(c, codeCookie, { ...options, path })
}
