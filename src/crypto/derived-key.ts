// What the service needs secrets for beside signing, it derives from SECRET_KEY: one key for each
// purpose, so that nothing made for one is good for another (HKDF, RFC 5869).

import { encodeUtf8 } from './utf8.ts'

/** Platforms have types of their own for it. */
type WebCryptoKey = Awaited<ReturnType<typeof crypto.subtle.deriveKey>>

/** An HMAC-SHA-256 key for one purpose. The same secret and purpose give the same key. */
export async function deriveMacKey(secret: string, purpose: string): Promise<WebCryptoKey> {
  const material = await crypto.subtle.importKey('raw', encodeUtf8(secret), 'HKDF', false, [
    'deriveKey',
  ])
  const parameters = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: encodeUtf8(purpose),
  }
  const algorithm = { name: 'HMAC', hash: 'SHA-256', length: 256 }
  return crypto.subtle.deriveKey(parameters, material, algorithm, false, ['sign', 'verify'])
}
