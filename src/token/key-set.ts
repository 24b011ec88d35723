// Key sets: where the key comes from that a token names. This file has those that hold their keys;
// remote-key-set.ts has the one that fetches them.

import { byteLength } from '../crypto/utf8.ts'
import type { KeyReason, Result } from '../errors/reasons.ts'
import { refuse, succeed } from '../errors/reasons.ts'
import { lazyValue } from '../runtime/lazy-value.ts'
import { isObject } from './json.ts'
import { type PublicJwk, parsePublicJwk } from './jwk.ts'
import { importPublicKey, importSecretKey, type VerificationKey } from './verification-key.ts'

/** What surrounds one verification. */
export interface VerificationContext {
  /** The Worker's bindings, for the options that are functions of them. Default: undefined. */
  readonly env?: unknown
  /** Keeps work alive after the response: `ctx.waitUntil` on Workers. Default: nothing does. */
  readonly waitUntil?: (work: Promise<unknown>) => void
  /**
   * How long the request may wait for keys and revocations, as a moment of the runtime's
   * `elapsedMs`. Default: a verifier gives each request 3 s.
   */
  readonly deadlineMs?: number
}

/** Keys that verify the tokens of one issuer. */
export interface KeySet {
  /** Whose keys they are: an `iss`. Default: not known, and not compared with the guard's. */
  readonly issuer?: string
  /** The key, where it is at hand: no I/O now, though a refresh may begin in the background. */
  current(keyId: string | undefined, context: VerificationContext): VerificationKey | undefined
  /**
   * The key, fetched if need be. Never throws. Refuses with 'token_key_unknown' when the set lacks
   * it, with 'key_set_unavailable' when the set cannot be had.
   */
  find(
    keyId: string | undefined,
    context: VerificationContext,
  ): Promise<Result<VerificationKey, KeyReason>>
  /** What last kept the set from being had: a sentence for whoever runs the guard. Optional. */
  problem?(): string | undefined
}

/** A key, and how to import it. */
export interface KeySource {
  readonly keyId: string | undefined
  readonly load: () => Promise<VerificationKey>
}

/** Of a secret that signs (RFC 7518 §3.2). */
export const minSecretKeyBytes = 32

/** A set of keys at hand, each imported with its first token. */
export function createKeySetOf(sources: readonly KeySource[]): KeySet {
  const loaded = new Map<string | undefined, VerificationKey>()
  const loaders = new Map(sources.map(({ keyId, load }) => [keyId, lazyValue(load)]))
  return {
    current: (keyId) => loaded.get(keyId),
    async find(keyId) {
      const load = loaders.get(keyId)
      if (!load) return refuse('token_key_unknown')
      const key = await load().catch(() => undefined)
      // Text of the right form need not be a point of the curve.
      if (!key) return refuse('key_set_unavailable')
      loaded.set(keyId, key)
      return succeed(key)
    },
  }
}

/**
 * A key set that is known beforehand: a JWK Set with public keys (RFC 7517 §5), as an object.
 *
 * @throws TypeError when it is not a JWK Set, has no key or two of one name, or one of its keys is
 * not ES256 or EdDSA
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
 * The key set of a service that signs with its SECRET_KEY (HS256). Whoever has this key can mint
 * tokens, too: for the service's own Worker, and for nobody else. Spaces and line ends around it do
 * not count, as in the service. While SECRET_KEY is exchanged, pass PREVIOUS_SECRET_KEY as well, so
 * that tokens of before stay good until they expire; an empty or missing one is none.
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

/** How to import a secret, and the one before: tokens of it carry no `kid`. */
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
