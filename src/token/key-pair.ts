import { createRandomId } from '../crypto/random-id.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { KeyPairAlgorithm } from './jwk.ts'
import type { SigningJwk } from './signing-key.ts'
import { webCryptoAlgorithms } from './verification-key.ts'

/** A fresh key pair with a fresh name (`kid`), by the platform's own generator. */
export async function generateKeyPair(
  algorithm: KeyPairAlgorithm,
  runtime: Pick<Runtime, 'randomBytes'>,
): Promise<Omit<SigningJwk, 'state'>> {
  const usages: ('sign' | 'verify')[] = ['sign', 'verify']
  const pair = await crypto.subtle.generateKey(webCryptoAlgorithms[algorithm], true, usages)
  if (!('privateKey' in pair)) throw new Error(`${algorithm} has no key pairs here`)
  const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey)
  // The export is a JWK of this kind. Its other members are Web Crypto's.
  const { kty, crv, x, y, d } = jwk as unknown as SigningJwk
  // A name that begins with a dash would be an option on the command line.
  const kid = createRandomId(runtime).replace(/^-/, 'k')
  return { kid, alg: algorithm, kty, crv, x, ...(y !== undefined && { y }), d }
}
