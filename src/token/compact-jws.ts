// The compact serialization of a JWS (RFC 7515 §7.1), read strictly. hono/jwt accepts several spellings of one token and decodes
// UTF-8 leniently, so this runs before it: whatever passes here has exactly one spelling.

import { decodeBase64Url, isCanonicalBase64Url } from '../crypto/base64url.ts'
import { type Result, refuse, succeed, type TokenReason } from '../errors/reasons.ts'

/** Longer than any token of ours; keeps a stranger's megabytes from costing us time. */
export const maxTokenCharacters = 4096

/** The two JSON parts of a token. Nothing in them is trusted yet: the signature comes later. */
export interface UnverifiedJws {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Reads header and claims, or says what is wrong with the token's form. */
export function parseCompactJws(token: string): Result<UnverifiedJws, TokenReason> {
  if (token.length > maxTokenCharacters) return refuse('token_too_long')
  const segments = token.split('.')
  const [headerSegment, claimsSegment, signature] = segments
  if (segments.length !== 3 || !headerSegment || !claimsSegment || !signature) {
    return refuse('token_not_canonical')
  }
  if (!segments.every(isCanonicalBase64Url)) return refuse('token_not_canonical')
  const header = parseJsonObject(headerSegment)
  const claims = parseJsonObject(claimsSegment)
  if (!header || !claims) return refuse('token_not_utf8_json')
  return succeed({ header, claims })
}

function parseJsonObject(segment: string): Record<string, unknown> | undefined {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const value: unknown = JSON.parse(decoder.decode(decodeBase64Url(segment)))
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
