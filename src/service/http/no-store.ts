import type { MiddlewareHandler } from 'hono'
import type { ServiceEnv } from './service-env.ts'

/**
 * Forbids caches to store an answer (RFC 9111 §5.2.2.5), unless its route says otherwise. This
 * matters most for credentials and errors.
 */
export function noStore(): MiddlewareHandler<ServiceEnv> {
  return async function noStore(c, next) {
    await next()
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store')
  }
}
