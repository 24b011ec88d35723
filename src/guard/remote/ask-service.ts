// One question to the service, over a service binding or over HTTP, as guards in other Workers ask
// it. The time limit holds for bindings, too. A lost connection gets one more try. Each failure
// gets a sentence.

import { messageOf } from '../../errors/message-of.ts'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { type Answer, readAnswer, type TakeText } from './answer.ts'

/** What sends a request to another Worker: a service binding, or anything else that can fetch. */
export interface ServiceBinding {
  /** Sends the request. Rejects when there is no answer. Required. */
  fetch(request: Request): Promise<Response>
}

/** Finds the service binding. If undefined, the request goes over HTTP. */
export type FindBinding = (() => ServiceBinding | undefined) | undefined

export interface Question {
  readonly url: string
  /** What is asked for, as the start of a sentence: "The key set". */
  readonly subject: string
  readonly headers: Readonly<Record<string, string>>
  /** Sent as JSON in a POST. */
  readonly body?: object
  /** The most bytes of the answer that are accepted. */
  readonly maxBytes: number
  /** For a stream: what takes it, and how long it may last. Default: an answer, within 3 s. */
  readonly stream?: { readonly take: TakeText; readonly withinMs: number }
}

/** An answer, and its name in a sentence: what was asked for, where, and over which way. */
interface NamedAnswer extends Answer {
  readonly name: string
}

/** How long the service may take to answer. */
export const timeoutMs = 3_000
/** The sentence for a request that has waited this long in all. */
export const lateAnswer = 'The service did not answer within 3 s; check that it runs.'

/**
 * The service's answer with a status of 2xx or 404. Otherwise a sentence that says what is wrong
 * and what to do. Never throws. At most 3 s, or the time of the stream.
 */
export async function askService(
  findBinding: FindBinding,
  question: Question,
): Promise<Result<NamedAnswer, string>> {
  const { url, subject, maxBytes, stream } = question
  const name = `${subject} at ${url}${findBinding ? ', over the service binding,' : ''}`
  const withinMs = stream?.withinMs ?? timeoutMs
  const signal = AbortSignal.timeout(withinMs)
  const askOnce = async () =>
    readAnswer(
      await bindingOf(findBinding, signal).fetch(createRequest(question, signal)),
      maxBytes,
      stream?.take,
    )
  try {
    // A connection may get lost, and a cold isolate has no copy. So it tries once more, within the
    // same time. A stream that is cut begins again later, because others are cut with it.
    const asked = stream ? askOnce() : askOnce().catch(askOnce)
    const answer = await Promise.race([asked, rejectWhenAborted(signal)])
    return answer.ok ? succeed({ ...answer.value, name }) : refuse(`${name} ${answer.error}.`)
  } catch (error) {
    return refuse(`${name} cannot be fetched: ${explain(error, withinMs)}.`)
  }
}

function createRequest({ url, headers, body, stream }: Question, signal: AbortSignal): Request {
  const request = new Request(url, { headers: { ...headers }, redirect: 'manual', signal })
  // What compresses a stream collects it first.
  if (stream) request.headers.set('Accept-Encoding', 'identity')
  if (!body) return request
  request.headers.set('Content-Type', 'application/json')
  return new Request(request, { method: 'POST', body: JSON.stringify(body) })
}

/** For bindings that ignore the signal. */
function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

function bindingOf(findBinding: FindBinding, signal: AbortSignal): ServiceBinding {
  // When Node collects garbage, it drops the signal of a Request, and keeps the connection.
  if (!findBinding) return { fetch: (request) => fetch(request, { signal }) }
  const binding = findBinding()
  if (typeof binding?.fetch !== 'function') throw new MissingBinding()
  return binding
}

class MissingBinding extends Error {
  override readonly name = 'MissingBinding'
}

function explain(error: unknown, withinMs: number): string {
  if (error instanceof MissingBinding) {
    return '`service` gives no binding; add it to [[services]] in wrangler.toml, and call verify with { env }'
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return `the service did not answer within ${withinMs / 1_000} s`
  }
  return `${messageOf(error)}; check that the service runs, and the issuer`
}
