// One deadline for all that a request waits for: keys, pages, checks, and the loads of other
// requests. Work that is under way at the deadline goes on for later requests. This file also has
// what refusals say in addition to a reason.

import type { GuardReason } from '../errors/reasons.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { VerificationContext } from '../token/key-set.ts'
import { createRefusal, type GuardRefusal } from './refusal.ts'
import { lateAnswer, timeoutMs } from './remote/ask-service.ts'
import { createUnfitLog } from './unfit-token.ts'
import type { VerifierOptions } from './verifier-options.ts'

const outages: readonly GuardReason[] = ['key_set_unavailable', 'revocations_unavailable']

/** How long a request may still wait after it waited in another guard, in milliseconds. */
const waitsLeftMs = new WeakMap<object, number>()

/** Does the work with a deadline. Several guards on one request share the time that it may wait. */
export async function withDeadline<T>(
  input: Request | string | undefined,
  context: VerificationContext,
  clock: Pick<Runtime, 'elapsedMs'>,
  work: (context: VerificationContext) => Promise<T>,
): Promise<T> {
  const request = typeof input === 'object' ? input : undefined
  const leftMs = (request && waitsLeftMs.get(request)) ?? timeoutMs
  const beganAtMs = clock.elapsedMs()
  const { env, waitUntil, deadlineMs = beganAtMs + leftMs } = context
  const done = await work({ env, waitUntil, deadlineMs })
  const waitedMs = clock.elapsedMs() - beganAtMs
  if (request && waitedMs > 0) waitsLeftMs.set(request, leftMs - waitedMs)
  return done
}

/**
 * Makes refusals. A 503 has the known problem, or says that the deadline is over. A refusal of a
 * token that does not fit explains why.
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
