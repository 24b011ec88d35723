// One line of JSON per request: what was asked, what became of it, how long it took. Never a token,
// password, email, query string or header: the route's pattern stands for the path.

import type { Context, MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Deps } from '../domain/deps.ts'
import type { ServiceEnv } from './service-env.ts'

/** Writes the line when the answer is ready. */
export function requestLog({
  runtime,
  log,
}: Pick<Deps, 'runtime' | 'log'>): MiddlewareHandler<ServiceEnv> {
  return async function requestLog(c, next) {
    const startedAtMs = runtime.elapsedMs()
    await next()
    log(
      JSON.stringify({
        event: 'request',
        requestId: c.get('requestId'),
        method: c.req.method,
        route: routePath(c, -1),
        status: c.res.status,
        durationMs: Math.round(runtime.elapsedMs() - startedAtMs),
        reason: c.get('reason'),
        ...failureOf(c),
      }),
    )
  }
}

/** What stands behind a 5xx, for whoever has to mend it. */
function failureOf(c: Context<ServiceEnv>): { error?: string; stack?: string | undefined } {
  const failure = c.get('failure')
  if (failure === undefined) return {}
  if (!(failure instanceof Error)) return { error: 'Something that is not an Error was thrown' }
  return { error: `${failure.name}: ${failure.message}`, stack: failure.stack }
}
