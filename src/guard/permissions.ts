// Guards that stand behind `requireAccessToken`. They check what a token's user may do.

import type { Context, MiddlewareHandler } from 'hono'
import { checkOptions, must, optional, type Rules, refuseSecond } from '../errors/check-options.ts'
import { type Runtime, runtimeRule, systemRuntime } from '../runtime/runtime.ts'
import { createRefusal, type OnRefused, refusalRules, respondRefusal } from './refusal.ts'
import type { Authentication } from './verifier.ts'

/** The options of a guard behind `requireAccessToken`, in addition to its condition. */
export interface PermissionOptions {
  /**
   * Answers instead of the guard when a request is not let in. Default: the status of the refusal
   * with a bearer challenge (RFC 6750 §3) and problem details (RFC 9457).
   */
  readonly onRefused?: OnRefused
}

/** How fresh a login must be. */
export interface FreshLoginOptions extends PermissionOptions {
  /** How long ago the password may have been given, in seconds, at least 1. Required. */
  readonly maxAgeSeconds: number
  /** Clock and randomness, for tests. Default: the platform's. */
  readonly runtime?: Pick<Runtime, 'now'> | undefined
}

/**
 * One role, or several. Of several, the user must have all, or any one. At least one role is
 * needed; none is empty or has spaces.
 */
export type RequiredRoles =
  | string
  | { readonly all: readonly string[]; readonly any?: never }
  | { readonly any: readonly string[]; readonly all?: never }

/**
 * Lets in only users with these roles: `'admin'`, `{ all: ['editor', 'billing'] }`, or
 * `{ any: ['admin', 'support'] }`. Put it behind `requireAccessToken`; by itself it lets in nobody.
 * Refuses with 403 and `insufficient_scope` (RFC 6750 §3.1). No I/O: the roles are those of the
 * token. Taking a role away revokes the tokens that have it, within the guard's bound.
 *
 * @throws TypeError when there is no role, or a role is empty or has spaces. Also when both or
 * neither of `all` and `any` are given, or an option is not known
 *
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { requireAccessToken, requireRole } from 'portcullis'
 *
 * const app = new Hono<{ Bindings: Env }>()
 *   .use('/admin/*', requireAccessToken({
 *     issuer: 'https://auth.example.com',
 *     audience: 'https://api.example.com',
 *     service: (env: Env) => env.AUTH,
 *   }))
 *   .use('/admin/*', requireRole({ any: ['admin', 'support'] }))
 *   .delete('/admin/users/:id', requireRole('admin'), (c) => c.body(null, 204))
 * ```
 */
export function requireRole(
  roles: RequiredRoles,
  given: PermissionOptions = {},
): MiddlewareHandler {
  const options = checkOptions<PermissionOptions>('requireRole', refusalRules, given)
  const isSatisfiedBy = parseRequiredRoles(roles)
  return async function requireRole(c, next) {
    const auth = authenticationOf(c)
    if (auth && isSatisfiedBy(auth.claims.roles ?? [])) return next()
    return respondRefusal(createRefusal(auth ? 'role_missing' : 'token_missing'), c, options)
  }
}

/**
 * Lets in only users who gave their password at most `maxAgeSeconds` ago, as the token says
 * (`auth_time`). For actions that a person who finds an open laptop must not do (ASVS 7.5.1). Put
 * it behind `requireAccessToken`; by itself it lets in nobody. Refuses with 401 and
 * `insufficient_user_authentication` (RFC 9470 §3). The client then asks for the password and calls
 * `POST /auth/reauthenticate`. No I/O.
 *
 * @throws TypeError when an option cannot work, or is not known: the sentence names it
 *
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { requireAccessToken, requireFreshLogin } from 'portcullis'
 *
 * const app = new Hono<{ Bindings: Env }>()
 *   .use(requireAccessToken({
 *     issuer: 'https://auth.example.com',
 *     audience: 'https://api.example.com',
 *     service: (env: Env) => env.AUTH,
 *   }))
 *   .post('/orders', requireFreshLogin({ maxAgeSeconds: 300 }), (c) => c.body(null, 201))
 * ```
 */
export function requireFreshLogin(
  given: FreshLoginOptions,
  ...others: undefined[]
): MiddlewareHandler {
  refuseSecond('requireFreshLogin', others)
  const options = checkOptions('requireFreshLogin', freshLoginRules, given)
  const { maxAgeSeconds, runtime = systemRuntime } = options
  return async function requireFreshLogin(c, next) {
    const auth = authenticationOf(c)
    const authenticatedAt = auth?.claims.auth_time ?? Number.NEGATIVE_INFINITY
    if (auth && runtime.now() - authenticatedAt <= maxAgeSeconds) return next()
    const refusal = auth
      ? createRefusal('login_not_fresh', { maxAgeSeconds })
      : createRefusal('token_missing')
    return respondRefusal(refusal, c, options)
  }
}

const freshLoginRules: Rules<FreshLoginOptions> = {
  maxAgeSeconds: must(
    (value) => Number.isSafeInteger(value) && Number(value) > 0,
    'a whole number of seconds, at least 1',
  ),
  runtime: optional(runtimeRule(['now'])),
  ...refusalRules,
}

/** The condition on the roles that a user has. */
function parseRequiredRoles(required: RequiredRoles): (held: readonly string[]) => boolean {
  const { all, any, ...others }: Exclude<RequiredRoles, string> =
    typeof required === 'string' ? { all: [required] } : (required ?? {})
  const roles: unknown = all ?? any
  const isMore = (all !== undefined && any !== undefined) || Object.keys(others).length > 0
  if (isMore || !Array.isArray(roles) || roles.length === 0 || ![...roles].every(isRole)) {
    throw new TypeError(
      `requireRole takes a role, { all: [roles] } or { any: [roles] }, with at least one role, none empty or with spaces; it got ${JSON.stringify(required)}.`,
    )
  }
  const wanted: readonly string[] = [...roles]
  return all
    ? (held) => wanted.every((role) => held.includes(role))
    : (held) => wanted.some((role) => held.includes(role))
}

function isRole(value: unknown): value is string {
  return typeof value === 'string' && /^\S+$/.test(value)
}

/** What `requireAccessToken` has set. */
function authenticationOf(c: Context): Authentication | undefined {
  return c.get('auth')
}
