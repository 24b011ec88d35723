// Load at a constant rate, however long the answers take.

import { setTimeout as delay } from 'node:timers/promises'

const burstEveryMs = 50

/**
 * Asks until the signal.
 *
 * @returns how often it asked
 * @throws the first failure
 */
export async function keepAsking(
  perSecond: number,
  signal: AbortSignal,
  askOnce: () => Promise<void>,
): Promise<number> {
  const beganAtMs = performance.now()
  const asked: Promise<void>[] = []
  const failures: unknown[] = []
  while (!signal.aborted && failures.length === 0) {
    const due = ((performance.now() - beganAtMs) / 1_000) * perSecond
    while (asked.length < due) {
      asked.push(askOnce().catch((error: unknown) => void failures.push(error)))
    }
    await delay(burstEveryMs)
  }
  await Promise.all(asked)
  if (failures.length > 0) throw failures[0]
  return asked.length
}
