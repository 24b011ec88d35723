// One fetch of an issuer's key set (RFC 7517 §5), over a service binding or over HTTP.

import { type Result, refuse, succeed } from '../errors/reasons.ts'
import { keySetUrl } from './issuer.ts'
import type { PublicJwk } from './jwk.ts'
import { readKeySet } from './key-set-response.ts'
import { importPublicKey, type VerificationKey } from './verification-key.ts'

/** What sends a request to another Worker: a service binding, or anything else that can fetch. */
export interface ServiceBinding {
  fetch(request: Request): Promise<Response>
}

/** The keys by their names. */
export type KeysByName = ReadonlyMap<string, KnownKey>

interface KnownKey {
  readonly jwk: PublicJwk
  readonly key: VerificationKey
}

/** How long the service may take to answer. */
export const timeoutMs = 3_000

/**
 * The keys that the issuer publishes, or a sentence that says what is in the way and what to do.
 * Never throws. At most 3 s. Without `service`, the request goes over HTTP.
 */
export async function fetchKeySet(
  issuer: string,
  service: (() => ServiceBinding | undefined) | undefined,
  known: KeysByName | undefined,
): Promise<Result<KeysByName, string>> {
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
  const fetchOnce = async () => readKeySet(await bindingOf(service).fetch(request))
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

function bindingOf(service: (() => ServiceBinding | undefined) | undefined): ServiceBinding {
  if (!service) return { fetch: (request) => fetch(request) }
  const binding = service()
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
