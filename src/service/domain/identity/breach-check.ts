// Asks whether a new password was in a data breach (ASVS 5.0 6.2.12), by the range API of Have I Been
// Pwned. Only the first five hex digits of its SHA-1 leave the service: about one hash in a million
// begins like that. The answer is padded, so that its size says nothing. A failure of any kind lets
// the password pass: nobody is kept out because another service is away. Few questions are open at a
// time, because each registration keeps its place in the hash queue while it asks.

import { encodeUtf8 } from '../../../crypto/utf8.ts'
import { type InvalidInput, type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { Runtime } from '../../../runtime/runtime.ts'
import { faultSentences } from './password-policy.ts'

/** Whether passwords were in data breaches. */
export interface BreachCheck {
  /**
   * Whether the password was in a data breach, as far as it is known. At most 1 s. Never rejects:
   * after a failure the answer is no, and the log says so, at most once in 5 s. So it is, without
   * I/O, while five questions are open. False without I/O if the check is off.
   */
  isBreached(password: string): Promise<boolean>
}

/** What went wrong, as the log has it. */
type BreachFailure = 'crowd' | 'timeout' | 'connection' | 'status' | 'size' | 'format'

const timeoutMs = 1_000
/** With cost 10 the queue has ten places: the rest is for logins. */
const maxOpenQuestions = 5
/** A padded answer has at most 1,000 lines of about 40 bytes. */
const maxBytes = 1024 * 1024
const logEveryMs = 5_000
const prefixDigits = 5

/** The check with the API below `url`. It is off if that is undefined. No I/O before its first use. */
export function createBreachCheck(
  url: string | undefined,
  { runtime, log }: { readonly runtime: Pick<Runtime, 'elapsedMs'>; log(line: string): void },
): BreachCheck {
  let loggedAtMs = Number.NEGATIVE_INFINITY
  const report = (reason: BreachFailure) => {
    const nowMs = runtime.elapsedMs()
    // The clock of Workers may be set back.
    if (nowMs >= loggedAtMs && nowMs < loggedAtMs + logEveryMs) return
    loggedAtMs = nowMs
    log(JSON.stringify({ event: 'breach_check_failed', reason }))
  }
  const questions = new OpenQuestions(runtime)
  return {
    async isBreached(password) {
      if (url === undefined) return false
      const hash = await sha1Of(password)
      const range = `${url}/range/${hash.slice(0, prefixDigits)}`
      const answer = await questions.ask(() => readRange(range))
      const listed = answer.ok ? isListed(answer.value, hash.slice(prefixDigits)) : answer
      if (listed.ok) return listed.value
      report(listed.error)
      return false
    },
  }
}

/** Counts the questions that are open in this isolate or process. */
class OpenQuestions {
  readonly #runtime: Pick<Runtime, 'elapsedMs'>
  #open: readonly { readonly beganAtMs: number }[] = []

  constructor(runtime: Pick<Runtime, 'elapsedMs'>) {
    this.#runtime = runtime
  }

  async ask(read: () => Promise<Result<string, BreachFailure>>) {
    const nowMs = this.#runtime.elapsedMs()
    // On Workers a request whose client hangs up never gets to `finally`. So a question is open no
    // longer than its time. The clock may be set back there.
    const isOpen = (at: number) => nowMs >= at && nowMs < at + timeoutMs
    this.#open = this.#open.filter(({ beganAtMs }) => isOpen(beganAtMs))
    if (this.#open.length >= maxOpenQuestions) return refuse('crowd' as const)
    const question = { beganAtMs: nowMs }
    this.#open = [...this.#open, question]
    try {
      return await read()
    } finally {
      this.#open = this.#open.filter((other) => other !== question)
    }
  }
}

/** The refusal of a password that was in a data breach, in this field of the body. */
export function breachedPassword(field: string): InvalidInput {
  return { reason: 'invalid_input', errors: [{ field, message: faultSentences.breached }] }
}

async function sha1Of(password: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-1', encodeUtf8(password))
  const digits = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0'))
  return digits.join('').toUpperCase()
}

/** The text of an answer, complete and within the time. */
async function readRange(url: string): Promise<Result<string, BreachFailure>> {
  const signal = AbortSignal.timeout(timeoutMs)
  // The API refuses requests without a User-Agent, and Workers send none of their own.
  const headers = { 'Add-Padding': 'true', 'User-Agent': 'portcullis' }
  try {
    const response = await fetch(url, { headers, redirect: 'manual', signal })
    const text = response.status === 200 ? await readText(response) : refuse('status' as const)
    if (!text.ok) await response.body?.cancel()
    return text
  } catch {
    return refuse(signal.aborted ? 'timeout' : 'connection')
  }
}

async function readText({ body }: Response): Promise<Result<string, BreachFailure>> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) return refuse('size')
    text += decoder.decode(chunk, { stream: true })
  }
  return succeed(text)
}

/**
 * Whether the suffix is in lines of `SUFFIX:COUNT`. A count of 0 is padding. Every prefix has lines,
 * so an answer without any is not one of the API.
 */
function isListed(text: string, suffix: string): Result<boolean, BreachFailure> {
  const lines = text.trimEnd().split(/\r?\n/)
  const counts = lines.map((line) => /^([\dA-F]{35}):(\d+)$/i.exec(line))
  if (counts.includes(null)) return refuse('format')
  return succeed(counts.some((line) => line?.[1]?.toUpperCase() === suffix && Number(line[2]) > 0))
}
