// The headers of every answer, after its handler, and also after a failure.

import type { MiddlewareHandler } from 'hono'
import type { ServiceEnv } from './service-env.ts'

/** Those that `hono/secure-headers` sets by default. Its many options do not belong into a Worker. */
const headers = {
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Origin-Agent-Cluster': '?1',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=15552000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'X-DNS-Prefetch-Control': 'off',
  'X-Download-Options': 'noopen',
  'X-Frame-Options': 'SAMEORIGIN',
  'X-Permitted-Cross-Domain-Policies': 'none',
  'X-XSS-Protection': '0',
}

/**
 * Sets the headers that browsers act on. Forbids caches to store an answer (RFC 9111 §5.2.2.5),
 * unless its route says otherwise. This matters most for credentials and errors.
 */
export function securityHeaders(): MiddlewareHandler<ServiceEnv> {
  return async function securityHeaders(c, next) {
    await next()
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store')
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value)
  }
}
