// Work that goes on after the answer.

import type { Context } from 'hono'
import type { ServiceEnv } from './service-env.ts'

/**
 * Keeps work alive after the answer: for 30 s on Workers, for as long as the process lives elsewhere.
 * The work must not reject.
 */
export function afterAnswer(c: Context<ServiceEnv>, work: Promise<void>): void {
  try {
    c.executionCtx.waitUntil(work)
  } catch {
    // There is none on Deno: the process goes on.
  }
}
