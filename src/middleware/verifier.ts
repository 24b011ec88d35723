// What a guard does, without a web framework: a request or a token in, who it is or a refusal out.
// While the key set is at hand nothing here does any I/O, and a token that was verified before costs
// a look into a map.

import { type GuardReason, type Result, refuse, succeed } from '../errors/reasons.ts'
import type { ServiceBinding } from '../remote/ask-service.ts'
import { type Runtime, systemRuntime } from '../runtime.ts'
import { type AccessTokenClaims, verifyAccessToken } from '../token/access-token.ts'
import type { KeySet, VerificationContext } from '../token/key-set.ts'
import { createRemoteKeySet } from '../token/remote-key-set.ts'
import type { VerificationKey } from '../token/verification-key.ts'
import { createVerifiedTokens } from '../token/verified-tokens.ts'
import { parseBearer } from './bearer.ts'
import { createRefusal, type GuardRefusal } from './refusal.ts'

/**
 * Whose tokens are accepted, and where the keys come from. `Bindings` is the type of the Worker's
 * `env`, as it is handed to the options that are functions of it.
 */
export interface VerifierOptions<Bindings = unknown> {
  /** The `iss` of the tokens: exactly the service's ISSUER (RFC 7519 §4.1.1). */
  readonly issuer: string
  /**
   * The `aud` that a token must name, as in the service's AUDIENCE (RFC 7519 §4.1.3). `'any'`
   * accepts tokens that the issuer has made for anybody; say it only on purpose.
   */
  readonly audience: string
  /**
   * The service binding that reaches the service: `(env) => env.AUTH`. Without it the key set is
   * fetched over HTTP from the issuer's address, which between Workers of one account needs a
   * Custom Domain.
   */
  readonly service?: ((env: Bindings) => ServiceBinding) | undefined
  /**
   * The keys, where they are not to be fetched: a local key set, one with the service's own secret,
   * or one that several verifiers share. Called with the first token, and kept.
   */
  readonly keys?: ((env: Bindings) => KeySet) | undefined
  /** Whether revoked tokens are refused. In this version they are not: `'none'` is all there is. */
  readonly revocation?: 'none'
}

/**
 * Who sent a request. Frozen: it is shared between the requests with the same token.
 *
 * `CustomClaims` are claims beside those of every access token. Their type is a promise of the
 * issuer, whose signature is on them; nothing else checks it.
 */
export interface Authentication<CustomClaims extends object = object> {
  /** The user's id (`sub`). */
  readonly subject: string
  /** The session's id (`sid`), the same for all tokens of one login. */
  readonly sessionId: string
  /** Everything that the token says. */
  readonly claims: AccessTokenClaims & Readonly<CustomClaims>
}

/** What surrounds one call: on Workers, `{ env, waitUntil: (work) => ctx.waitUntil(work) }`. */
export type { VerificationContext }

/** Verifies access tokens of one issuer for one audience. */
export interface Verifier<CustomClaims extends object = object> {
  /**
   * Who sent the request, by its `Authorization: Bearer` header (RFC 6750 §2.1; no other place
   * counts), or whose the token is. Never rejects for what a client has sent.
   *
   * No I/O while the key set is at hand; see `createRemoteKeySet` for when it is fetched. Needs
   * `env` where the options are functions of it, and `waitUntil` on Workers, so that a key set that
   * is renewed in the background outlives the response.
   */
  verify(
    input: Request | string,
    context?: VerificationContext,
  ): Promise<Result<Authentication<CustomClaims>, GuardRefusal>>
}

interface Verified<CustomClaims extends object> {
  readonly authentication: Authentication<CustomClaims>
  readonly key: VerificationKey
  readonly expiresAt: number
}

/**
 * A verifier: make one for the isolate, and keep it, for it holds the key set and a cache of at most
 * 4 MiB of tokens that were verified.
 *
 * @param runtime clock and randomness, for tests
 * @throws TypeError when the issuer is no URL or the audience is empty
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
 *     if (!auth.ok) return refusalResponse(auth.reason)
 *     return new Response(`Hello ${auth.value.subject}`)
 *   },
 * } satisfies ExportedHandler<Env>
 * ```
 */
export function createVerifier<Bindings = unknown, CustomClaims extends object = object>(
  options: VerifierOptions<Bindings>,
  runtime: Runtime = systemRuntime,
): Verifier<CustomClaims> {
  return createRecallingVerifier(options, runtime)
}

/** What guards use: a verifier that can also be asked without waiting. */
export interface RecallingVerifier<CustomClaims extends object> extends Verifier<CustomClaims> {
  /**
   * Who sent the request, where its token was verified before and is still good; otherwise ask
   * `verify`. Most requests end here, so no promise is made.
   */
  recall(request: Request, context: VerificationContext): Authentication<CustomClaims> | undefined
}

/** As `createVerifier`. */
export function createRecallingVerifier<Bindings, CustomClaims extends object>(
  options: VerifierOptions<Bindings>,
  runtime: Runtime,
): RecallingVerifier<CustomClaims> {
  const expected = checkOptions(options)
  const tokens = createVerifiedTokens<Verified<CustomClaims>>()
  let keys: KeySet | undefined

  /** The key may have been withdrawn, and the token may have expired, since it was verified. */
  function recallToken(token: string, context: VerificationContext) {
    const known = tokens.find(token)
    if (!known || !keys || known.expiresAt <= runtime.now()) return undefined
    return keys.current(known.key.keyId, context) === known.key ? known.authentication : undefined
  }

  async function verifyAnew(token: string, set: KeySet, context: VerificationContext) {
    const findKey = (keyId: string | undefined) => set.find(keyId, context)
    const verified = await verifyAccessToken({ ...expected, findKey }, runtime, token)
    if (!verified.ok) return refuse(createRefusal(verified.reason, set.problem?.()))
    const { claims, key } = verified.value
    const authentication = authenticationOf<CustomClaims>(claims)
    tokens.keep(token, { authentication, key, expiresAt: claims.exp })
    return succeed(authentication)
  }

  return {
    recall(request, context) {
      const authorization = request.headers.get('Authorization')
      // Any other spelling of the scheme is for `verify`; so is whatever is no token.
      if (!authorization?.startsWith(usualScheme)) return undefined
      return recallToken(authorization.slice(usualScheme.length), context)
    },
    async verify(input, context = {}) {
      const token = tokenOf(input)
      if (!token.ok) return refuse(createRefusal(token.reason))
      keys ??= keySetOf(options, context.env as Bindings, runtime)
      const known = recallToken(token.value, context)
      return known ? succeed(known) : verifyAnew(token.value, keys, context)
    },
  }
}

const usualScheme = 'Bearer '

function authenticationOf<CustomClaims extends object>(
  claims: AccessTokenClaims,
): Authentication<CustomClaims> {
  const authentication = { subject: claims.sub, sessionId: claims.sid, claims }
  return deepFreeze(authentication) as Authentication<CustomClaims>
}

function tokenOf(input: Request | string): Result<string, GuardReason> {
  if (typeof input === 'string') return succeed(input)
  return parseBearer(input.headers.get('Authorization') ?? undefined)
}

function keySetOf<Bindings>(
  { issuer, service, keys }: VerifierOptions<Bindings>,
  env: Bindings,
  runtime: Runtime,
): KeySet {
  const set = keys ? keys(env) : createRemoteKeySet({ issuer, service }, runtime)
  if (set.issuer !== undefined && set.issuer !== issuer) {
    throw new TypeError(`The key set is ${set.issuer}'s, and the issuer is to be ${issuer}.`)
  }
  return set
}

/** An empty or missing value would accept what it should not, so it is no option. */
function checkOptions({ issuer, audience }: VerifierOptions<never>) {
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) {
    throw new TypeError("issuer must be the service's ISSUER, such as https://auth.example.com.")
  }
  if (typeof audience !== 'string' || audience === '') {
    throw new TypeError("audience must be the API's own name (the service's AUDIENCE), or 'any'.")
  }
  return { issuer, audience: audience === 'any' ? undefined : audience }
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member)
  }
  return Object.freeze(value)
}
