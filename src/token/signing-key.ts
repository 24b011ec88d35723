// The key that signs access tokens, and the set that it comes from. The set is SIGNING_KEYS, a
// private JWK Set whose keys have a state. The active key signs. The next key is published before
// it signs, so that all verifiers know it by then. A retired key stays until its last token has
// expired.

import { encodeUtf8 } from '../crypto/utf8.ts'
import { type Result, refuse, succeed } from '../errors/reasons.ts'
import { createSignature } from './create-signature.ts'
import { isCoordinate, type PublicJwk, parseJwkSetEntries, parsePublicJwk } from './jwk.ts'
import { isSignatureGenuine } from './signature.ts'
import {
  importPublicKey,
  importSecretKey,
  type VerificationKey,
  webCryptoAlgorithms,
} from './verification-key.ts'

/** The state of a key. */
type KeyState = 'next' | 'active' | 'retired'

/** A private key of SIGNING_KEYS. */
export interface SigningJwk extends PublicJwk {
  /** The private half. */
  readonly d: string
  readonly state: KeyState
  /** When it stopped signing, in seconds since 1970. */
  readonly retired_at?: number
  /** When it was made, in seconds since 1970. Default: not known. */
  readonly created_at?: number
}

/** A key that signs. It has the same members as a key that verifies. */
export type SigningKey = VerificationKey

const states: readonly unknown[] = ['next', 'active', 'retired'] satisfies KeyState[]
const maxKeys = 16
const cure = 'make a set with `portcullis keys generate`'

/**
 * The keys of a private JWK Set, or what is wrong with it. The refusal completes the sentence
 * "SIGNING_KEYS …". It names a key by its place, never by its content. For each key, the public
 * half has verified what the private half signs. Never rejects.
 */
export async function parseSigningKeys(
  text: string,
): Promise<Result<readonly SigningJwk[], string>> {
  const entries = parseJwkSetEntries(text)
  if (!entries?.length) return refuse(`must be a private JWK Set, {"keys":[…]} in JSON; ${cure}`)
  if (entries.length > maxKeys) return refuse(`must have at most ${maxKeys} keys`)
  const keys: SigningJwk[] = []
  for (const [index, entry] of entries.entries()) {
    const key = await parseSigningKey(entry)
    if (!key.ok) return refuse(`has a mistake: key ${index + 1} ${key.error}; ${cure}`)
    keys.push(key.value)
  }
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) {
    return refuse('must not give two keys the same name (kid)')
  }
  const active = keys.filter(({ state }) => state === 'active').length
  return active === 1 ? succeed(keys) : refuse(`must have one active key (state), not ${active}`)
}

/** The key that signs. */
export function activeKeyOf(keys: readonly SigningJwk[]): SigningJwk | undefined {
  return keys.find(({ state }) => state === 'active')
}

/** What `/.well-known/jwks.json` publishes: public halves only (RFC 7517 §5). */
export function publicJwkSet(keys: readonly SigningJwk[]): { readonly keys: readonly PublicJwk[] } {
  return {
    keys: keys.map(({ d: _, state: __, retired_at: ___, created_at: ____, ...jwk }) => ({
      ...jwk,
      use: 'sig',
    })),
  }
}

/** HS256 with SECRET_KEY, for a service that verifies its own tokens. */
export const importSecretSigningKey: (secretKey: string) => Promise<SigningKey> = importSecretKey

/** The private key of a JWK. */
export async function importSigningKey(jwk: SigningJwk): Promise<SigningKey> {
  const { kty, crv, x, y, d, alg } = jwk
  const data = { kty, crv, x, d, ...(y !== undefined && { y }) }
  const cryptoKey = await crypto.subtle.importKey('jwk', data, webCryptoAlgorithms[alg], false, [
    'sign',
  ])
  return { algorithm: alg, keyId: jwk.kid, cryptoKey }
}

async function parseSigningKey(entry: unknown): Promise<Result<SigningJwk, string>> {
  const jwk = parsePublicJwk(entry)
  if (!jwk.ok) return jwk
  const {
    d,
    state,
    retired_at: retiredAt,
    created_at: createdAt,
  } = entry as Readonly<Record<string, unknown>>
  if (!isCoordinate(d)) return refuse('lacks its private half (d)')
  if (!states.includes(state)) return refuse('has no state: next, active or retired')
  if (retiredAt !== undefined && !Number.isSafeInteger(retiredAt)) {
    return refuse('has a retired_at that is no number of seconds')
  }
  const since = retiredAt !== undefined && { retired_at: Number(retiredAt) }
  // Only the command line reads it.
  const made = Number.isSafeInteger(createdAt) && { created_at: Number(createdAt) }
  const key = { ...jwk.value, d, state: state as KeyState, ...since, ...made }
  return (await isPair(key))
    ? succeed(key)
    : refuse('is not a pair: its private half (d) does not belong to its public half')
}

/** Platforms import halves that do not belong together, so only a signature proves that they do. */
async function isPair(jwk: SigningJwk): Promise<boolean> {
  try {
    const data = encodeUtf8('Do the halves fit?')
    const signature = await createSignature(await importSigningKey(jwk), data)
    return await isSignatureGenuine(await importPublicKey(jwk), new Uint8Array(signature), data)
  } catch {
    return false
  }
}
