// Asks a guard again and again with the same token, and records when each question was sent. A
// bound is a guarantee about requests that begin after a moment.

import type { Answer } from './client.ts'
import { until } from './server.ts'

/** One question and its answer. Times are of `performance.now()`. */
export interface Seen {
  readonly sentAtMs: number
  readonly answeredAtMs: number
  readonly answer: Pick<Answer, 'status' | 'headers' | 'body'>
}

export interface Watch {
  /**
   * Waits for the first matching answer to a question that was sent after a moment. Like `stop`,
   * throws when a question has no answer.
   */
  answered(fits: (seen: Seen) => boolean, afterMs?: number): Promise<Seen>
  /**
   * Sends no more questions, and waits for the open answers. Gives all answers in the order of
   * their arrival.
   */
  stop(): Promise<readonly Seen[]>
}

/** Sends a question at this interval, whether or not the answers arrive. */
export function watch(ask: () => Promise<Answer>, everyMs = 40): Watch {
  const seen: Seen[] = []
  const asking = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  const askOnce = async () => {
    const sentAtMs = performance.now()
    try {
      const answer = await ask()
      seen.push({ sentAtMs, answeredAtMs: performance.now(), answer })
    } catch (error) {
      failure ??= { error }
    }
  }
  const timer = setInterval(() => {
    const asked: Promise<void> = askOnce().finally(() => asking.delete(asked))
    asking.add(asked)
  }, everyMs)
  const throwFailure = () => {
    if (failure) throw failure.error
  }
  return {
    async answered(fits, afterMs = 0) {
      const find = () => seen.find((one) => one.sentAtMs >= afterMs && fits(one))
      await until(() => failure !== undefined || find() !== undefined)
      throwFailure()
      return find() as Seen
    },
    async stop() {
      clearInterval(timer)
      await Promise.all(asking)
      throwFailure()
      return seen
    },
  }
}

/** The statuses of the questions that were sent in a span of time, each once. */
export function statusesOf(seen: readonly Seen[], fromMs: number, toMs = Number.POSITIVE_INFINITY) {
  const sent = seen.filter(({ sentAtMs }) => sentAtMs >= fromMs && sentAtMs < toMs)
  return [...new Set(sent.map(({ answer }) => answer.status))].sort()
}
