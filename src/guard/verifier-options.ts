// What a verifier is told, and what is made of it with the first token.

import { aFunction, must, optional, type Rules } from '../errors/check-options.ts'
import { type Runtime, runtimeFunctions, runtimeRule } from '../runtime/runtime.ts'
import { isAudience } from '../token/issuer.ts'
import type { KeySet } from '../token/key-set.ts'
import type { RevocationSource } from '../token/revocation-source.ts'
import { createRemoteKeySet } from './keys/remote-key-set.ts'
import { insecureHttpRule, issuerRule, trustedOriginsRule } from './remote/address-rules.ts'
import type { ServiceBinding } from './remote/ask-service.ts'
import { createGate, type RevocationGate } from './revocation/gate.ts'
import { loaderOf } from './revocation/isolate-views.ts'
import { parsePolicy, type RevocationOption, revocationRule } from './revocation/policy.ts'
import { createRemoteSource } from './revocation/remote-source.ts'

/**
 * Whose tokens are accepted, and where the keys come from. `Bindings` is the type of the Worker's
 * `env`, as it is handed to the options that are functions of it.
 */
export interface VerifierOptions<Bindings = unknown> {
  /**
   * The `iss` of the tokens: exactly the service's ISSUER (RFC 7519 §4.1.1). Without `service` it is
   * asked over the network, so it must be `https:`, or on this machine. Required.
   */
  readonly issuer: string
  /**
   * The `aud` that a token must name, as in the service's AUDIENCE (RFC 7519 §4.1.3). `'any'`
   * accepts tokens that the issuer has made for anybody; say it only on purpose. Required.
   */
  readonly audience: string
  /**
   * The service binding that reaches the service: `(env) => env.AUTH`. Default: none; the key set
   * is fetched over HTTP from the issuer's address, and so is the revocation feed, which between
   * Workers of one account needs a Custom Domain.
   */
  readonly service?: ((env: Bindings) => ServiceBinding) | undefined
  /**
   * The keys, where they are not to be fetched: a local key set, one with the service's own secret,
   * or one that several verifiers share. Called with the first token, and kept. Default: those that
   * the service publishes (`createRemoteKeySet`).
   */
  readonly keys?: ((env: Bindings) => KeySet) | undefined
  /**
   * Where the token is. Default `'bearer'`: in the `Authorization` header. `'cookie'`: in the
   * cookie that the service sets with TOKEN_TRANSPORT=cookie, for pages of the same host as the
   * API. Nowhere else counts. With the cookie, requests that change something must come from the
   * API's own origin, or one of `trustedOrigins`.
   */
  readonly transport?: 'bearer' | 'cookie'
  /**
   * With `transport: 'cookie'`: origins of the same site whose pages may change something, such as
   * `https://app.example.com`. Default: none but the API's own.
   */
  readonly trustedOrigins?: readonly string[]
  /**
   * Whether keys and revocations may be fetched over `http:` from a host that is not this machine,
   * and pages of such origins trusted: for a private network, where nobody can read or change what
   * goes by. As the service's INSECURE_HTTP=allow. Default false.
   */
  readonly insecureHttp?: boolean | undefined
  /**
   * How soon a revocation holds here. The default, `{ maxStalenessSeconds: 10 }`: requests that
   * begin 10 s after a revocation, or later, are refused, or answered 503; no I/O while what is
   * known is younger than half of that. `'strict'`: every request asks, one round trip. `'none'`:
   * tokens live until they expire.
   */
  readonly revocation?: RevocationOption
  /**
   * Where the revocations are, where they are not to be had from the service's feed: such as
   * `createDatabaseSource` of `portcullis/database`, in the service's own Worker. Called with the
   * first token, and kept. Default: the service's feed.
   */
  readonly revocationSource?: ((env: Bindings) => RevocationSource) | undefined
  /** Clock and randomness, for tests. Default: the platform's. */
  readonly runtime?: Runtime | undefined
}

/** The keys that tokens are verified with. */
export function keySetOf<Bindings>(
  { issuer, service, insecureHttp, keys }: VerifierOptions<Bindings>,
  env: Bindings,
  runtime: Runtime,
): KeySet {
  const set = keys ? keys(env) : createRemoteKeySet({ issuer, service, insecureHttp, runtime })
  if (set.issuer !== undefined && set.issuer !== issuer) {
    throw new TypeError(`The key set is ${set.issuer}'s, and the issuer is to be ${issuer}.`)
  }
  return set
}

const anOptionalFunction = optional(aFunction())

/** What a verifier's options may be. An empty value would accept what it should not. */
export const verifierRules: Rules<VerifierOptions> = {
  issuer: issuerRule,
  audience: must(isAudience, "the API's own name (the service's AUDIENCE), or 'any'"),
  service: optional(aFunction('a function such as (env) => env.AUTH')),
  keys: anOptionalFunction,
  transport: optional(
    must(
      (value) => value === 'bearer' || value === 'cookie',
      "'bearer' or 'cookie'",
      JSON.stringify,
    ),
  ),
  trustedOrigins: optional(trustedOriginsRule),
  insecureHttp: insecureHttpRule,
  revocation: optional(revocationRule),
  revocationSource: anOptionalFunction,
  runtime: optional(runtimeRule(runtimeFunctions)),
}

/**
 * The gate behind the signature.
 *
 * @throws TypeError when its bounds are out of bounds
 */
export function gateOf<Bindings>(
  { issuer, service, revocation, revocationSource }: VerifierOptions<Bindings>,
  runtime: Runtime,
): RevocationGate {
  let source: RevocationSource | undefined
  return createGate(parsePolicy(revocation), {
    loader: loaderOf(issuer, runtime),
    sourceOf({ env }) {
      // Asked for as it is used: what it throws is the source's failure.
      const find = () => {
        source ??= revocationSource
          ? revocationSource(env as Bindings)
          : createRemoteSource({ issuer, service }, runtime)
        return source
      }
      return {
        pull: async (...question) => find().pull(...question),
        check: async (...question) => find().check(...question),
      }
    },
  })
}
