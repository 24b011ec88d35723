// JSON Web Keys (RFC 7517) of the two kinds that sign access tokens. They are ES256 on P-256
// (RFC 7518 §6.2) and EdDSA on Ed25519 (RFC 8037). Algorithms are allowed by name. A key of any
// other kind is refused.

import { decodeBase64Url } from '../crypto/base64url.ts'
import { type Result, refuse, succeed } from '../errors/reasons.ts'
import { isObject, type JsonObject, parseJsonObject } from './json.ts'

/** A public key, with only the members that we have read. */
export interface PublicJwk {
  readonly kid: string
  readonly alg: KeyPairAlgorithm
  readonly kty: 'EC' | 'OKP'
  readonly crv: 'P-256' | 'Ed25519'
  readonly x: string
  readonly y?: string
}

/** The signature algorithms with a public half. */
export type KeyPairAlgorithm = 'ES256' | 'EdDSA'

const kinds = [
  { alg: 'ES256', kty: 'EC', crv: 'P-256', names: ['ES256'], coordinates: ['x', 'y'] },
  // RFC 9864 names the algorithm after its curve. Tokens use the older name.
  { alg: 'EdDSA', kty: 'OKP', crv: 'Ed25519', names: ['EdDSA', 'Ed25519'], coordinates: ['x'] },
] as const

const maxKeyIdCharacters = 128
const coordinateBytes = 32

/**
 * The public half of a JWK, or what is wrong with it. The refusal completes the sentence "the key
 * …". A key without `alg` has the algorithm of its curve. A key that is for something else than
 * signatures is refused.
 */
export function parsePublicJwk(value: unknown): Result<PublicJwk, string> {
  if (!isObject(value)) return refuse('is not a JSON object')
  const found = kinds.find(({ kty, crv }) => value.kty === kty && value.crv === crv)
  if (!found) return refuse('is neither EC on P-256 nor OKP on Ed25519 (kty, crv)')
  const { names, coordinates, ...kind } = found
  if (value.alg !== undefined && !names.some((name) => name === value.alg)) {
    return refuse(`names another algorithm (alg) than ${names.join(' or ')}`)
  }
  if (!isKeyId(value.kid)) return refuse('has no name (kid) of 1 to 128 characters')
  if (!isForSignatures(value)) return refuse('is not for signatures (use, key_ops)')
  if (!coordinates.every((name) => isCoordinate(value[name]))) {
    return refuse(`lacks its public half (${coordinates.join(', ')}: 32 bytes of base64url)`)
  }
  const y = kind.kty === 'EC' && { y: String(value.y) }
  return succeed({ kid: value.kid, ...kind, x: String(value.x), ...y })
}

/**
 * The entries of a JWK Set in JSON (RFC 7517 §5), unchecked. Undefined when the text is not a JWK
 * Set.
 */
export function parseJwkSetEntries(text: string): readonly unknown[] | undefined {
  const keys = parseJsonObject(text)?.keys
  return Array.isArray(keys) ? keys : undefined
}

/** Whether a member of a JWK is 32 bytes in base64url: a coordinate, or a private key. */
export function isCoordinate(value: unknown): value is string {
  return typeof value === 'string' && decodeBase64Url(value)?.length === coordinateBytes
}

function isKeyId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxKeyIdCharacters
}

function isForSignatures({ use, key_ops: operations }: JsonObject): boolean {
  const isAllowed = (operation: unknown) => operation === 'verify' || operation === 'sign'
  return (
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.some(isAllowed)))
  )
}
