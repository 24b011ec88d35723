// How an issuer is written, and what is at which path under it. The paths are fixed, so that a
// guard needs no discovery. Discovery (RFC 8414) is for all other clients.

import { type Result, refuse, succeed } from '../errors/reasons.ts'

/**
 * ASCII, without anything that a router or another URL parser may read differently. The URL
 * standard has already made the host lower-case.
 */
const form = /^https?:\/\/(\w+((-+|\.)\w+)*|\[[\da-f:]+\])(:[1-9]\d*)?(\/[\w.~-]+)*$/
/** The most characters of an issuer or an audience. Both are in every token. */
const maxNameCharacters = 256

/**
 * The issuer. It is compared character by character, so there is one way to write it. That is the
 * way of the URL standard, without a slash at its end. The refusal completes the sentence "ISSUER
 * …". It never repeats what may be a password.
 */
export function parseIssuer(text: string): Result<string, string> {
  const url = URL.parse(text)
  const written = url ? [url.origin, ...url.pathname.split('/').filter(Boolean)].join('/') : ''
  if (!form.test(written) || written.length > maxNameCharacters) {
    return refuse(
      'must be a URL such as https://auth.example.com/auth, with a usual host name, only A-Z a-z 0-9 - . _ ~ in its path, and at most 256 characters',
    )
  }
  if (text === written) return succeed(text)
  const given = /[@?#]/.test(text) ? '' : `, and is ${text}`
  return refuse(`must be written as ${written}${given}`)
}

/** Whether tokens can name it as their audience: one line, without invisible characters. */
export function isAudience(value: unknown): value is string {
  const isShort = typeof value === 'string' && value !== '' && value.length <= maxNameCharacters
  return isShort && value === value.trim() && !unseen.test(value)
}

/** Control characters, line ends, and characters that have no width or change the direction. */
export const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** The path of the key set under the issuer. */
export const keySetPath = '/.well-known/jwks.json'

/** Where the issuer publishes its key set. */
export function keySetUrl(issuer: string): string {
  return `${issuer}${keySetPath}`
}

/** Where the issuer's revocation feed is (docs/reference/feed-format.md). */
export function feedUrl(issuer: string): string {
  return `${issuer}/auth/feed`
}

/** The path of the issuer's URL: empty for most. */
export function issuerPath(issuer: string): string {
  return new URL(issuer).pathname.replace(/\/$/, '')
}
