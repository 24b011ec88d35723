// One line of JSON per request: what was asked, the outcome, and how long it took. It never has a
// token, password, email, query string or header. The route's pattern stands for the path.

import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { DatabaseUnavailable, SchemaOutdated } from '../../errors/database-unavailable.ts'
import type { Deps } from '../domain/deps.ts'
import type { ServiceEnv } from './service-env.ts'

/**
 * Writes the line when the answer is ready. A problem with the schema is logged once, because it is
 * the same with each request.
 */
export function requestLog({
  runtime,
  log,
}: Pick<Deps, 'runtime' | 'log'>): MiddlewareHandler<ServiceEnv> {
  let isSchemaTold = false
  return async function requestLog(c, next) {
    const startedAtMs = runtime.elapsedMs()
    await next()
    const failure = c.get('failure')
    if (failure instanceof SchemaOutdated && !isSchemaTold) {
      isSchemaTold = true
      log(JSON.stringify({ event: 'schema_outdated', message: failure.message }))
    }
    log(
      JSON.stringify({
        event: 'request',
        requestId: c.get('requestId'),
        method: c.req.method,
        route: routePath(c, -1),
        status: c.res.status,
        durationMs: Math.round(runtime.elapsedMs() - startedAtMs),
        reason: c.get('reason'),
        ...describeFailure(failure),
      }),
    )
  }
}

/** What failed, for the person who fixes it. Only a bug is logged with its stack. */
function describeFailure(failure: unknown): { error?: string; stack?: string | undefined } {
  if (failure === undefined) return {}
  if (!(failure instanceof Error)) return { error: 'Something that is not an Error was thrown' }
  if (failure instanceof SchemaOutdated) return { error: failure.name }
  const error = `${failure.name}: ${failure.message}`
  return failure instanceof DatabaseUnavailable ? { error } : { error, stack: failure.stack }
}
