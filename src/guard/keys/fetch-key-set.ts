// One fetch of an issuer's key set (RFC 7517 §5), over a service binding or over HTTP.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { keySetUrl } from '../../token/issuer.ts'
import type { PublicJwk } from '../../token/jwk.ts'
import { importPublicKey, type VerificationKey } from '../../token/verification-key.ts'
import { askService, type FindBinding } from '../remote/ask-service.ts'
import { parseKeySet } from './key-set-response.ts'

/** The keys by their names. */
export type KeysByName = ReadonlyMap<string, KnownKey>

interface KnownKey {
  readonly jwk: PublicJwk
  readonly key: VerificationKey
}

const maxBytes = 64 * 1024
const headers = {
  Accept: 'application/jwk-set+json, application/json',
  // A cache on the way must not hold back a new key.
  'Cache-Control': 'no-cache',
}

/**
 * The keys that the issuer publishes, or a sentence that says what is wrong and what to do. Never
 * throws. At most 3 s. Without a binding, the request goes over HTTP.
 */
export async function fetchKeySet(
  issuer: string,
  findBinding: FindBinding,
  known: KeysByName | undefined,
): Promise<Result<KeysByName, string>> {
  const url = keySetUrl(issuer)
  const answer = await askService(findBinding, { url, subject: 'The key set', headers, maxBytes })
  if (!answer.ok) return answer
  const { isFound, name, text } = answer.value
  if (!isFound) {
    return refuse(`${name} answers with status 404; check which Worker answers, and the issuer.`)
  }
  const jwks = parseKeySet(text)
  if (!jwks.ok) return refuse(`${name} ${jwks.error}.`)
  const keys = await importKeys(jwks.value, known)
  return keys ? succeed(keys) : refuse(`${name} has a key that cannot be imported.`)
}

/**
 * A key that has not changed stays the same object. So tokens that were verified with it need not
 * be verified again. Undefined when a key cannot be imported.
 */
async function importKeys(
  jwks: readonly PublicJwk[],
  known: KeysByName | undefined,
): Promise<KeysByName | undefined> {
  const importOne = async (jwk: PublicJwk): Promise<[string, KnownKey]> => {
    const same = known?.get(jwk.kid)
    const isSame = same && JSON.stringify(same.jwk) === JSON.stringify(jwk)
    return [jwk.kid, isSame ? same : { jwk, key: await importPublicKey(jwk) }]
  }
  const keys = await Promise.all(jwks.map(importOne)).catch(() => undefined)
  return keys && new Map(keys)
}
