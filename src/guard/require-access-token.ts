// Guards for Hono apps. All decisions are in verifier.ts. A guard passes it the context's bindings,
// and sets `c.var.auth` or answers.

import type { Context, MiddlewareHandler, Next } from 'hono'
import { checkOptions, type Rules, refuseSecond } from '../errors/check-options.ts'
import type { VerificationContext } from '../token/key-set.ts'
import { type GuardRefusal, type OnRefused, refusalRules, respondRefusal } from './refusal.ts'
import { type Authentication, createCachingVerifier, type VerifierOptions } from './verifier.ts'
import { verifierRules } from './verifier-options.ts'

/** The options of a guard: whose tokens it accepts, and what it answers otherwise. */
export interface GuardOptions<Bindings = unknown> extends VerifierOptions<Bindings> {
  /**
   * Answers instead of the guard when a request is not let in. Default: the status of the refusal
   * with a bearer challenge (RFC 6750 §3) and problem details (RFC 9457).
   */
  readonly onRefused?: OnRefused
}

/**
 * Hono's Env behind `requireAccessToken`, for handlers in another file than the guard. The type
 * `Bindings` is that of the Worker's `env`. The type `CustomClaims` has the claims that your issuer
 * adds.
 *
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import type { GuardedEnv } from 'portcullis'
 *
 * export const orders = new Hono<GuardedEnv<Env, { plan?: string }>>()
 *   .get('/', (c) => c.json({ user: c.var.auth.subject, plan: c.var.auth.claims.plan }))
 * ```
 */
export interface GuardedEnv<Bindings = object, CustomClaims extends object = object> {
  /** The Worker's `env`. */
  Bindings: Bindings
  /** What `c.var` has: who sent the request. */
  Variables: { auth: Authentication<CustomClaims> }
}

/**
 * Hono's Env behind `optionalAccessToken`, for handlers in another file than the guard.
 *
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import type { OptionallyGuardedEnv } from 'portcullis'
 *
 * export const start = new Hono<OptionallyGuardedEnv<Env>>()
 *   .get('/', (c) => c.text(`Hello ${c.var.auth?.subject ?? 'stranger'}`))
 * ```
 */
export interface OptionallyGuardedEnv<Bindings = object, CustomClaims extends object = object> {
  /** The Worker's `env`. */
  Bindings: Bindings
  /** What `c.var` has: who sent the request. Undefined when the request has no token. */
  Variables: { auth: Authentication<CustomClaims> | undefined }
}

/**
 * Lets a request in only with a good access token. Sets `c.var.auth`, with `subject`, `sessionId`
 * and `claims`, for the handlers behind it. Its type is known to handlers that are chained behind
 * the guard, and not to others.
 *
 * Refuses with 401 and a bearer challenge when the token is missing, malformed, invalid, expired or
 * revoked. Refuses with 503 and `Retry-After` while the issuer's keys, or the revocations within
 * the bound, are unavailable. With the token in a cookie, refuses with 403 what another site may
 * have sent and changes something. Answers then get `Vary: Cookie`, and `Cache-Control: private` if
 * they have no other. No I/O on a request while keys and revocations are at hand. Otherwise a
 * request waits 3 s at most.
 *
 * @throws TypeError when an option cannot work, or is not known: the sentence names it
 *
 * @example
 * ```ts
 * const app = new Hono<{ Bindings: Env }>()
 *   .use('/api/*', requireAccessToken({
 *     issuer: 'https://auth.example.com',
 *     audience: 'https://api.example.com',
 *     service: (env: Env) => env.AUTH,
 *   }))
 *   .get('/api/me', (c) => c.json({ user: c.var.auth.subject }))
 * ```
 *
 * @see RFC 6750 §3, RFC 9457
 */
export function requireAccessToken<
  // biome-ignore lint/complexity/noBannedTypes: what Hono takes for bindings unless it is told
  Bindings extends object = {},
  CustomClaims extends object = object,
>(
  options: GuardOptions<Bindings>,
  ...others: undefined[]
): MiddlewareHandler<GuardedEnv<Bindings, CustomClaims>> {
  refuseSecond('requireAccessToken', others)
  const checked = checkOptions('requireAccessToken', guardRules, options as GuardOptions)
  return createGuard<Bindings, CustomClaims>(checked, () => false)
}

/**
 * Lets a request in without a token, too. Then `c.var.auth` is undefined. A token that is presented
 * must be good. A bad token is refused as by `requireAccessToken`, and never treated as missing.
 *
 * @throws TypeError when an option cannot work, or is not known: the sentence names it
 *
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { optionalAccessToken } from 'portcullis'
 *
 * const app = new Hono<{ Bindings: Env }>()
 *   .use(optionalAccessToken({
 *     issuer: 'https://auth.example.com',
 *     audience: 'https://api.example.com',
 *     service: (env: Env) => env.AUTH,
 *   }))
 *   .get('/', (c) => c.text(`Hello ${c.var.auth?.subject ?? 'stranger'}`))
 * ```
 */
export function optionalAccessToken<
  // biome-ignore lint/complexity/noBannedTypes: what Hono takes for bindings unless it is told
  Bindings extends object = {},
  CustomClaims extends object = object,
>(
  options: GuardOptions<Bindings>,
  ...others: undefined[]
): MiddlewareHandler<OptionallyGuardedEnv<Bindings, CustomClaims>> {
  refuseSecond('optionalAccessToken', others)
  const checked = checkOptions('optionalAccessToken', guardRules, options as GuardOptions)
  return createGuard<Bindings, CustomClaims>(checked, ({ reason }) => reason === 'token_missing')
}

const guardRules: Rules<GuardOptions> = { ...verifierRules, ...refusalRules }

/** A guard that also lets in a request when the reason to refuse it is acceptable. */
function createGuard<Bindings extends object, CustomClaims extends object>(
  options: GuardOptions<Bindings>,
  isAcceptable: (refusal: GuardRefusal) => boolean,
) {
  const verifier = createCachingVerifier<Bindings, CustomClaims>(options)

  const goOn = options.transport === 'cookie' ? nextPrivately : (_: Context, next: Next) => next()

  async function verifyFirst(c: Context, next: Next): Promise<Response | undefined> {
    const auth = await verifier.verify(c.req.raw, new RequestContext(c))
    if (!auth.ok && !isAcceptable(auth.error)) return respondRefusal(auth.error, c, options)
    c.set('auth', auth.ok ? auth.value : undefined)
    await goOn(c, next)
  }

  // Not async, because a request with a known token has nothing to wait for.
  return function guard(c: Context, next: Next) {
    const known = verifier.verifyFromCache(c.req.raw, new RequestContext(c))
    if (!known) return verifyFirst(c, next)
    c.set('auth', known)
    return goOn(c, next)
  }
}

/** The answer to a request with a cookie is for one browser, and not for a shared cache. */
async function nextPrivately(c: Context, next: Next): Promise<void> {
  await next()
  const { status, headers } = c.res
  // A WebSocket's answer cannot be copied, and no cache keeps it.
  if (status === 101) return
  if (c.get('auth') && !headers.has('Cache-Control')) c.header('Cache-Control', 'private')
  if (!/cookie|\*/i.test(headers.get('Vary') ?? '')) c.header('Vary', 'Cookie', { append: true })
}

/** A class, because each request makes one. A literal with a getter costs a microsecond more. */
class RequestContext implements VerificationContext {
  readonly env: unknown
  readonly #c: Context

  constructor(c: Context) {
    this.env = c.env
    this.#c = c
  }

  /** Outside of Workers there is no execution context, and work goes on by itself. */
  get waitUntil() {
    try {
      const execution = this.#c.executionCtx
      return (work: Promise<unknown>) => execution.waitUntil(work)
    } catch {
      return null
    }
  }
}
