// One deadline for all that a request waits for: keys, pages, checks, and other requests' loads.
// What is under way then goes on, for the requests after it. And what refusals say beside a reason.

import type { GuardReason } from '../errors/reasons.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { VerificationContext } from '../token/key-set.ts'
import { createRefusal, type GuardRefusal } from './refusal.ts'
import { lateAnswer, timeoutMs } from './remote/ask-service.ts'
import { createUnfitLog } from './unfit-token.ts'
import type { VerifierOptions } from './verifier-options.ts'

const outages: readonly GuardReason[] = ['key_set_unavailable', 'revocations_unavailable']

/** A context for one request that begins now. */
export function withDeadline(
  context: VerificationContext,
  clock: Pick<Runtime, 'elapsedMs'>,
): VerificationContext {
  return { deadlineMs: clock.elapsedMs() + timeoutMs, ...context }
}

/**
 * Makes refusals. A 503 says the problem that is known, or that the deadline is over; a token that
 * does not fit is explained.
 */
export function createRefuser<Bindings>(
  options: VerifierOptions<Bindings>,
  runtime: Pick<Runtime, 'now' | 'elapsedMs'>,
) {
  const explain = createUnfitLog(options, runtime)
  return (
    reason: GuardReason,
    { deadlineMs }: VerificationContext,
    { problem, token }: { problem?: string | undefined; token?: string },
  ): GuardRefusal => {
    const isLate = deadlineMs !== undefined && runtime.elapsedMs() >= deadlineMs
    const outage = problem ?? (isLate ? lateAnswer : undefined)
    const unfit = token === undefined ? undefined : explain(reason, token)
    return createRefusal(reason, { problem: outages.includes(reason) ? outage : unfit })
  }
}
