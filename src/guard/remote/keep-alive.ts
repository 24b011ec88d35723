// Work that other requests may wait for goes on when its own client disconnects.

import { messageOf } from '../../errors/message-of.ts'
import type { VerificationContext } from '../../token/key-set.ts'

let isExplained = false

/**
 * Begins the work at once, and keeps it alive after the response. Resolves when the work ends, even
 * if it fails. Where `waitUntil` throws, background work does not begin, and the promise stays
 * open. That work would end with the response, and still count as under way. A request that waits
 * for the work does it instead.
 */
export function keepAlive(
  context: VerificationContext,
  isInBackground: boolean,
  work: () => Promise<void>,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  try {
    context.waitUntil?.(promise)
  } catch (error) {
    explainOnce(error)
    if (isInBackground) return promise
  }
  work().then(resolve, () => resolve())
  return promise
}

function explainOnce(error: unknown): void {
  if (isExplained) return
  isExplained = true
  const problem = `waitUntil throws (${messageOf(error)}); pass { env, waitUntil: (work) => ctx.waitUntil(work) }.`
  console.error(JSON.stringify({ event: 'wait_until_failed', problem }))
}
