// Whether a client still waits for its answer.

import type { Context } from 'hono'
import type { ServiceEnv } from './service-env.ts'

/**
 * Tells whether the client of the request has hung up, if the platform reports it, as Deno does. On
 * Workers the answer stays no: there a request stops when its client hangs up. Call this before the
 * first `await`. Only this request may call the result.
 */
export function hangUpOf(c: Context<ServiceEnv>): () => boolean {
  const { signal } = c.req.raw
  return () => signal.aborted
}
