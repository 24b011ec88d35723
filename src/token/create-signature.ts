// Makes signatures over bytes, with the function of hono/jwt. Guards make none, so they do not load
// this file.

import { signing } from 'hono/utils/jwt/jws'
import { namedFailure } from '../errors/named-failure.ts'
import type { VerificationKey } from './verification-key.ts'

/** The signature of `data` with a private or secret key. Rejects where the key cannot sign. */
export async function createSignature(
  { cryptoKey, algorithm, keyId }: VerificationKey,
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  try {
    return new Uint8Array(await signing(cryptoKey, algorithm, data))
  } catch (error) {
    throw namedFailure(`The signing key ${keyId ?? 'SECRET_KEY'}`, error)
  }
}
