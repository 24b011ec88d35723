// JSON Web Signatures in compact form (RFC 7515 §3.1), read strictly: whatever passes here has
// exactly one spelling, was meant for the key at hand, and was signed with it. hono/jwt checks the
// signature; its own `verify` is not used, for it takes several spellings of a token, decodes UTF-8
// leniently, and looks at claims before it looks at the signature.

import { verifying } from 'hono/utils/jwt/jws'
import { decodeBase64Url, isCanonicalBase64Url } from '../crypto/base64url.ts'
import { type Result, refuse, succeed, type TokenReason } from '../errors/reasons.ts'
import type { SigningKey } from './signing-key.ts'

/** Longer than any token of ours, and too short for a stranger to cost us time with. */
const maxTokenCharacters = 4_096

type JsonObject = Readonly<Record<string, unknown>>

/**
 * The signed bytes of a token that `key` has signed, or the first reason why not. Never throws.
 *
 * @see RFC 7515 §5.2
 */
export async function verifyCompactJws(
  token: string,
  key: SigningKey,
): Promise<Result<Uint8Array, TokenReason>> {
  if (token.length > maxTokenCharacters) return refuse('token_too_long')
  const segments = token.split('.')
  const [header, payload, signature] = segments
  if (segments.length !== 3 || !header || !payload || !signature)
    return refuse('token_not_canonical')
  if (!segments.every(isCanonicalBase64Url)) return refuse('token_not_canonical')
  if (!isExpectedHeader(parseJsonObject(decodeBase64Url(header)), key)) {
    return refuse('token_header_unacceptable')
  }
  const signingInput = new TextEncoder().encode(`${header}.${payload}`)
  const isGenuine = await verifying(
    await key.cryptoKey(),
    key.algorithm,
    decodeBase64Url(signature),
    signingInput,
  )
  return isGenuine ? succeed(decodeBase64Url(payload)) : refuse('token_signature_wrong')
}

/**
 * The object that the bytes are the JSON of, or undefined when they are not UTF-8, not JSON, or not
 * an object.
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const value: unknown = JSON.parse(decoder.decode(bytes))
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * Exactly the algorithm and the name of the key; no other type of token; no extension, for we
 * understand none (RFC 7515 §4.1.11).
 */
function isExpectedHeader(header: JsonObject | undefined, key: SigningKey): boolean {
  return (
    header !== undefined &&
    header.alg === key.algorithm &&
    header.kid === key.keyId &&
    (header.typ === undefined || header.typ === 'JWT') &&
    !Object.hasOwn(header, 'crit')
  )
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
