// An issuer for the tests of applications, with tokens, keys and revocations in memory. For guards
// it is like the service: they verify real signatures and read a real feed. An application creates
// its guards once and keeps them between tests. So issuers of the same name share what guards
// remember: keys, feed and clock (decision 32).

import { createRandomId } from '../crypto/random-id.ts'
import { checkOptions, must, optional, type Rules } from '../errors/check-options.ts'
import type { ServiceBinding } from '../guard/remote/ask-service.ts'
import { lazyValue } from '../runtime/lazy-value.ts'
import { advanceSystemClocks, type Runtime, systemRuntime } from '../runtime/runtime.ts'
import { signCompactJws } from '../token/compact-jws.ts'
import { revokeInIsolate } from '../token/isolate-revocations.ts'
import { isAudience, keySetPath, parseIssuer } from '../token/issuer.ts'
import { generateKeyPair } from '../token/key-pair.ts'
import { importSigningKey, publicJwkSet, type SigningJwk } from '../token/signing-key.ts'
import { TestFeed } from './test-feed.ts'
import { checkTokenClaims, revocationOf, show } from './token-claims.ts'

/** The issuer and the audience of the tokens. */
export interface TestIssuerOptions {
  /** The `iss` of its tokens. Default `https://auth.test`. */
  readonly issuer?: string
  /** The `aud` of its tokens, and not `'any'`. Default: the issuer. */
  readonly audience?: string
}

/** The claims of a token. Every claim has a default, and other claims can be added. */
export interface TestTokenClaims {
  /** The user's id. Default `'1'`. */
  readonly sub?: string
  /** The user's roles. Default: none. */
  readonly roles?: readonly string[]
  /** When the password was given, in seconds since 1970. Default: now. */
  readonly auth_time?: number
  /** When the token was issued, in seconds since 1970. Default: now. */
  readonly iat?: number
  /** When the token expires, in seconds since 1970. Default: 900 s from now. */
  readonly exp?: number
  /** Claims of your own. Default: none. */
  readonly [claim: string]: unknown
}

/** How guards learn of a revocation. */
export interface RevokeOptions {
  /**
   * With true, as if another isolate had revoked. Guards learn of it when they next read the feed,
   * within their bound. Default false: guards know at once, like the isolate that logs a user out.
   */
  readonly elsewhere?: boolean
}

/** An issuer in memory. */
export interface TestIssuer {
  /** The `iss` of its tokens. */
  readonly issuer: string
  /** The `aud` of its tokens. */
  readonly audience: string
  /**
   * Replaces the service binding, also for existing guards of the application with `service`:
   * `app.request(path, init, { AUTH: issuer.service })`.
   */
  readonly service: ServiceBinding
  /** Options for a guard that the test creates: `requireAccessToken(issuer.options)`. */
  readonly options: {
    readonly issuer: string
    readonly audience: string
    readonly service: () => ServiceBinding
    readonly runtime: Runtime
  }
  /** The clock that `advance` moves, for code that reads the time. Guards need no other clock. */
  readonly runtime: Runtime
  /**
   * A token of a new session, valid for 900 s unless its claims say otherwise.
   *
   * @throws TypeError when `sid`, `jti` or `gen` is not an opaque id of 16 base64url characters, or
   * an instant is not a whole number of seconds
   */
  token(claims?: TestTokenClaims): Promise<string>
  /**
   * Revokes the session of a token, like a logout. Guards of the application and of this issuer's
   * `options` know at once, unless `elsewhere` is true. The revocation is kept for at most 24 h, as
   * in the service, even if `exp` is later.
   *
   * @throws TypeError when it is not a token of this issuer
   */
  revoke(token: string, options?: RevokeOptions): void
  /**
   * Advances the time without waiting. It applies to everything of this package in the process that
   * has no `runtime` of its own: guards, `requireFreshLogin`, other test issuers.
   *
   * @throws TypeError when `seconds` is not a number of at least 0
   */
  advance(seconds: number): void
  /**
   * Makes the service unreachable, and advances the time by 301 s, which is more than any bound.
   * Guards answer 503 to a valid token. There are two exceptions, for a guard that has its keys. It
   * accepts a valid token with `revocation: 'none'`, and within its `acceptStaleSeconds`. A guard
   * still answers 401 to a token that it knows as revoked or expired.
   */
  goStale(): void
  /**
   * Makes the service reachable again, and advances the time by 31 s. Guards ask the service with
   * their next request.
   */
  recover(): void
}

const rules: Rules<TestIssuerOptions> = {
  issuer: optional((value) => {
    const parsed = parseIssuer(value as string)
    return parsed.ok ? undefined : parsed.error
  }),
  audience: optional(
    must((value) => isAudience(value) && value !== 'any', 'the name of an API', show),
  ),
}

const lifetimeSeconds = 900
/** More than any guard's bound. */
const staleAfterSeconds = 301
/**
 * Longer than any pause of a guard after it did not reach its service, or did not find a key there.
 */
const pausesEndAfterSeconds = 31

/** What issuers of the same name share. */
interface Shared {
  readonly feed: TestFeed
  readonly makeKey: () => Promise<SigningJwk>
}

const sharedByIssuer = new Map<string, Shared>()

/**
 * An issuer in memory, for guards under test. It serves guards of the application with `service`,
 * if they get `issuer.service` as their binding. It also serves guards that a test creates from its
 * `options`. It does not affect a guard with its own `keys` or `revocationSource`.
 *
 * A process has one clock, and `advance` moves it only forward. Tests that advance it must not run
 * at the same time. Issuers of the same name share keys and revocations, like instances of one
 * service. So a guard can use one issuer after another. Creating an issuer advances the time by
 * 31 s. Guards that could not reach the previous issuer then ask again.
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
  const checked = checkOptions('createTestIssuer', rules, options)
  const { issuer = 'https://auth.test', audience = issuer } = checked
  const { feed, makeKey } = sharedBy(issuer)
  // A separate object, so that guards from these options have their own revocation view.
  const runtime = { ...systemRuntime }
  advance(pausesEndAfterSeconds)
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
    options: { issuer, audience, service: () => service, runtime },
    runtime,
    async token(claims = {}) {
      const all = { iss: issuer, aud: audience, ...defaultClaims(runtime), ...claims }
      checkTokenClaims(all)
      return signCompactJws(all, await importSigningKey(await makeKey()))
    },
    revoke(token, { elsewhere = false } = {}) {
      const revocation = revocationOf(token, issuer, runtime.now())
      feed.revoke(revocation.id, revocation.expiresAt)
      if (!elsewhere) revokeHere(issuer, runtime, revocation)
    },
    advance,
    goStale() {
      isAway = true
      advance(staleAfterSeconds)
    },
    recover() {
      isAway = false
      advance(pausesEndAfterSeconds)
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

/** Revokes for guards from the test's options, and for guards of the application. */
function revokeHere(
  issuer: string,
  runtime: Runtime,
  revocation: { id: string; expiresAt: number },
): void {
  for (const clock of [runtime, systemRuntime]) revokeInIsolate(issuer, clock, revocation)
}

/** Returns the same object for all issuers of one name. */
function sharedBy(issuer: string): Shared {
  const shared = sharedByIssuer.get(issuer) ?? {
    feed: new TestFeed(systemRuntime),
    makeKey: lazyValue<SigningJwk>(async () => ({
      ...(await generateKeyPair('ES256', systemRuntime)),
      state: 'active',
    })),
  }
  sharedByIssuer.set(issuer, shared)
  return shared
}

function advance(seconds: number): void {
  if (!(Number.isFinite(seconds) && seconds >= 0)) {
    throw new TypeError(
      `advance takes seconds, at least 0, because the clock only goes forward; it got ${String(seconds)}.`,
    )
  }
  advanceSystemClocks(seconds * 1_000)
}
