// The key that signs access tokens. HS256 keys are at least as long as the hash (RFC 7518 §3.2);
// config.ts refuses shorter ones.

/** A key for one algorithm. The key names the algorithm, never the token (RFC 8725 §3.1). */
export interface SigningKey {
  readonly algorithm: 'HS256'
  /** The `kid` that tokens of this key carry; none carries one where this is undefined. */
  readonly keyId: string | undefined
  /**
   * The imported key: made once per isolate, on first use, because an import costs more than a
   * verification.
   */
  cryptoKey(): Promise<CryptoKey>
}

/** HS256 with the UTF-8 bytes of `secretKey`. */
export function createSecretSigningKey(secretKey: string): SigningKey {
  let imported: CryptoKey | undefined
  return {
    algorithm: 'HS256',
    keyId: undefined,
    async cryptoKey() {
      // The value is kept, never the promise: a promise dies with the request that made it, and
      // takes those waiting for it along.
      imported ??= await importHmacKey(secretKey)
      return imported
    },
  }
}

function importHmacKey(secretKey: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secretKey)
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify'])
}
