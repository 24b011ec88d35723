// JSON Web Signatures in compact form (RFC 7515 §3.1), read strictly. A token that passes here has
// exactly one spelling, names one of our keys, and was signed with it. The function `verify` of
// hono/jwt is not used. It accepts several spellings of a token, and decodes UTF-8 leniently. It
// also looks at claims before it looks at the signature.

import { decodeBase64Url, encodeBase64Url } from '../crypto/base64url.ts'
import { encodeUtf8 } from '../crypto/utf8.ts'
import {
  type KeyReason,
  type Result,
  refuse,
  succeed,
  type TokenReason,
} from '../errors/reasons.ts'
import { createSignature } from './create-signature.ts'
import { type JsonObject, parseJsonObject } from './json.ts'
import { isSignatureGenuine } from './signature.ts'
import type { SigningKey } from './signing-key.ts'
import { type VerificationKey, webCryptoAlgorithms } from './verification-key.ts'

/** Longer than any of our tokens, and too short to let a stranger cost us much time. */
const maxTokenCharacters = 4_096

/** Finds the key that a token names. The id is undefined for a token that names none. */
export type FindKey = (keyId: string | undefined) => Promise<Result<VerificationKey, KeyReason>>

/** The algorithm and the key that a header names. */
interface NamedKey {
  readonly algorithm: unknown
  readonly keyId: string | undefined
}

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
 * throws unless `findKey` does.
 *
 * @see RFC 7515 §5.2
 */
export async function verifyCompactJws(
  token: string,
  findKey: FindKey,
): Promise<Result<VerifiedJws, TokenReason | KeyReason>> {
  if (token.length > maxTokenCharacters) return refuse('token_too_long')
  const bytes = encodeUtf8(token)
  const headerEnd = bytes.indexOf(dot)
  const payloadEnd = bytes.indexOf(dot, headerEnd + 1)
  const header = token.slice(0, headerEnd)
  const named = readHeader(header)
  const payload = decodeSegment(bytes, headerEnd + 1, payloadEnd)
  // A third dot would be in this segment, and base64url has no dot.
  const signature = decodeSegment(bytes, payloadEnd + 1, bytes.length)
  if (!payload || !signature) return refuse('token_not_canonical')
  if (!named.ok) return named
  const key = await findKey(named.value.keyId)
  if (!key.ok) return key
  if (named.value.algorithm !== key.value.algorithm) return refuse('token_header_unacceptable')
  const signingInput = bytes.subarray(0, payloadEnd)
  const isGenuine = await isSignatureGenuine(key.value, signature, signingInput)
  if (!isGenuine) return refuse('token_signature_wrong')
  if (named !== lastHeader?.named) lastHeader = { text: header, named }
  return succeed({ payload, key: key.value })
}

const dot = '.'.charCodeAt(0)

/**
 * The header of the last genuine token. All tokens of a key have the same one, so it is read only
 * once.
 */
let lastHeader: { readonly text: string; readonly named: Result<NamedKey, never> } | undefined

function readHeader(text: string): Result<NamedKey, TokenReason> {
  if (text === lastHeader?.text) return lastHeader.named
  const bytes = text && decodeBase64Url(text)
  if (!bytes) return refuse('token_not_canonical')
  const named = parseHeader(bytes)
  return named ? succeed(named) : refuse('token_header_unacceptable')
}

/** The bytes of one segment; undefined where it is missing, empty or not canonical. */
function decodeSegment(token: Uint8Array, from: number, to: number) {
  return from < to ? decodeBase64Url(token.subarray(from, to)) : undefined
}

/**
 * The algorithm and the key that the header names. The key that `findKey` finds decides about them.
 * Undefined for another type of token, or one with extensions: we support none (RFC 7515 §4.1.11).
 * The members `jku`, `x5u` and `jwk` are never read.
 */
function parseHeader(bytes: Uint8Array): NamedKey | undefined {
  const header = parseJsonObject(bytes)
  if (!header || Object.hasOwn(header, 'crit')) return undefined
  const { alg: algorithm, typ = 'JWT', kid: keyId } = header
  if (!isAlgorithm(algorithm) || typ !== 'JWT') return undefined
  return keyId === undefined || typeof keyId === 'string' ? { algorithm, keyId } : undefined
}

function isAlgorithm(value: unknown): boolean {
  return typeof value === 'string' && Object.hasOwn(webCryptoAlgorithms, value)
}

function encodeText(text: string): string {
  return encodeBase64Url(encodeUtf8(text))
}
