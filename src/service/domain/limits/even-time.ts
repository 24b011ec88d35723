// Whether an account exists must not show in the time of an answer. Where a database has more to do
// for accounts that exist, the answer waits for the end of a span of time.

import type { Runtime } from '../../../runtime/runtime.ts'

/** Longer than the work mostly takes, and not long for a person. */
const spanMs = 200

/**
 * What `work` gives, at the end of a span of 200 ms, or of as many as it takes. A failure comes at
 * once.
 */
export async function inEvenTime<T>(
  runtime: Pick<Runtime, 'elapsedMs' | 'delay'>,
  work: () => Promise<T>,
): Promise<T> {
  const beganAtMs = runtime.elapsedMs()
  const done = await work()
  // On Workers the clock may be set back.
  const elapsedMs = Math.max(0, runtime.elapsedMs() - beganAtMs)
  await runtime.delay(spanMs - (elapsedMs % spanMs))
  return done
}
