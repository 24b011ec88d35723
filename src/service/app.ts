// The table of contents: what surrounds every request, and the families of routes.

import type { Context, Hono, MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { HonoBase } from 'hono/hono-base'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { requestId } from 'hono/request-id'
import { TrieRouter } from 'hono/router/trie-router'
import { createRandomId } from '../crypto/random-id.ts'
import { checkOptions } from '../errors/check-options.ts'
import { DatabaseUnavailable } from '../errors/database-unavailable.ts'
import { issuerPath } from '../token/issuer.ts'
import { isListedOrigin } from '../token/listed-origin.ts'
import type { Deps } from './domain/deps.ts'
import { mountRefusalForms, mountRoutes, pathUnder } from './http/mount-routes.ts'
import { readBodyFirst } from './http/read-body.ts'
import { requestLog } from './http/request-log.ts'
import { respondRefused } from './http/respond.ts'
import { safeLog } from './http/safe-log.ts'
import { securityHeaders } from './http/security-headers.ts'
import type { ServiceEnv } from './http/service-env.ts'
import { accountPagesPath, ownPagePath } from './mail/account-pages.ts'
import { mountPages, pageFamilies } from './pages/mount-pages.ts'
import { depRules } from './part-rules.ts'
import { routeFamilies } from './routes/routes.ts'
import { wellKnownRoutes } from './routes/well-known.ts'

const maxRequestIdCharacters = 64

/**
 * The service as a Hono app. No I/O happens until a request comes.
 *
 * @throws TypeError when a part is missing, cannot work, or is not known
 *
 * @example
 * ```ts
 * import { Hono } from 'hono'
 * import { createApp, type Deps } from 'portcullis/server'
 *
 * // `deps` come from `createDeps`.
 * export const mount = (deps: Deps) => new Hono().mount('/', createApp(deps).fetch)
 * ```
 */
export function createApp(given: Deps): Hono<ServiceEnv> {
  const checked = checkOptions('createApp', depRules, given)
  const deps: Deps = { ...checked, log: safeLog(checked.log) }
  // One router: `methodNotAllowed` brings it, too.
  const app = new HonoBase<ServiceEnv>({ router: new TrieRouter() })
  const refuse = (reason: Parameters<typeof respondRefused>[2]) => (c: Context<ServiceEnv>) =>
    respondRefused(c, deps, reason)

  app.use(
    requestId({
      limitLength: maxRequestIdCharacters,
      generator: () => createRandomId(deps.runtime),
    }),
  )
  mountRefusalForms(app, deps, [...routeFamilies, ...pageFamilies(deps)])
  // First, so that every answer gets these headers, even after a failure inside.
  app.use(securityHeaders())
  app.use(requestLog(deps))
  app.use(corsFor(deps))
  app.use(readBodyFirst(deps))
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        c.header('Allow', methods.join(', '))
        return respondRefused(c, deps, 'method_not_allowed')
      },
    }),
  )

  // Pages say themselves what comes from another site, so they come before the routes.
  mountPages(app, deps)
  mountRoutes(app, deps, routeFamilies)

  app.notFound(refuse('not_found'))
  app.onError((error, c) => {
    c.set('failure', error)
    if (error instanceof DatabaseUnavailable) return respondRefused(c, deps, 'database_unavailable')
    return respondRefused(c, deps, 'internal', { request_id: c.get('requestId') })
  })
  return app
}

/**
 * The public documents are for pages of all origins, and the service's own pages for no other
 * origin. Everything else is only for listed origins. Credentials are allowed only if tokens travel
 * in cookies. Otherwise tokens travel in a header that pages set themselves.
 */
function corsFor({
  settings: { issuer, corsOrigins, tokenTransport },
}: Pick<Deps, 'settings'>): MiddlewareHandler<ServiceEnv> {
  const open = cors({ origin: '*', allowMethods: ['GET', 'HEAD'] })
  const openPaths = wellKnownRoutes.map((route) =>
    pathUnder(issuerPath(issuer), { path: '', routes: [] }, route),
  )
  const listed = cors({
    origin: (origin) => (isListedOrigin(origin, corsOrigins) ? origin : null),
    allowMethods: ['GET', 'HEAD', 'POST', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'X-Request-Id'],
    exposeHeaders: ['X-Request-Id', 'Retry-After', 'RateLimit', 'WWW-Authenticate'],
    credentials: tokenTransport === 'cookie',
    maxAge: 600,
  })
  const pages = [accountPagesPath, ownPagePath].map((path) => `${issuerPath(issuer)}${path}`)
  return (c, next) => {
    if (openPaths.includes(c.req.path)) return open(c, next)
    // Forms have tokens, which are for nobody else.
    if (pages.some((path) => `${c.req.path}/`.startsWith(`${path}/`))) return next()
    return corsOrigins.length > 0 ? listed(c, next) : next()
  }
}
