// The issuer's key set (RFC 7517 §5), fetched and kept. Fetching is what strangers could make us do,
// so it is bounded: one at a time in an isolate, marked by a value with a deadline (a promise of
// another request's must not be waited for on Workers), and none for a while after one in vain.

import { type KeyReason, type Result, refuse, succeed } from '../errors/reasons.ts'
import { type Runtime, systemRuntime } from '../runtime.ts'
import { keySetUrl } from './issuer.ts'
import type { PublicJwk } from './jwk.ts'
import type { KeySet, VerificationContext } from './key-set.ts'
import { readKeySet } from './key-set-response.ts'
import { importPublicKey, type VerificationKey } from './verification-key.ts'

/** What sends a request to another Worker: a service binding, or anything else that can fetch. */
export interface ServiceBinding {
  fetch(request: Request): Promise<Response>
}

/** Where the keys are. */
export interface RemoteKeySetOptions<Bindings = unknown> {
  /** The `iss` of the tokens; its key set is at `/.well-known/jwks.json` under it. */
  readonly issuer: string
  /** The binding that reaches the service; without it, the request goes over HTTP. */
  readonly service?: ((env: Bindings) => ServiceBinding) | undefined
}

/** After this, a use of the copy fetches a new one in the background. */
const freshForMs = 10 * 60_000
/** After this, a copy that could not be renewed is worth nothing. */
const usableForMs = 24 * 60 * 60_000
/** How long the service may take to answer. */
const timeoutMs = 3_000
/** No fetch for an unknown `kid` within this time after one that did not find its own. */
const coolDownMs = 30_000
/** After a failure: doubled with each further one, up to the cool-down. */
const firstPauseMs = 1_000
/** How often a request looks whether another one's fetch has come back. */
const pollEveryMs = 20

/** The keys by their names. */
type Keys = ReadonlyMap<string, KnownKey>

interface Copy {
  readonly keys: Keys
  /** When its fetch began. */
  readonly atMs: number
}

interface KnownKey {
  readonly jwk: PublicJwk
  readonly key: VerificationKey
}

/**
 * The key set that `issuer` publishes. A copy is fresh for 10 minutes; then it is renewed in the
 * background, and used for at most 24 hours while that fails. A `kid` that it lacks causes one
 * fetch, of at most 3 s; when that was in vain, unknown ones are refused without any for 30 s. A
 * failed fetch, or an answer that is no key set, changes nothing and leaves a line in the log.
 *
 * Its lines go to `console.error`: JSON with `event`, `issuer` and `problem`.
 */
export function createRemoteKeySet<Bindings>(
  options: RemoteKeySetOptions<Bindings>,
  runtime: Pick<Runtime, 'elapsedMs' | 'delay'> = systemRuntime,
): KeySet {
  const { issuer, service } = options
  const fetchWith: FetchKeys = (env, known) =>
    fetchKeys(issuer, () => bindingOf(service, env as Bindings), known)
  return new RemoteKeySet(issuer, fetchWith, runtime)
}

type FetchKeys = (env: unknown, known: Keys | undefined) => Promise<Result<Keys, string>>

class RemoteKeySet implements KeySet {
  readonly issuer: string
  readonly #fetchKeys: FetchKeys
  readonly #runtime: Pick<Runtime, 'elapsedMs' | 'delay'>
  #copy: Copy | undefined
  #loadingUntilMs = Number.NEGATIVE_INFINITY
  #nextLoadAtMs = Number.NEGATIVE_INFINITY
  #failures = 0
  #problem: string | undefined

  constructor(issuer: string, fetchKeys: FetchKeys, runtime: Pick<Runtime, 'elapsedMs' | 'delay'>) {
    this.issuer = issuer
    this.#fetchKeys = fetchKeys
    this.#runtime = runtime
  }

  problem(): string | undefined {
    return this.#problem
  }

  current(keyId: string | undefined, context: VerificationContext): VerificationKey | undefined {
    const age = this.#runtime.elapsedMs() - (this.#copy?.atMs ?? Number.NEGATIVE_INFINITY)
    if (keyId === undefined || age >= usableForMs) return undefined
    const key = this.#copy?.keys.get(keyId)?.key
    if (key && age >= freshForMs && this.#mayLoad()) void this.#loadFor(context)
    return key
  }

  async find(
    keyId: string | undefined,
    context: VerificationContext,
  ): Promise<Result<VerificationKey, KeyReason>> {
    // A token that names no key is not signed with a published one.
    if (keyId === undefined) return refuse('token_key_unknown')
    const key = this.current(keyId, context)
    return key ? succeed(key) : this.#lookUp(keyId, context)
  }

  async #lookUp(
    keyId: string,
    context: VerificationContext,
  ): Promise<Result<VerificationKey, KeyReason>> {
    const before = this.#copy
    await this.#loadOrWait(context)
    const key = this.current(keyId, context)
    if (key) return succeed(key)
    if (this.#copy !== before) this.#nextLoadAtMs = this.#runtime.elapsedMs() + coolDownMs
    const isKnownSet = this.#copy !== undefined && this.#failures === 0
    return refuse(isKnownSet ? 'token_key_unknown' : 'key_set_unavailable')
  }

  /** Fetches the set, unless another request is fetching it: then its copy serves this one, too. */
  async #loadOrWait(context: VerificationContext): Promise<void> {
    const before = this.#copy
    while (this.#isLoading()) await this.#runtime.delay(pollEveryMs)
    if (this.#copy === before && this.#mayLoad()) await this.#loadFor(context)
  }

  /** Others may wait for it: so it goes on when its own client hangs up. */
  #loadFor({ env, waitUntil }: VerificationContext): Promise<void> {
    const loading = this.#load(env)
    waitUntil?.(loading)
    return loading
  }

  async #load(env: unknown): Promise<void> {
    const startedAtMs = this.#runtime.elapsedMs()
    this.#loadingUntilMs = startedAtMs + timeoutMs
    const keys = await this.#fetchKeys(env, this.#copy?.keys)
    this.#loadingUntilMs = Number.NEGATIVE_INFINITY
    if (!keys.ok) return this.#fail(keys.reason)
    this.#copy = { keys: keys.value, atMs: startedAtMs }
    this.#failures = 0
    this.#problem = undefined
  }

  #fail(problem: string): void {
    const pauseMs = Math.min(firstPauseMs * 2 ** this.#failures, coolDownMs)
    this.#nextLoadAtMs = this.#runtime.elapsedMs() + pauseMs
    this.#failures += 1
    this.#problem = problem
    console.error(JSON.stringify({ event: 'key_set_unavailable', issuer: this.issuer, problem }))
  }

  #isLoading(): boolean {
    return this.#runtime.elapsedMs() < this.#loadingUntilMs
  }

  #mayLoad(): boolean {
    return this.#runtime.elapsedMs() >= this.#nextLoadAtMs && !this.#isLoading()
  }
}

/** The set's keys by name, or a sentence. Never throws. */
async function fetchKeys(
  issuer: string,
  binding: () => ServiceBinding,
  known: Keys | undefined,
): Promise<Result<Keys, string>> {
  const url = keySetUrl(issuer)
  const signal = AbortSignal.timeout(timeoutMs)
  const request = new Request(url, {
    headers: {
      Accept: 'application/jwk-set+json, application/json',
      // A cache on the way must not hold back a new key.
      'Cache-Control': 'no-cache',
    },
    redirect: 'manual',
    signal,
  })
  const fetchOnce = async () => readKeySet(await binding().fetch(request))
  try {
    // Connections get lost, and a cold isolate has nothing else: once more, within the same time.
    const jwks = await Promise.race([fetchOnce().catch(fetchOnce), rejectWhenAborted(signal)])
    if (!jwks.ok) return refuse(`The key set at ${url} ${jwks.reason}.`)
    const keys = await importKeys(jwks.value, known)
    return keys
      ? succeed(keys)
      : refuse(`The key set at ${url} has a point that is not on its curve.`)
  } catch (error) {
    return refuse(`The key set at ${url} cannot be fetched: ${explain(error)}.`)
  }
}

/** For bindings that do not look at the signal. */
function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

/**
 * A key that has not changed stays the very same object, so that tokens verified with it need not
 * be verified again. Nothing where one cannot be imported.
 */
async function importKeys(
  jwks: readonly PublicJwk[],
  known: Keys | undefined,
): Promise<Keys | undefined> {
  const importOne = async (jwk: PublicJwk): Promise<[string, KnownKey]> => {
    const same = known?.get(jwk.kid)
    const isSame = same && JSON.stringify(same.jwk) === JSON.stringify(jwk)
    return [jwk.kid, isSame ? same : { jwk, key: await importPublicKey(jwk) }]
  }
  const keys = await Promise.all(jwks.map(importOne)).catch(() => undefined)
  return keys && new Map(keys)
}

function bindingOf<Bindings>(
  service: RemoteKeySetOptions<Bindings>['service'],
  env: Bindings,
): ServiceBinding {
  if (!service) return { fetch: (request) => fetch(request) }
  const binding: ServiceBinding | undefined = service(env)
  if (typeof binding?.fetch !== 'function') throw new MissingBinding()
  return binding
}

class MissingBinding extends Error {
  override readonly name = 'MissingBinding'
}

function explain(error: unknown): string {
  if (error instanceof MissingBinding) {
    return '`service` gives no binding; add it to [[services]] in wrangler.toml, and call verify with { env }'
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return `the service did not answer within ${timeoutMs / 1000} s`
  }
  const message = error instanceof Error ? error.message.replace(/\.+$/, '') : 'the request failed'
  return `${message}; check that the service runs, and the issuer`
}
