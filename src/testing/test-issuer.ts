// An issuer for the tests of applications: tokens, keys and revocations as the service has them, in
// memory. Guards cannot tell the difference: they verify real signatures and read a real feed. An
// application makes its guards once and keeps them from test to test, so what guards remember holds
// for the next issuer of that name, too: its keys, its feed, and the clock (decision 32).

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
  /**
   * Stands in for the service binding, also for guards with `service` that the application made
   * before: `app.request(path, init, { AUTH: issuer.service })`.
   */
  readonly service: ServiceBinding
  /** For a guard that the test makes: `requireAccessToken(issuer.options)`. */
  readonly options: {
    readonly issuer: string
    readonly audience: string
    readonly service: () => ServiceBinding
    readonly runtime: Runtime
  }
  /** The clock that `advance` puts ahead, for code that asks for the time. Guards need no other. */
  readonly runtime: Runtime
  /**
   * A token of a session of its own, valid for 900 s unless its claims say otherwise.
   *
   * @throws TypeError when `sid`, `jti` or `gen` is no opaque id of 16 base64url characters, or an
   * instant is no whole number of seconds
   */
  token(claims?: TestTokenClaims): Promise<string>
  /**
   * Revokes the session of a token, as logging out does. Guards of the application and of this
   * issuer's `options` know at once, unless `elsewhere` says otherwise. It is remembered for 24 h at
   * most, as by the service, whatever `exp` says.
   *
   * @throws TypeError when it is no token of this issuer
   */
  revoke(token: string, options?: RevokeOptions): void
  /**
   * Lets time pass, without waiting, for everything of this package in the process that has no
   * `runtime` of its own: guards, `requireFreshLogin`, other test issuers.
   *
   * @throws TypeError when `seconds` is no number of at least 0
   */
  advance(seconds: number): void
  /**
   * The service cannot be reached any more, and 301 s pass, more than any bound. Guards answer 503
   * to a valid token. A guard that has its keys lets one in with `revocation: 'none'`, and within
   * its `acceptStaleSeconds`. A guard goes on answering 401 to a token that it knows as revoked or
   * expired.
   */
  goStale(): void
  /** The service can be reached again, and 31 s pass: guards ask it with their next request. */
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
/** More than any pause of a guard that could not reach its service, or did not find a key there. */
const pausesEndAfterSeconds = 31

/** What the issuers of one name share. */
interface Shared {
  readonly feed: TestFeed
  readonly makeKey: () => Promise<SigningJwk>
}

const sharedByIssuer = new Map<string, Shared>()

/**
 * An issuer in memory, for guards under test: those of the application that have `service`, and get
 * the issuer's as their binding, and those that a test makes of its `options`. It does not reach a
 * guard with `keys` or a `revocationSource` of its own.
 *
 * A process has one clock, and it only goes ahead: tests that advance it must not run at the same
 * time. Issuers of one name share keys and revocations, as instances of one service do, so a guard
 * may see one after another. Making one lets 31 s pass: guards that could not reach the one before
 * ask again.
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
  // An object of its own: guards that a test makes of the options have a view of their own.
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

/** Those that a test made of the options know, and so do those that the application made. */
function revokeHere(
  issuer: string,
  runtime: Runtime,
  revocation: { id: string; expiresAt: number },
): void {
  for (const clock of [runtime, systemRuntime]) revokeInIsolate(issuer, clock, revocation)
}

/** The same for all issuers of one name. */
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
      `advance takes seconds, at least 0, for the clock only goes ahead; it got ${String(seconds)}.`,
    )
  }
  advanceSystemClocks(seconds * 1_000)
}
