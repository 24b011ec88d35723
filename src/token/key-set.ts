// Key sets find the key that a token names. This file has the sets that hold their keys. The set
// that fetches them is in remote-key-set.ts.

import { byteLength } from '../crypto/utf8.ts'
import type { KeyReason, Result } from '../errors/reasons.ts'
import { refuse, succeed } from '../errors/reasons.ts'
import { isObject } from './json.ts'
import { type PublicJwk, parsePublicJwk } from './jwk.ts'
import { importPublicKey, importSecretKey, type VerificationKey } from './verification-key.ts'

/** The context of one verification. */
export interface VerificationContext {
  /** The Worker's bindings, for the options that are functions of them. Default: undefined. */
  readonly env?: unknown
  /** Keeps work alive after the response: `ctx.waitUntil` on Workers. Default, and null: none. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | null | undefined
  /**
   * Until when the request may wait for keys and revocations, as a moment of the runtime's
   * `elapsedMs`. Default: a verifier gives each request 3 s.
   */
  readonly deadlineMs?: number
}

/** Keys that verify the tokens of one issuer. */
export interface KeySet {
  /** The `iss` that the keys belong to. Default: not known, and not compared with the guard's. */
  readonly issuer?: string
  /** The key, if it is at hand. No I/O now, though a refresh may begin in the background. */
  current(keyId: string | undefined, context: VerificationContext): VerificationKey | undefined
  /**
   * The key, fetched if necessary. Never throws. Refuses with 'token_key_unknown' when the set
   * lacks it, and with 'key_set_unavailable' when the set is unavailable.
   */
  find(
    keyId: string | undefined,
    context: VerificationContext,
  ): Promise<Result<VerificationKey, KeyReason>>
  /** Why the set was last unavailable: a sentence for the operator of the guard. Optional. */
  problem?(): string | undefined
}

/** A key, and how to import it. */
export interface KeySource {
  readonly keyId: string | undefined
  readonly load: () => Promise<VerificationKey>
}

/** The fewest bytes of a secret that signs (RFC 7518 §3.2). */
export const minSecretKeyBytes = 32

/** A set of keys at hand, each imported with its first token. */
export function createKeySetOf(sources: readonly KeySource[]): KeySet {
  const loaded = new Map<string | undefined, VerificationKey>()
  return {
    current: (keyId) => loaded.get(keyId),
    async find(keyId) {
      const source = sources.find((one) => one.keyId === keyId)
      if (!source) return refuse('token_key_unknown')
      const fresh = loaded.get(keyId) ?? (await source.load().catch(() => undefined))
      // Concurrent first calls may each import the key. All of them get the first one.
      const key = loaded.get(keyId) ?? fresh
      // A text of the right form may not be a point of the curve.
      if (!key) return refuse('key_set_unavailable')
      loaded.set(keyId, key)
      return succeed(key)
    },
  }
}

/**
 * A key set that is known in advance: a JWK Set with public keys (RFC 7517 §5), as an object. No
 * I/O.
 *
 * @throws TypeError when it is not a JWK Set, or has no key. Also when two keys have one name, or a
 * key is not ES256 or EdDSA
 *
 * @example
 * ```ts
 * import { createLocalKeySet, requireAccessToken } from 'portcullis'
 *
 * const guardWith = (jwks: { readonly keys: readonly unknown[] }) =>
 *   requireAccessToken({
 *     issuer: 'https://auth.example.com',
 *     audience: 'https://api.example.com',
 *     service: (env: Env) => env.AUTH,
 *     keys: () => createLocalKeySet(jwks),
 *   })
 * ```
 */
export function createLocalKeySet(jwkSet: { readonly keys: readonly unknown[] }): KeySet {
  if (!isObject(jwkSet) || !Array.isArray(jwkSet.keys)) {
    throw new TypeError('A key set is a JWK Set: { keys: […] }.')
  }
  const sources = jwkSet.keys.map(publicKeySource)
  if (new Set(sources.map(({ keyId }) => keyId)).size !== (sources.length || 1)) {
    throw new TypeError('A key set has at least one key, and no two of the same name (kid).')
  }
  return createKeySetOf(sources)
}

/**
 * The key set of a service that signs with its SECRET_KEY (HS256). Anybody who has this key can
 * mint tokens, too. So use it only in the service's own Worker. Spaces and line ends around it do
 * not count, as in the service. During a change of SECRET_KEY, pass PREVIOUS_SECRET_KEY as well, so
 * that earlier tokens stay good until they expire. An empty or missing one counts as none.
 *
 * @throws TypeError when a key has fewer than 32 bytes (RFC 7518 §3.2)
 *
 * @example
 * ```ts
 * import { createSecretKeySet, requireAccessToken } from 'portcullis'
 *
 * const guard = requireAccessToken({
 *   issuer: 'https://auth.example.com',
 *   audience: 'https://api.example.com',
 *   service: (env: Env) => env.AUTH,
 *   keys: (env: Env) => createSecretKeySet(env.SECRET_KEY, env.PREVIOUS_SECRET_KEY),
 * })
 * ```
 */
export function createSecretKeySet(secretKey: string, previousSecretKey?: string): KeySet {
  const previous =
    typeof previousSecretKey === 'string' ? previousSecretKey.trim() : previousSecretKey
  const current = secretOf('SECRET_KEY', secretKey)
  return createKeySetOf([
    secretKeySource(current, previous ? secretOf('PREVIOUS_SECRET_KEY', previous) : undefined),
  ])
}

function secretOf(name: string, key: unknown): string {
  const secret = typeof key === 'string' ? key.trim() : ''
  if (byteLength(secret) >= minSecretKeyBytes) return secret
  throw new TypeError(`A secret key is a string of at least 32 bytes: the ${name} of the service.`)
}

/** How to import a secret, and the previous one. Their tokens carry no `kid`. */
export function secretKeySource(secretKey: string, previousSecretKey?: string): KeySource {
  return { keyId: undefined, load: () => importSecretKey(secretKey, previousSecretKey) }
}

/** How to import a public key. */
export function jwkSource(jwk: PublicJwk): KeySource {
  return { keyId: jwk.kid, load: () => importPublicKey(jwk) }
}

function publicKeySource(entry: unknown): KeySource {
  const jwk = parsePublicJwk(entry)
  if (!jwk.ok) throw new TypeError(`In the key set, a key ${jwk.error}.`)
  return jwkSource(jwk.value)
}
