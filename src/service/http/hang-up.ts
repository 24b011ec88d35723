// Whether a client still waits for its answer.

import type { Context } from 'hono'
import type { ServiceEnv } from './service-env.ts'

/**
 * Tells whether the client of the request has hung up, where the platform says so, as Deno does. On
 * Workers the answer stays no: there a request whose client hangs up does not go on. To be taken
 * before the first `await`, and to be asked by this request alone.
 */
export function hangUpOf(c: Context<ServiceEnv>): () => boolean {
  const { signal } = c.req.raw
  return () => signal.aborted
}
