import type { MiddlewareHandler } from 'hono'
import type { ServiceEnv } from './service-env.ts'

/**
 * No answer is stored by anyone (RFC 9111 §5.2.2.5), unless its route says otherwise: credentials
 * and errors least of all.
 */
export function noStore(): MiddlewareHandler<ServiceEnv> {
  return async function noStore(c, next) {
    await next()
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store')
  }
}
