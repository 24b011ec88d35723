// One deadline for all that a request waits for: keys, pages, checks, and other requests' loads.
// What is under way then goes on, for the requests after it.

import type { GuardReason } from '../errors/reasons.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { VerificationContext } from '../token/key-set.ts'
import { createRefusal, type GuardRefusal } from './refusal.ts'
import { lateAnswer, timeoutMs } from './remote/ask-service.ts'

type Clock = Pick<Runtime, 'elapsedMs'>

/** A context for one request that begins now. */
export function withDeadline(context: VerificationContext, clock: Clock): VerificationContext {
  return { deadlineMs: clock.elapsedMs() + timeoutMs, ...context }
}

/** Makes refusals; where no problem is known, it may be that the deadline is over. */
export function createRefuser(clock: Clock) {
  return (
    reason: GuardReason,
    { deadlineMs }: VerificationContext,
    problem?: string,
  ): GuardRefusal => {
    const isLate = deadlineMs !== undefined && clock.elapsedMs() >= deadlineMs
    return createRefusal(reason, { problem: problem ?? (isLate ? lateAnswer : undefined) })
  }
}
