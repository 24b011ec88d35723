// Checks signatures over bytes. Web Crypto does it, which saves guards all of hono/jwt. The
// platforms differ, and this file hides that. For an Ed25519 signature of another length, workerd
// throws, where others answer no.

import { type VerificationKey, webCryptoAlgorithms } from './verification-key.ts'

/** The one length of a signature or MAC (RFC 7518 §3.2, §3.4; RFC 8032 §5.1.6). */
const signatureBytes = { HS256: 32, ES256: 64, EdDSA: 64 } as const

/**
 * Whether `signature` is a signature of `data` by the key. Never throws for what a stranger has
 * sent.
 */
export function isSignatureGenuine(
  { cryptoKey, previousCryptoKey, algorithm }: VerificationKey,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (signature.length !== signatureBytes[algorithm]) return Promise.resolve(false)
  const isOf = (key: VerificationKey['cryptoKey']) =>
    crypto.subtle.verify(webCryptoAlgorithms[algorithm], key, signature, data)
  if (!previousCryptoKey) return isOf(cryptoKey)
  // Always checks both, so that the time does not tell which key it was.
  return Promise.all([isOf(cryptoKey), isOf(previousCryptoKey)]).then((all) => all.includes(true))
}
