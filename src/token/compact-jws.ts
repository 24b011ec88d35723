// JSON Web Signatures in compact form (RFC 7515 §3.1), read strictly: whatever passes here has
// exactly one spelling, names a key of ours, and was signed with it. hono/jwt's own `verify` is not
// used, for it takes several spellings of a token, decodes UTF-8 leniently, and looks at claims
// before it looks at the signature.

import { decodeBase64Url, encodeBase64Url, isCanonicalBase64Url } from '../crypto/base64url.ts'
import { encodeUtf8 } from '../crypto/utf8.ts'
import {
  type KeyReason,
  type Result,
  refuse,
  succeed,
  type TokenReason,
} from '../errors/reasons.ts'
import { type JsonObject, parseJsonObject } from './json.ts'
import { createSignature, isSignatureGenuine } from './signature.ts'
import type { SigningKey } from './signing-key.ts'
import type { JwsAlgorithm, VerificationKey } from './verification-key.ts'

/** Longer than any token of ours, and too short for a stranger to cost us time with. */
const maxTokenCharacters = 4_096

/** Finds the key that a token names, or tells that it names none. */
export type FindKey = (keyId: string | undefined) => Promise<Result<VerificationKey, KeyReason>>

/** What was signed, and with which key. */
export interface VerifiedJws {
  readonly payload: Uint8Array
  readonly key: VerificationKey
}

/** Signs a JSON object. */
export async function signCompactJws(payload: JsonObject, key: SigningKey): Promise<string> {
  const header = {
    alg: key.algorithm,
    typ: 'JWT',
    ...(key.keyId !== undefined && { kid: key.keyId }),
  }
  const signingInput = [header, payload].map((part) => encodeText(JSON.stringify(part))).join('.')
  const signature = await createSignature(key, encodeUtf8(signingInput))
  return `${signingInput}.${encodeBase64Url(signature)}`
}

/**
 * The signed bytes of a token that one of our keys has signed, or the first reason why not. Never
 * throws.
 *
 * @see RFC 7515 §5.2
 */
export async function verifyCompactJws(
  token: string,
  findKey: FindKey,
): Promise<Result<VerifiedJws, TokenReason | KeyReason>> {
  if (token.length > maxTokenCharacters) return refuse('token_too_long')
  const segments = token.split('.')
  const [header, payload, signature] = segments
  if (segments.length !== 3 || !header || !payload || !signature)
    return refuse('token_not_canonical')
  if (!segments.every(isCanonicalBase64Url)) return refuse('token_not_canonical')
  const named = parseHeader(decodeBase64Url(header))
  if (!named) return refuse('token_header_unacceptable')
  const key = await findKey(named.keyId)
  if (!key.ok) return key
  if (named.algorithm !== key.value.algorithm) return refuse('token_header_unacceptable')
  const signingInput = encodeUtf8(`${header}.${payload}`)
  const isGenuine = await isSignatureGenuine(key.value, decodeBase64Url(signature), signingInput)
  if (!isGenuine) return refuse('token_signature_wrong')
  return succeed({ payload: decodeBase64Url(payload), key: key.value })
}

const algorithms: readonly unknown[] = ['HS256', 'ES256', 'EdDSA'] satisfies JwsAlgorithm[]

/**
 * The algorithm and the key that the header names, for `findKey` and its key to decide about;
 * nothing when it is of another type of token, or extended, for we understand no extension (RFC
 * 7515 §4.1.11). `jku`, `x5u` and `jwk` are never looked at.
 */
function parseHeader(bytes: Uint8Array): { algorithm: unknown; keyId?: string } | undefined {
  const header = parseJsonObject(bytes)
  if (!header || !algorithms.includes(header.alg) || Object.hasOwn(header, 'crit')) return undefined
  if (header.typ !== undefined && header.typ !== 'JWT') return undefined
  if (header.kid === undefined) return { algorithm: header.alg }
  return typeof header.kid === 'string' ? { algorithm: header.alg, keyId: header.kid } : undefined
}

function encodeText(text: string): string {
  return encodeBase64Url(encodeUtf8(text))
}
