// If tokens travel in cookies, a request that may change something must come from a page of ours.
// Origin and Sec-Fetch-Site decide that, for every media type. A request with neither must be JSON:
// no form of an old browser can send that.

import type { MiddlewareHandler } from 'hono'
import { isCrossSite, readingMethods } from '../../token/cookie.ts'
import { isListedOrigin } from '../../token/listed-origin.ts'
import type { Deps } from '../domain/deps.ts'
import { isJsonMediaType } from './json-body.ts'
import { respondRefused } from './respond.ts'
import type { ServiceEnv } from './service-env.ts'

/** The media types that a form can send to another origin, or none (Fetch §2.2.2). */
const formTypes = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain|$)/i

/** Refuses what another site may have sent. Refuses nothing if tokens travel in headers. */
export function sameSiteOnly(deps: Pick<Deps, 'settings'>): MiddlewareHandler<ServiceEnv> {
  const { issuer, corsOrigins, tokenTransport } = deps.settings
  const ours = [new URL(issuer).origin, ...corsOrigins]

  return async function sameSiteOnly(c, next) {
    const { method } = c.req
    if (tokenTransport !== 'cookie' || readingMethods.includes(method)) return next()
    const type = c.req.header('Content-Type') ?? ''
    const isNamed = c.req.header('Origin') ?? c.req.header('Sec-Fetch-Site')
    const isFromElsewhere =
      isNamed !== undefined
        ? isCrossSite(c.req.raw, (origin) => isListedOrigin(origin, ours))
        : formTypes.test(type)
    if (isFromElsewhere) return respondRefused(c, deps, 'cross_site_request')
    return method === 'POST' && !isJsonMediaType(type)
      ? respondRefused(c, deps, 'unsupported_media_type')
      : next()
  }
}
