// Mounts routes on the app. For each request it reads what the route takes, and calls the handler.
// It answers refusals in the form of the family.

import type { Context, Handler, Hono, MiddlewareHandler } from 'hono'
import { etag, RETAINED_304_HEADERS } from 'hono/etag'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { issuerPath } from '../../token/issuer.ts'
import type { Deps } from '../domain/deps.ts'
import type { BodySchema } from './body-schema.ts'
import { readCredential } from './credentials.ts'
import { hangUpOf } from './hang-up.ts'
import { readJsonBody, readOptionalJsonBody } from './json-body.ts'
import { entryOf } from './login-client.ts'
import { readQuery } from './query-numbers.ts'
import { limitByAddress, limitByProcess } from './request-limits.ts'
import { type InputRefusal, respondRefused } from './respond.ts'
import type { Route, RouteFamily } from './route.ts'
import { sameSiteOnly } from './same-site.ts'
import type { ServiceEnv } from './service-env.ts'

/**
 * The headers that a 304 answer keeps: also the request id, which every answer has, and who may
 * read the answer.
 */
const retainedHeaders = [
  ...RETAINED_304_HEADERS,
  ...['x-request-id', 'access-control-allow-origin', 'access-control-allow-credentials'],
]

/** Mounts every route of the families below the issuer's path. */
export function mountRoutes(
  app: Hono<ServiceEnv>,
  deps: Deps,
  families: readonly RouteFamily[],
): void {
  const issuer = issuerPath(deps.settings.issuer)
  for (const family of families) {
    if (family.isSameSiteOnly) app.use(`${issuer}${family.path}/*`, sameSiteOnly(deps))
    for (const route of family.routes) {
      const path = pathUnder(issuer, family, route)
      const etags = route.hasEtag ? [etagged()] : []
      app.on(route.method, [path], ...etags, createHandler(deps, route))
    }
  }
}

/** Gives every refusal below a family's path the family's form, even if there is no route. */
export function mountRefusalForms(
  app: Hono<ServiceEnv>,
  { settings }: Deps,
  families: readonly RouteFamily[],
): void {
  for (const { path, refusalForm } of families) {
    if (!refusalForm) continue
    const beginning = `${issuerPath(settings.issuer)}${path}/`
    app.use(`${beginning}*`, async (c, next) => {
      if (`${c.req.path}/`.startsWith(beginning)) c.set('refusalForm', refusalForm)
      await next()
    })
  }
}

/** The path of a route under the path of the issuer, as Hono expects it. */
export function pathUnder(issuer: string, family: RouteFamily, { path, isAtHost }: Route): string {
  return isAtHost ? `${family.path}${path}${issuer}` : `${issuer}${family.path}${path}`
}

/**
 * Hono drops the body of an answer to HEAD, and of one that becomes 304, without cancelling it. A
 * long answer would keep its place.
 */
function etagged(): MiddlewareHandler<ServiceEnv> {
  const addEtag = etag({ retainedHeaders })
  return async (c, next) => {
    let made: Response | undefined
    await addEtag(c, async () => {
      await next()
      made = c.res
    })
    if (c.req.method === 'HEAD') c.res = new Response(null, c.res)
    else if (c.res.status !== 304) return
    await made?.body?.cancel()
  }
}

function createHandler(deps: Deps, route: Route): Handler<ServiceEnv> {
  const schema = route.body?.(deps)
  return async (c) => {
    const outcome = await answer(c, deps, route, schema)
    if (outcome.ok) return outcome.value
    const { errors, handle, ...refusal } = outcome.error
    return respondRefused(c, deps, refusal, { errors, handle })
  }
}

async function answer(
  c: Context<ServiceEnv>,
  deps: Deps,
  route: Route,
  schema: BodySchema | undefined,
): Promise<Result<Response, InputRefusal>> {
  // Before the first await: see `hangUpOf`.
  const isGone = hangUpOf(c)
  const ofAddress = await limitByAddress(c, deps, route.limits)
  if (!ofAddress.ok) return ofAddress
  const token = await readCredential(route.credential, c, deps)
  if (!token.ok) return token
  const query = readQuery(c, route.query ?? {})
  if (!query.ok) return query
  const body = await readBody(c, route, schema)
  if (!body.ok) return body
  const ofProcess = limitByProcess(deps, route.limits)
  if (!ofProcess.ok) return ofProcess
  const request = {
    c,
    params: c.req.param(),
    query: query.value,
    token: token.value as never,
    body: body.value,
    entry: (route.audit.length > 0 ? entryOf(c, deps, route.name) : undefined) as never,
    isGone,
  }
  const outcome = await route.handle(deps, request)
  if (outcome.ok) return outcome
  const { error } = outcome
  return refuse(typeof error === 'string' ? { reason: error } : error)
}

async function readBody(
  c: Context<ServiceEnv>,
  { isBodyOptional }: Route,
  schema: BodySchema | undefined,
): Promise<Result<object, InputRefusal>> {
  if (!schema) return succeed({})
  return isBodyOptional ? readOptionalJsonBody(c, schema) : readJsonBody(c, schema)
}
