// Derives keys from SECRET_KEY for purposes other than signing tokens (HKDF, RFC 5869). Each
// purpose has its own key, so a MAC for one purpose is not valid for another. During a change of
// SECRET_KEY, MACs of the previous one stay valid.

import { lazyValue } from '../runtime/lazy-value.ts'
import { encodeUtf8 } from './utf8.ts'

/** The configured secrets from which keys are derived. */
export interface SecretKeys {
  /** Makes and verifies MACs. */
  readonly secretKey: string
  /** Only verifies MACs. */
  readonly previousSecretKey?: string | undefined
}

/** HMAC-SHA-256 for one purpose. */
export interface Mac {
  /** The MAC under the current secret. Deterministic. */
  sign(text: string): Promise<Uint8Array<ArrayBuffer>>
  /**
   * Whether it is the MAC of the text under the current or the previous secret. Takes the same time
   * for both. Never throws.
   */
  verify(mac: Uint8Array<ArrayBuffer>, text: string): Promise<boolean>
  /** The MACs under the current secret and, if there is one, the previous secret. */
  signWithEach(text: string): Promise<readonly Uint8Array<ArrayBuffer>[]>
}

/** The platforms have different types for it. */
type WebCryptoKey = Awaited<ReturnType<typeof crypto.subtle.deriveKey>>

const macBytes = 32

/** Makes and verifies MACs for one purpose. The keys are derived on first use. */
export function createMac({ secretKey, previousSecretKey }: SecretKeys, purpose: string): Mac {
  const derive = (secret: string) => lazyValue(() => deriveMacKey(secret, purpose))
  const key = derive(secretKey)
  const accepted = previousSecretKey === undefined ? [key] : [key, derive(previousSecretKey)]
  const signWith = async (one: typeof key, text: string) =>
    new Uint8Array(await crypto.subtle.sign('HMAC', await one(), encodeUtf8(text)))
  return {
    sign: (text) => signWith(key, text),

    signWithEach: (text) => Promise.all(accepted.map((one) => signWith(one, text))),

    async verify(mac, text) {
      if (mac.length !== macBytes) return false
      const data = encodeUtf8(text)
      // Always verifies with all keys, so that the time does not reveal which one matched.
      const verified = await Promise.all(
        accepted.map(async (one) => crypto.subtle.verify('HMAC', await one(), mac, data)),
      )
      return verified.includes(true)
    },
  }
}

/** The same secret and purpose give the same key. */
async function deriveMacKey(secret: string, purpose: string): Promise<WebCryptoKey> {
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
