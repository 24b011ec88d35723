// Where tokens travel in cookies, whatever changes something must come from a page of ours: by
// Origin or Sec-Fetch-Site where a form could have sent it, and otherwise as JSON, which a page of
// another origin cannot send without asking first (CORS).

import type { Context, MiddlewareHandler } from 'hono'
import { csrf } from 'hono/csrf'
import { HTTPException } from 'hono/http-exception'
import { isListedOrigin } from '../../token/listed-origin.ts'
import type { Deps } from '../domain/deps.ts'
import { isJsonMediaType } from './json-body.ts'
import { respondRefused } from './respond.ts'
import type { ServiceEnv } from './service-env.ts'

/** Refuses what another site may have sent; nothing where tokens travel in headers. */
export function sameSiteOnly(deps: Pick<Deps, 'settings'>): MiddlewareHandler<ServiceEnv> {
  const ours = [new URL(deps.settings.issuer).origin, ...deps.settings.corsOrigins]
  const checkOrigin = csrf({ origin: (origin) => isListedOrigin(origin, ours) })

  async function isFromOurs(c: Context<ServiceEnv>): Promise<boolean> {
    try {
      await checkOrigin(c, async () => {})
      return true
    } catch (error) {
      if (error instanceof HTTPException) return false
      throw error
    }
  }

  return async function sameSiteOnly(c, next) {
    if (deps.settings.tokenTransport !== 'cookie') return next()
    if (!(await isFromOurs(c))) return respondRefused(c, deps, 'cross_site_request')
    const isJson = c.req.method !== 'POST' || isJsonMediaType(c.req.header('Content-Type'))
    return isJson ? next() : respondRefused(c, deps, 'unsupported_media_type')
  }
}
