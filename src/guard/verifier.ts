// What a guard does, without a web framework. It takes a request or a token, and gives the user or
// a refusal. There is no I/O while keys and revocations are at hand. A token that was verified
// before costs one map lookup, and one lookup for each of its ids.

import { checkOptions, refuseSecond } from '../errors/check-options.ts'
import { messageOf } from '../errors/message-of.ts'
import { type Result, refuse, succeed } from '../errors/reasons.ts'
import { type Runtime, systemRuntime } from '../runtime/runtime.ts'
import { orLate } from '../runtime/single-flight.ts'
import {
  type AccessTokenClaims,
  revocationIdsOf,
  verifyAccessToken,
} from '../token/access-token.ts'
import type { FindKey } from '../token/compact-jws.ts'
import type { KeySet, VerificationContext } from '../token/key-set.ts'
import type { VerificationKey } from '../token/verification-key.ts'
import { createRefusal, type GuardRefusal } from './refusal.ts'
import { createRefuser, withDeadline } from './refuser.ts'
import { type RevocableToken, revocableToken } from './revocation/gate.ts'
import { tokenReaderOf } from './token-reader.ts'
import { createVerifiedTokens } from './verified-tokens.ts'
import { gateOf, keySetOf, type VerifierOptions, verifierRules } from './verifier-options.ts'

export type { VerifierOptions }

/**
 * Who sent a request. Frozen, because requests with the same token share it.
 *
 * The type `CustomClaims` has the claims in addition to those of every access token. The issuer,
 * who signs them, promises their type; nothing else checks it.
 */
export interface Authentication<CustomClaims extends object = object> {
  /** The user's id (`sub`). */
  readonly subject: string
  /** The session's id (`sid`), the same for all tokens of one login. */
  readonly sessionId: string
  /** The opaque ids, each of which can revoke the token: for `isRevoked`, and for SQL. */
  readonly revocationIds: readonly string[]
  /** All claims of the token. */
  readonly claims: AccessTokenClaims & Readonly<CustomClaims>
}

/** The context of one call: on Workers, `{ env, waitUntil: (work) => ctx.waitUntil(work) }`. */
export type { VerificationContext }

/** Verifies access tokens of one issuer for one audience. */
export interface Verifier<CustomClaims extends object = object> {
  /**
   * Who sent the request, or whose the token is. The option `transport` says where the token of a
   * request is. That is the `Authorization: Bearer` header (RFC 6750 §2.1) or the cookie, and no
   * other place. Waits 3 s at most for keys and revocations, and then refuses with 503. Never
   * rejects. When a function of the options throws, the answer is 503, with a line in the log.
   *
   * No I/O while the key set is at hand and the known revocations are young enough; see
   * `createRemoteKeySet` and `revocation`. Needs `env` where the options are functions of it. Needs
   * `waitUntil` on Workers, so that background renewals outlive the response.
   */
  verify(
    input: Request | string,
    context?: VerificationContext,
  ): Promise<Result<Authentication<CustomClaims>, GuardRefusal>>
  /**
   * Whether a token that was let in must no longer be let in. That is so when it was revoked since,
   * or when that cannot be known within the bound. For what goes on after a request, such as a
   * WebSocket: ask from time to time, and check `claims.exp`. No I/O while the known revocations
   * are young enough. Never rejects.
   */
  isRevoked(
    authentication: Pick<Authentication, 'revocationIds'>,
    context?: VerificationContext,
  ): Promise<boolean>
}

/** One flat object for each token, because thousands of them are kept. */
interface Verified<CustomClaims extends object> extends RevocableToken {
  readonly authentication: Authentication<CustomClaims>
  readonly key: VerificationKey
}

/**
 * A verifier. Create one for the isolate, and keep it. It holds the key set, and a cache of
 * verified tokens with at most 4 MiB of their text.
 *
 * @throws TypeError when an option cannot work, or is not known: the sentence names it
 *
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuer: 'https://auth.example.com',
 *   audience: 'https://api.example.com',
 *   service: (env: Env) => env.AUTH,
 * })
 *
 * export default {
 *   async fetch(request, env, ctx) {
 *     const auth = await verifier.verify(request, { env, waitUntil: (work) => ctx.waitUntil(work) })
 *     if (!auth.ok) return refusalResponse(auth.error)
 *     return new Response(`Hello ${auth.value.subject}`)
 *   },
 * } satisfies ExportedHandler<Env>
 * ```
 */
export function createVerifier<Bindings = unknown, CustomClaims extends object = object>(
  options: VerifierOptions<Bindings>,
  ...others: undefined[]
): Verifier<CustomClaims> {
  refuseSecond('createVerifier', others)
  return createCachingVerifier(
    checkOptions('createVerifier', verifierRules, options as VerifierOptions),
  )
}

/** A verifier for guards, which can also be asked without waiting. */
export interface CachingVerifier<CustomClaims extends object> extends Verifier<CustomClaims> {
  /**
   * Who sent the request, if its token was verified before and is still good. Otherwise ask
   * `verify`. Most requests end here, so it makes no promise.
   */
  verifyFromCache(
    request: Request,
    context: VerificationContext,
  ): Authentication<CustomClaims> | undefined
}

/** Like `createVerifier`, with options that `checkOptions` has returned. */
export function createCachingVerifier<Bindings, CustomClaims extends object>(
  options: VerifierOptions<Bindings>,
): CachingVerifier<CustomClaims> {
  const { issuer, audience, runtime = systemRuntime } = options
  const gate = gateOf(options, runtime)
  const reader = tokenReaderOf(options.transport, options.trustedOrigins)
  const tokens = createVerifiedTokens<Verified<CustomClaims>>()
  const refusalOf = createRefuser(options, runtime)
  let keys: KeySet | undefined

  /** Since the token was verified, it may have expired, or its key may have been withdrawn. */
  function findVerified(token: string, context: VerificationContext) {
    const known = tokens.find(token)
    if (!known || !keys || known.authentication.claims.exp <= runtime.now()) return undefined
    return keys.current(known.key.keyId, context) === known.key ? known : undefined
  }

  async function verifyAndCache(
    token: string,
    set: KeySet,
    context: VerificationContext,
  ): Promise<Result<Verified<CustomClaims>, GuardRefusal>> {
    const findKey = findKeyOf(options.keys !== undefined, set, runtime, context)
    const verified = await verifyAccessToken({ issuer, audience, findKey }, runtime, token)
    if (!verified.ok) {
      return refuse(refusalOf(verified.error, context, { problem: set.problem?.(), token }))
    }
    const { claims, key } = verified.value
    const { ids, words } = revocableToken(await revocationIdsOf(verified.value))
    const kept = { ids, words, authentication: authenticationOf<CustomClaims>(claims, ids), key }
    tokens.keep(token, kept)
    return succeed(kept)
  }

  async function verifyToken(
    token: string,
    context: VerificationContext,
  ): Promise<Result<Authentication<CustomClaims>, GuardRefusal>> {
    keys ??= keySetOf(options, context.env as Bindings, runtime)
    const known = findVerified(token, context)
    const verified = known ? succeed(known) : await verifyAndCache(token, keys, context)
    if (!verified.ok) return verified
    const { authentication } = verified.value
    const admitted = await gate.admit(verified.value, context)
    return admitted.ok
      ? succeed(authentication)
      : refuse(refusalOf(admitted.error, context, { problem: gate.problem() }))
  }

  return refuseWhatThrows(issuer, {
    verifyFromCache(request, context) {
      const token = reader.peek(request)
      const known = token === undefined ? undefined : findVerified(token, context)
      return known && gate.isKnownLive(known, context) ? known.authentication : undefined
    },
    async verify(input, context = {}) {
      const token = typeof input === 'string' ? succeed(input) : reader.read(input)
      return token.ok
        ? await withDeadline(input, context, runtime, (limited) =>
            verifyToken(token.value, limited),
          )
        : refuse(createRefusal(token.error))
    },
    async isRevoked({ revocationIds }, context = {}) {
      const token = revocableToken(revocationIds)
      const admit = (limited: VerificationContext) => gate.admit(token, limited)
      return !(await withDeadline(undefined, context, runtime, admit)).ok
    },
  })
}

/**
 * An application's own key set may be slow, so it gets a deadline. Our key sets keep the deadline
 * themselves.
 */
function findKeyOf(
  isOwn: boolean,
  set: KeySet,
  runtime: Pick<Runtime, 'elapsedMs' | 'delay'>,
  context: VerificationContext,
): FindKey {
  const find: FindKey = (keyId) => set.find(keyId, context)
  return isOwn
    ? (keyId) =>
        orLate(runtime, () => find(keyId), refuse('key_set_unavailable'), context.deadlineMs)
    : find
}

/** An error from a function of the options is an outage. The same error in a row is logged once. */
function refuseWhatThrows<CustomClaims extends object>(
  issuer: string,
  verifier: CachingVerifier<CustomClaims>,
): CachingVerifier<CustomClaims> {
  let last: string | undefined
  return {
    ...verifier,
    verifyFromCache(request, context) {
      try {
        return verifier.verifyFromCache(request, context)
      } catch {
        // The function `verify` says why.
        return undefined
      }
    },
    async verify(input, context) {
      try {
        return await verifier.verify(input, context)
      } catch (error) {
        const problem = `The verifier failed: ${messageOf(error)}; check its options, and that Node is 22.12 or newer.`
        if (problem !== last) {
          console.error(JSON.stringify({ event: 'verifier_failed', issuer, problem }))
        }
        last = problem
        return refuse(createRefusal('key_set_unavailable', { problem }))
      }
    },
  }
}

function authenticationOf<CustomClaims extends object>(
  claims: AccessTokenClaims,
  revocationIds: readonly string[],
): Authentication<CustomClaims> {
  const authentication = { subject: claims.sub, sessionId: claims.sid, revocationIds, claims }
  return deepFreeze(authentication) as Authentication<CustomClaims>
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member)
  }
  return Object.freeze(value)
}
