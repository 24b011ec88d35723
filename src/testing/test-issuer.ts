// An issuer for the tests of applications: tokens, keys and revocations as the service has them, in
// memory. Guards cannot tell the difference: they verify real signatures and read a real feed.

import { decodeBase64Url } from '../crypto/base64url.ts'
import { createRandomId } from '../crypto/random-id.ts'
import { aText, checkOptions, optional, type Rules } from '../errors/check-options.ts'
import type { ServiceBinding } from '../guard/remote/ask-service.ts'
import { lazyValue } from '../runtime/lazy-value.ts'
import { type Runtime, systemRuntime } from '../runtime/runtime.ts'
import { signCompactJws } from '../token/compact-jws.ts'
import { revokeInIsolate } from '../token/isolate-revocations.ts'
import { keySetPath, parseIssuer } from '../token/issuer.ts'
import { parseJsonObject } from '../token/json.ts'
import { generateKeyPair } from '../token/key-pair.ts'
import { importSigningKey, publicJwkSet, type SigningJwk } from '../token/signing-key.ts'
import { TestFeed } from './test-feed.ts'

/** Whose tokens they are, and for whom. */
export interface TestIssuerOptions {
  /** The `iss` of its tokens. Default `https://auth.test`. */
  readonly issuer?: string
  /** The `aud` of its tokens. Default: the issuer. */
  readonly audience?: string
}

/** What a token says; all of it has a default, and more is welcome. */
export interface TestTokenClaims {
  /** The user's id. Default `'1'`. */
  readonly sub?: string
  /** The user's roles. Default: none. */
  readonly roles?: readonly string[]
  /** When the password was given, in seconds since 1970. Default: now. */
  readonly auth_time?: number
  /** When the token was issued, in seconds since 1970. Default: now. */
  readonly iat?: number
  /** From when on it is over, in seconds since 1970. Default: 900 s from now. */
  readonly exp?: number
  /** Claims of your own. Default: none. */
  readonly [claim: string]: unknown
}

/** How a revocation reaches the guards. */
export interface RevokeOptions {
  /**
   * As if it were done in another isolate: the guards hear of it when they next look at the feed,
   * within their bound. Default false: they know at once, as the isolate does that logs a user
   * out.
   */
  readonly elsewhere?: boolean
}

/** An issuer in memory. */
export interface TestIssuer {
  /** The `iss` of its tokens. */
  readonly issuer: string
  /** The `aud` of its tokens. */
  readonly audience: string
  /** Stands in for the service binding: `app.request(path, init, { AUTH: issuer.service })`. */
  readonly service: ServiceBinding
  /** For a guard, with the issuer's clock: `requireAccessToken(issuer.options)`. */
  readonly options: {
    readonly issuer: string
    readonly audience: string
    readonly service: () => ServiceBinding
    readonly runtime: Runtime
  }
  /** The issuer's clock, for guards that do not take `options`, such as `requireFreshLogin`. */
  readonly runtime: Runtime
  /** A token of a session of its own, valid for 900 s unless its claims say otherwise. */
  token(claims?: TestTokenClaims): Promise<string>
  /** Revokes the session of a token, as logging out does. */
  revoke(token: string, options?: RevokeOptions): void
  /** Lets time pass, without waiting. */
  advance(seconds: number): void
  /**
   * The service cannot be reached any more, and so much time passes that no guard may go by what it
   * knows: bounded guards and strict ones answer 503. Tokens that were issued before are still
   * valid.
   */
  goStale(): void
  /** The service can be reached again. */
  recover(): void
}

const rules: Rules<TestIssuerOptions> = {
  issuer: optional((value) => {
    const parsed = parseIssuer(value as string)
    return parsed.ok ? undefined : parsed.error
  }),
  audience: optional(aText('the name of an API')),
}

const lifetimeSeconds = 900
/** More than any guard's bound. */
const staleAfterSeconds = 301

/**
 * An issuer in memory, for guards under test.
 *
 * @throws TypeError when an option cannot work, or is not known
 *
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { requireAccessToken } from 'portcullis'
 * import { createTestIssuer } from 'portcullis/testing'
 *
 * const issuer = createTestIssuer()
 * const app = new Hono()
 *   .use(requireAccessToken(issuer.options))
 *   .get('/', (c) => c.text(c.var.auth.subject))
 *
 * const token = await issuer.token({ sub: '7' })
 * const ask = () => app.request('/', { headers: { Authorization: `Bearer ${token}` } })
 * // (await ask()).status is 200
 * issuer.revoke(token)
 * // (await ask()).status is 401
 * ```
 */
export function createTestIssuer(options: TestIssuerOptions = {}): TestIssuer {
  checkOptions('createTestIssuer', rules, options)
  const { issuer = 'https://auth.test', audience = issuer } = options
  const clock = createClock()
  const feed = new TestFeed(clock.runtime)
  const makeKey = lazyValue<SigningJwk>(async () => ({
    ...(await generateKeyPair('ES256', clock.runtime)),
    state: 'active',
  }))
  let isAway = false
  const service: ServiceBinding = {
    async fetch(request) {
      if (isAway) throw new Error('The test issuer is away')
      if (new URL(request.url).pathname.endsWith(keySetPath)) {
        return Response.json(publicJwkSet([await makeKey()]))
      }
      return feed.answer(request)
    },
  }
  return {
    issuer,
    audience,
    service,
    options: { issuer, audience, service: () => service, runtime: clock.runtime },
    runtime: clock.runtime,
    async token(claims = {}) {
      const defaults = { iss: issuer, aud: audience, ...defaultClaims(clock.runtime) }
      return signCompactJws({ ...defaults, ...claims }, await importSigningKey(await makeKey()))
    },
    revoke(token, { elsewhere = false } = {}) {
      const revocation = revocationOf(token)
      feed.revoke(revocation.id, revocation.expiresAt)
      if (!elsewhere) revokeHere(issuer, clock.runtime, revocation)
    },
    advance: clock.advance,
    goStale() {
      isAway = true
      clock.advance(staleAfterSeconds)
    },
    recover() {
      isAway = false
    },
  }
}

function defaultClaims(runtime: Runtime) {
  const iat = runtime.now()
  const [sid, jti, gen] = [
    createRandomId(runtime),
    createRandomId(runtime),
    createRandomId(runtime),
  ]
  const exp = iat + lifetimeSeconds
  return { sub: '1', sid, jti, gen, roles: [], auth_time: iat, iat, exp }
}

/** Guards with the issuer's clock know, and so do those of an application that has its own. */
function revokeHere(
  issuer: string,
  runtime: Runtime,
  revocation: { id: string; expiresAt: number },
): void {
  for (const clock of [runtime, systemRuntime]) revokeInIsolate(issuer, clock, revocation)
}

function revocationOf(token: string): { id: string; expiresAt: number } {
  const payload = decodeBase64Url(token.split('.')[1] ?? '')
  const claims = payload && parseJsonObject(payload)
  if (!claims || typeof claims.sid !== 'string' || typeof claims.exp !== 'number') {
    throw new TypeError('Pass a token of this issuer, as `token` gave it.')
  }
  return { id: claims.sid, expiresAt: claims.exp }
}

/** The system's clock, ahead by what was advanced. */
function createClock() {
  let aheadMs = 0
  const runtime: Runtime = {
    ...systemRuntime,
    now: () => Math.floor(runtime.nowMs() / 1_000),
    nowMs: () => systemRuntime.nowMs() + aheadMs,
    elapsedMs: () => systemRuntime.elapsedMs() + aheadMs,
  }
  return {
    runtime,
    advance(seconds: number) {
      aheadMs += seconds * 1_000
    },
  }
}
