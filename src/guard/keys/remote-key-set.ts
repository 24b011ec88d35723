// The issuer's key set (RFC 7517 §5), fetched and kept. Strangers could make us fetch, so fetches
// are bounded. An isolate does one at a time (single-flight.ts). After one that failed, or that did
// not find the key, there is none for a while.

import {
  aFunction,
  checkOptions,
  optional,
  type Rules,
  refuseSecond,
} from '../../errors/check-options.ts'
import { type KeyReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import { type Runtime, runtimeRule, systemRuntime } from '../../runtime/runtime.ts'
import { type BackOff, SingleFlight } from '../../runtime/single-flight.ts'
import type { KeySet, VerificationContext } from '../../token/key-set.ts'
import type { VerificationKey } from '../../token/verification-key.ts'
import { insecureHttpRule, issuerRule } from '../remote/address-rules.ts'
import { type ServiceBinding, timeoutMs } from '../remote/ask-service.ts'
import { keepAlive } from '../remote/keep-alive.ts'
import { fetchKeySet, type KeysByName } from './fetch-key-set.ts'

/** Where the keys are. */
export interface RemoteKeySetOptions<Bindings = unknown> {
  /** The `iss` of the tokens; its key set is at `/.well-known/jwks.json` under it. Required. */
  readonly issuer: string
  /** The binding that reaches the service. Default: none; the request goes over HTTP. */
  readonly service?: ((env: Bindings) => ServiceBinding) | undefined
  /**
   * Whether the keys may come over `http:` from another host, as in a verifier's options. Default
   * false.
   */
  readonly insecureHttp?: boolean | undefined
  /** Clock and randomness, for tests. Default: the platform's. */
  readonly runtime?: Pick<Runtime, 'elapsedMs' | 'delay'> | undefined
}

const rules: Rules<RemoteKeySetOptions> = {
  issuer: issuerRule,
  service: optional(aFunction('a function such as (env) => env.AUTH')),
  insecureHttp: insecureHttpRule,
  runtime: optional(runtimeRule(['elapsedMs', 'delay'])),
}

/** After this, a use of the copy starts a fetch in the background. */
const freshForMs = 10 * 60_000
/** After this, a copy that could not be renewed is not used any more. */
const usableForMs = 24 * 60 * 60_000
/**
 * After a fetch that did not find its `kid`, there is no fetch for an unknown `kid` within this
 * time.
 */
const coolDownMs = 30_000
/** The pauses after failures: 1, 2, 4 … 30 s. */
const backOff: BackOff = { firstPauseMs: 1_000, longestPauseMs: coolDownMs }

interface Copy {
  readonly keys: KeysByName
  /** When its fetch began. */
  readonly atMs: number
}

/**
 * The key set that `issuer` publishes. A copy is fresh for 10 minutes. Then it is renewed in the
 * background, and used for at most 24 hours while that fails. A `kid` that it lacks causes one
 * fetch, of at most 3 s. When that does not find the key, unknown ones are refused for 30 s without
 * another fetch. A token that names no key is refused without a fetch once there is a copy. A
 * failed fetch, or an answer that is not a key set, leaves the copy as it is, and a line in the
 * log. The next fetch may begin 1 s later, after more failures 2, 4 … 30 s later.
 *
 * Log lines go to `console.error`: JSON with `event`, `issuer` and `problem`.
 *
 * @throws TypeError when an option cannot work, or is not known
 *
 * @example
 * ```ts
 * import { createRemoteKeySet, requireAccessToken } from 'portcullis'
 *
 * // One copy of the keys for two guards.
 * const issuer = 'https://auth.example.com'
 * const keySet = createRemoteKeySet({ issuer, service: (env: Env) => env.AUTH })
 * const options = { issuer, service: (env: Env) => env.AUTH, keys: () => keySet }
 * const users = requireAccessToken({ ...options, audience: 'https://api.example.com' })
 * const partners = requireAccessToken({ ...options, audience: 'https://partners.example.com' })
 * ```
 */
export function createRemoteKeySet<Bindings>(
  options: RemoteKeySetOptions<Bindings>,
  ...others: undefined[]
): KeySet {
  refuseSecond('createRemoteKeySet', others)
  const checked = checkOptions('createRemoteKeySet', rules, options as RemoteKeySetOptions)
  const { issuer, service, runtime = systemRuntime } = checked
  const fetching = new SingleFlight(runtime, backOff)
  let copy: Copy | undefined
  let problem: string | undefined

  function current(keyId: string | undefined, context: VerificationContext) {
    const nowMs = runtime.elapsedMs()
    if (keyId === undefined || !copy || nowMs - copy.atMs >= usableForMs) return undefined
    const key = copy.keys.get(keyId)?.key
    // A clock that was set back makes the copy's age unknown.
    const isFresh = nowMs >= copy.atMs && nowMs < copy.atMs + freshForMs
    if (key && !isFresh && fetching.mayBegin()) void load(context, true)
    return key
  }

  function load(context: VerificationContext, isInBackground: boolean): Promise<void> {
    return keepAlive(context, isInBackground, async () => {
      const atMs = runtime.elapsedMs()
      fetching.begin(timeoutMs)
      const findBinding = service && (() => service(context.env))
      const keys = await fetchKeySet(issuer, findBinding, copy?.keys)
      problem = keys.ok ? undefined : keys.error
      if (keys.ok) {
        fetching.succeed()
        copy = { keys: keys.value, atMs }
        return
      }
      fetching.fail()
      console.error(JSON.stringify({ event: 'key_set_unavailable', issuer, problem }))
    })
  }

  /** The key, after a fetch. */
  async function fetchKey(
    keyId: string | undefined,
    context: VerificationContext,
  ): Promise<Result<VerificationKey, KeyReason>> {
    const before = copy
    const isRenewed = () => copy !== before
    const isInTime = await fetching.doOrWait(
      isRenewed,
      () => load(context, false),
      context.deadlineMs,
    )
    const key = current(keyId, context)
    if (key) return succeed(key)
    if (isRenewed()) fetching.pauseFor(coolDownMs)
    const isKnownSet = isInTime && copy && !fetching.hasFailed()
    return refuse(isKnownSet ? 'token_key_unknown' : 'key_set_unavailable')
  }

  return {
    issuer,
    current,
    async find(keyId, context) {
      const key = current(keyId, context)
      if (key) return succeed(key)
      // A token that names no key is not signed with a published one. Without a copy, it still
      // causes a fetch. If the service publishes no keys, as without SIGNING_KEYS, the log must say
      // so.
      if (keyId === undefined && copy) return refuse('token_key_unknown')
      return fetchKey(keyId, context)
    },
    problem: () => problem,
  }
}
