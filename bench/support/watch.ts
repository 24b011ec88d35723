// Shows a token to a guard until it is refused, and remembers when it was last accepted.

import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { bearing } from '../../test/support/client.ts'

/** One request. Its times come from the clock of this process alone. */
export interface Asked {
  /** 0 without an answer. */
  readonly status: number
  readonly sentAtMs: number
  readonly answeredAtMs: number
}

/** What happened to a token. */
export interface Watched {
  /** The last request that was sent and accepted. Long ago if the guard never decided. */
  readonly accepted: Asked
  /** The number of requests that the guard could not decide (503). */
  readonly undecided: number
}

/** Has no limit of connections, so that no request queues here. */
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

const longAgo = Number.NEGATIVE_INFINITY
const never: Asked = { status: 0, sentAtMs: longAgo, answeredAtMs: longAgo }

/** Shows the token once. */
export function ask(url: string, token: string, method = 'GET'): Promise<Asked> {
  const { promise, resolve } = Promise.withResolvers<Asked>()
  const end = (status: number) => resolve({ status, sentAtMs, answeredAtMs: performance.now() })
  const asking = request(url, { agent, method, ...bearing(token) }, (answer) => {
    end(answer.statusCode ?? 0)
    answer.resume()
  })
  const sentAtMs = performance.now()
  asking.on('error', () => end(0)).end()
  return promise
}

/** Shows the token again and again, without waiting for answers, until one answer is a refusal. */
export async function watch(url: string, token: string, nextGapMs: () => number): Promise<Watched> {
  const asked: Promise<Asked>[] = []
  const refused = new AbortController()
  while (!refused.signal.aborted) {
    const asking = ask(url, token)
    asked.push(asking)
    void asking.then(({ status }) => {
      if (status === 401) refused.abort()
    })
    await delay(nextGapMs(), undefined, { signal: refused.signal }).catch(() => {})
  }
  const answers = await Promise.all(asked)
  const accepted = answers.findLast(({ status }) => status === 200)
  const others = answers.filter(({ status }) => status !== 200 && status !== 401)
  const undecided = others.filter(({ status }) => status === 503).length
  if (others.length > undecided) throw new Error(`${url} answers ${others[0]?.status}`)
  if (!accepted && undecided === 0) throw new Error(`${url} never accepted a token`)
  return { accepted: accepted ?? never, undecided }
}
