// The keys that check and make signatures, as Web Crypto has them. A key is for one algorithm. The
// key names it, and never the token (RFC 8725 §3.1).

import { encodeUtf8 } from '../crypto/utf8.ts'
import type { PublicJwk } from './jwk.ts'

/** The key type of Web Crypto. Some platforms' types have no name for it. */
type WebCryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** The algorithms that tokens are signed with. */
export type JwsAlgorithm = 'HS256' | 'ES256' | 'EdDSA'

/** What checks the signatures of one key. */
export interface VerificationKey {
  /** The only algorithm that tokens of this key may name. Required. */
  readonly algorithm: JwsAlgorithm
  /** The `kid` that tokens of this key carry. If undefined, they carry none. Required. */
  readonly keyId: string | undefined
  /** For `crypto.subtle.verify`. Required. */
  readonly cryptoKey: WebCryptoKey
  /** The previous key during a change of the secret. It verifies as well. Default: none. */
  readonly previousCryptoKey?: WebCryptoKey
}

/** The public key of a JWK. Rejects when the platform finds that it is not a point of its curve. */
export async function importPublicKey(jwk: PublicJwk): Promise<VerificationKey> {
  const { kty, crv, x, y } = jwk
  const data = { kty, crv, x, ...(y !== undefined && { y }) }
  const cryptoKey = await crypto.subtle.importKey(
    'jwk',
    data,
    webCryptoAlgorithms[jwk.alg],
    false,
    ['verify'],
  )
  return { algorithm: jwk.alg, keyId: jwk.kid, cryptoKey }
}

/**
 * HS256 with the UTF-8 bytes of `secretKey`. One key signs and verifies, so anybody who has it can
 * mint tokens. With `previousSecretKey`, it also verifies what that key has signed.
 */
export async function importSecretKey(
  secretKey: string,
  previousSecretKey?: string,
): Promise<VerificationKey> {
  const cryptoKey = await importHmacKey(secretKey)
  const key = { algorithm: 'HS256', keyId: undefined, cryptoKey } as const
  return previousSecretKey
    ? { ...key, previousCryptoKey: await importHmacKey(previousSecretKey) }
    : key
}

function importHmacKey(secretKey: string): Promise<WebCryptoKey> {
  const usages: KeyUsage[] = ['sign', 'verify']
  const secret = encodeUtf8(secretKey)
  return crypto.subtle.importKey('raw', secret, webCryptoAlgorithms.HS256, false, usages)
}

type KeyUsage = 'sign' | 'verify'

/** The algorithms as Web Crypto names them, with the parameters of keys and of signatures. */
export const webCryptoAlgorithms = {
  HS256: { name: 'HMAC', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
} as const satisfies Record<JwsAlgorithm, object>
