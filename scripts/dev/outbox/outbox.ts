// The mails that the service has sent to a development command. They are kept in memory alone, like
// Resend keeps them: one mail for each Idempotency-Key.

import { type Result, refuse, succeed } from '../../../src/errors/reasons.ts'

/** A mail in the form of Resend's API. */
interface SentMail {
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly headers: Readonly<Record<string, string>>
}

/** A mail in the outbox. */
export interface KeptMail extends SentMail {
  /** From 1 on, in the order of arrival. */
  readonly number: number
  /** Its Idempotency-Key. Empty without one. */
  readonly id: string
  /** As `2026-11-27T12:00:00.000Z`. */
  readonly receivedAt: string
  /** The code in the text: eight characters as `XXXX-XXXX`, on a line of their own. */
  readonly code: string | undefined
}

export interface Outbox {
  /** The newest first, at most 100. */
  list(): readonly KeptMail[]
  find(number: number): KeptMail | undefined
  /**
   * Keeps the mail in `body`. One that came before under the same `id` is not kept again. The refusal
   * is the name of Resend's error.
   */
  take(
    id: string,
    body: string,
  ): Result<KeptMail, 'validation_error' | 'invalid_idempotent_request'>
}

const maxMails = 100

/** An empty outbox. `onMail` is told of each new mail. */
export function createOutbox(nowMs: () => number, onMail: (mail: KeptMail) => void): Outbox {
  let kept: readonly { readonly mail: KeptMail; readonly body: string }[] = []
  let count = 0
  return {
    list: () => kept.map(({ mail }) => mail),
    find: (number) => kept.find(({ mail }) => mail.number === number)?.mail,
    take(id, body) {
      const earlier = id === '' ? undefined : kept.find(({ mail }) => mail.id === id)
      if (earlier && earlier.body !== body) return refuse('invalid_idempotent_request')
      if (earlier) return succeed(earlier.mail)
      const sent = parseMail(body)
      if (!sent) return refuse('validation_error')
      count += 1
      const receivedAt = new Date(nowMs()).toISOString()
      const mail = { number: count, id, receivedAt, ...sent, code: codeIn(sent.text) }
      kept = [{ mail, body }, ...kept].slice(0, maxMails)
      onMail(mail)
      return succeed(mail)
    },
  }
}

/** What a developer sees of a new mail in the terminal: one line, or two with a code. */
export function describeMail({ to, subject, code }: KeptMail): string {
  const line = `Mail to ${to.join(', ')}: ${subject}`
  // A control character could give orders to the terminal.
  const shown = line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').slice(0, 300)
  return code ? `${shown}\n  Its code is ${code}` : shown
}

function codeIn(text: string): string | undefined {
  return /^[^\S\n]*([A-Z\d]{4}-[A-Z\d]{4})\s*$/m.exec(text)?.[1]
}

function parseMail(body: string): SentMail | undefined {
  const { from, to, subject, text, html = '', headers = {} } = parseObject(body)
  const recipients = typeof to === 'string' ? [to] : to
  const areTexts = [from, subject, text, html].every((part) => typeof part === 'string')
  if (!areTexts || !isTexts(recipients) || recipients.length === 0) return undefined
  if (typeof headers !== 'object' || !isTexts(Object.values(headers ?? {}))) return undefined
  return { from, to: recipients, subject, text, html, headers: headers ?? {} } as SentMail
}

function parseObject(body: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(body))
  } catch {
    return {}
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((part) => typeof part === 'string')
}
