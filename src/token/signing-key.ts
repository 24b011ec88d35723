// The key that signs access tokens. HS256 keys are at least as long as the hash (RFC 7518 §3.2); config.ts refuses shorter ones.

/** A key for one algorithm. Signing and verifying ask for the algorithm by name, so a token cannot choose its own (RFC 8725 §3.1). */
export interface SigningKey {
  readonly algorithm: 'HS256'
  /** The imported key: made once per isolate, on first use, because an import costs more than a verification. */
  cryptoKey(): Promise<CryptoKey>
}

/** HS256 with the UTF-8 bytes of `secretKey`. */
export function createSecretSigningKey(secretKey: string): SigningKey {
  let imported: CryptoKey | undefined
  return {
    algorithm: 'HS256',
    async cryptoKey() {
      // The value is kept, never the promise: a promise dies with the request that made it, and takes those waiting for it along.
      imported ??= await importHmacKey(secretKey)
      return imported
    },
  }
}

function importHmacKey(secretKey: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secretKey)
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ])
}
