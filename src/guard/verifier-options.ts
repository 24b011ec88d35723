// The options of a verifier, and the parts that are made from them.

import { aFunction, must, optional, type Rules } from '../errors/check-options.ts'
import { succeed } from '../errors/reasons.ts'
import { type Runtime, runtimeFunctions, runtimeRule } from '../runtime/runtime.ts'
import { isAudience } from '../token/issuer.ts'
import type { KeySet } from '../token/key-set.ts'
import type { RevocationSource } from '../token/revocation-source.ts'
import { createRemoteKeySet } from './keys/remote-key-set.ts'
import { insecureHttpRule, issuerRule, trustedOriginsRule } from './remote/address-rules.ts'
import type { ServiceBinding } from './remote/ask-service.ts'
import { withoutStreamSeconds } from './revocation/frame-reader.ts'
import { createGate, type RevocationGate } from './revocation/gate.ts'
import { loaderOf } from './revocation/isolate-views.ts'
import { parsePolicy, type RevocationOption, revocationRule } from './revocation/policy.ts'
import { createRemoteSource } from './revocation/remote-source.ts'

/**
 * Whose tokens are accepted, and where the keys come from. The type `Bindings` is that of the
 * Worker's `env`. Options that are functions receive it.
 */
export interface VerifierOptions<Bindings = unknown> {
  /**
   * The `iss` of the tokens: exactly the service's ISSUER (RFC 7519 §4.1.1). Without `service`, the
   * guard reaches it over the network. It must then be `https:`, or on this machine. Required.
   */
  readonly issuer: string
  /**
   * The `aud` that a token must name, as in the service's AUDIENCE (RFC 7519 §4.1.3). The value
   * `'any'` accepts the issuer's tokens for every audience; use it only on purpose. Required.
   */
  readonly audience: string
  /**
   * The service binding that reaches the service: `(env) => env.AUTH`. Default: none. Then the key
   * set and the revocation feed are fetched over HTTP from the issuer's address. Between Workers of
   * one account, that needs a Custom Domain.
   */
  readonly service?: ((env: Bindings) => ServiceBinding) | undefined
  /**
   * Another source of keys: a local key set, one with the service's own secret, or one that several
   * verifiers share. Called with the first token, and kept. Default: the keys that the service
   * publishes (`createRemoteKeySet`).
   */
  readonly keys?: ((env: Bindings) => KeySet) | undefined
  /**
   * Where the token is. No other place counts. Default `'bearer'`: in the `Authorization` header.
   * With `'cookie'`, it is in the cookie that the service sets with TOKEN_TRANSPORT=cookie, for
   * pages of the same host as the API. Requests that change something must then come from the API's
   * own origin, or from one of `trustedOrigins`.
   */
  readonly transport?: 'bearer' | 'cookie'
  /**
   * With `transport: 'cookie'`: origins of the same site whose pages may change something, such as
   * `https://app.example.com`. Default: none but the API's own.
   */
  readonly trustedOrigins?: readonly string[]
  /**
   * Whether keys and revocations may be fetched over `http:` from a host that is not this machine.
   * Such origins may then be in `trustedOrigins`, too. Only for a private network, where nobody can
   * read or change the traffic. Like the service's INSECURE_HTTP=allow. Default false.
   */
  readonly insecureHttp?: boolean | undefined
  /**
   * How soon a revocation takes effect here. Default `{ maxStalenessSeconds: 10 }`. Requests that
   * begin 10 s after a revocation, or later, are then refused, or answered 503. A busy isolate
   * follows the feed, and knows of a revocation within about a second. No I/O on a request while
   * the known revocations are younger than half of the bound. With `'strict'`, every request asks
   * the service: one round trip. With `'none'`, tokens live until they expire.
   */
  readonly revocation?: RevocationOption
  /**
   * Another source of revocations than the service's feed. An example is `createDatabaseSource` of
   * `portcullis/database`, in the service's own Worker. Called with the first token, and kept.
   * Default: the service's feed.
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
    throw new TypeError(`keys gives the key set of ${set.issuer}, and issuer is ${issuer}.`)
  }
  return set
}

const anOptionalFunction = optional(aFunction())

/** What a verifier's options may be. An empty value would accept more than it should. */
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
 * The gate that a token passes after its signature.
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
      // The source is found on use, so that an error counts as the source's failure.
      const find = () => {
        source ??= revocationSource
          ? revocationSource(env as Bindings)
          : createRemoteSource({ issuer, service }, runtime)
        return source
      }
      return {
        pull: async (...question) => find().pull(...question),
        follow: async (...question) =>
          find().follow?.(...question) ?? succeed(withoutStreamSeconds),
        check: async (...question) => find().check(...question),
      }
    },
  })
}
