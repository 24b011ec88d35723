// Reads an answer from the network. It is untrusted until it has been checked. An answer that
// cannot be the service's gets a sentence that says what to do.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'

/** An answer that may be the service's own. */
export interface Answer {
  readonly isFound: boolean
  readonly text: string
}

/**
 * Takes what has arrived of an answer, and gives what it leaves for later. Undefined ends the
 * reading.
 */
export type TakeText = (text: string) => string | undefined

const cure =
  'reach the service over a service binding (`service: (env) => env.AUTH`), or give it a Custom Domain'

/**
 * The body of an answer whose status is 2xx or 404, or what is wrong with it. The refusal completes
 * the sentence "the … at URL …".
 */
export async function readAnswer(
  response: Response,
  maxBytes: number,
  take?: TakeText,
): Promise<Result<Answer, string>> {
  const { status } = response
  if (status >= 300 && status < 400) {
    return refuse(`answers with a redirect, which is not followed; check the issuer, or ${cure}`)
  }
  const text = await readText(response, maxBytes, response.ok ? take : undefined)
  if (text === undefined) return refuse(`is larger than ${Math.round(maxBytes / 1024)} KiB`)
  if (/^.{0,200}error code: 1042/s.test(text)) {
    return refuse(
      `cannot be fetched from a Worker of the same account on workers.dev (error 1042); ${cure}`,
    )
  }
  if (isHtml(response, text)) {
    return refuse(
      `answers with an HTML page (status ${status}), so it is not the service (a fetch does not reach a route of the same zone); check the issuer, or ${cure}`,
    )
  }
  if (response.ok || status === 404) return succeed({ isFound: response.ok, text })
  return refuse(`answers with status ${status}; check that the service runs, and the issuer`)
}

function isHtml(response: Response, text: string): boolean {
  return /^text\/html/i.test(response.headers.get('Content-Type') ?? '') || /^\s*</.test(text)
}

/**
 * What `take` leaves of the body, or all of it. Undefined when that is too large. Reading stops
 * there.
 */
async function readText(
  response: Response,
  maxBytes: number,
  take: TakeText = (text) => text,
): Promise<string | undefined> {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (reader) {
    const { done, value } = await reader.read()
    if (done) break
    const rest = take(text + decoder.decode(value, { stream: true }))
    text = rest ?? ''
    if (rest === undefined || text.length > maxBytes) {
      await reader.cancel()
      return rest === undefined ? text : undefined
    }
  }
  return text + decoder.decode()
}
