import { describe, expect, it } from 'vitest'
import { createSignature } from '../../src/token/create-signature.ts'
import { createLocalKeySet, createSecretKeySet } from '../../src/token/key-set.ts'
import { isSignatureGenuine } from '../../src/token/signature.ts'
import {
  importSecretSigningKey,
  importSigningKey,
  publicJwkSet,
} from '../../src/token/signing-key.ts'
import type { VerificationKey } from '../../src/token/verification-key.ts'
import { createSigningJwk } from '../support/issuer.ts'
import { secretKey } from '../support/service.ts'

const data = Uint8Array.from(new TextEncoder().encode('what is signed'))

/** A key pair of the kind, or the secret, and the set with the other half. */
async function setUp(algorithm: 'HS256' | 'ES256' | 'EdDSA') {
  if (algorithm === 'HS256') {
    return { signing: await importSecretSigningKey(secretKey), set: createSecretKeySet(secretKey) }
  }
  const jwk = await createSigningJwk(algorithm)
  return { signing: await importSigningKey(jwk), set: createLocalKeySet(publicJwkSet([jwk])) }
}

describe.each(['HS256', 'ES256', 'EdDSA'] as const)('with %s', (algorithm) => {
  it('a signature of any other length is not genuine, and does not throw', async () => {
    const { signing, set } = await setUp(algorithm)
    const found = await set.find(signing.keyId, {})
    const key = (found.ok && found.value) as VerificationKey
    const good = Uint8Array.from(await createSignature(signing, data))
    expect(await isSignatureGenuine(key, good, data)).toBe(true)
    for (let length = 0; length <= 2 * good.length; length += 1) {
      if (length === good.length) continue
      const other = new Uint8Array(length)
      other.set(good.subarray(0, length))
      expect(await isSignatureGenuine(key, other, data)).toBe(false)
    }
  })

  it('a key that was found is available synchronously from then on, and is the same object', async () => {
    const { signing, set } = await setUp(algorithm)
    expect(set.current(signing.keyId, {})).toBeUndefined()
    const found = await set.find(signing.keyId, {})
    expect(found.ok && found.value).toBe(set.current(signing.keyId, {}))
    expect(await set.find(signing.keyId, {})).toEqual(found)
    expect(set.current('another', {})).toBeUndefined()
  })
})
