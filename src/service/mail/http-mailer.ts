// Sends mail over HTTP, in the form of Resend's API. The id of the mail is the Idempotency-Key: for
// 24 hours Resend sends a second copy to nobody. What a provider says may quote the address, so of its
// answer only the status and the name of the error get into the log.
// https://resend.com/docs/api-reference/errors (read in November 2026)

import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { MailApi, MailSender } from '../config/mail-settings.ts'
import type { Mail, Mailer, MailFailure, MailFailureKind } from './mailer.ts'
import { isPlainAddress } from './plain-address.ts'

/** What an answer says about the mail. Both are undefined if it is not as Resend writes it. */
interface ApiError {
  /** Letters and underscores, at most 64. */
  readonly name: string | undefined
  /** It may quote the address: never for the log. */
  readonly message: string | undefined
}

/** An error of Resend has less than 1 KiB. */
const maxAnswerBytes = 64 * 1024
const nameForm = /^[a-z][a-z_]{0,63}$/
/** A text of atoms needs no quotes (RFC 5322 §3.2.3, RFC 6532 §3.2). */
const atoms = /^[\p{L}\p{M}\p{N} !#$%&'*+/=?^_`{|}~-]+$/u

/** Statuses of an address, a key or an account that must be put right. */
const ofSettings = new Set([401, 402, 403, 404, 405, 407, 410])
/** Statuses of a provider that may take the same mail later. */
const ofTheMoment = new Set([408, 409, 425, 429])
/** Errors 400 and 422 that each mail would get. */
const errorsOfSettings = new Set(['invalid_from_address', 'invalid_api_key', 'missing_api_key'])

/**
 * A mailer that posts each mail to `api.url`, with `api.key` as its bearer token. Redirects are not
 * followed. Of an answer at most 64 KiB are read.
 *
 * No status and no name of Resend's says for sure that the recipient is at fault. So no failure is
 * `address_refused`.
 */
export function createHttpMailer({ url, key }: MailApi): Mailer {
  return {
    async send(mail, { signal }) {
      if (key === undefined) return fail('misconfigured', 'MAIL_API_KEY is missing')
      if (!isPlainAddress(mail.to)) return fail('mail_refused', 'the address is not a plain one')
      const headers = {
        Authorization: `Bearer ${key}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': mail.id,
        // Resend refuses requests without one, and Workers send none of their own.
        'User-Agent': 'portcullis',
      }
      const request = { method: 'POST', headers, body: payloadOf(mail), signal }
      try {
        return await outcomeOf(await fetch(url, { ...request, redirect: 'manual' }))
      } catch {
        return fail('later', signal.aborted ? 'no answer in time' : 'no connection')
      }
    },
  }
}

/** Byte for byte the same for the same mail: Resend compares it. */
function payloadOf({ id, from, to, subject, text, html }: Mail): string {
  const headers = { 'X-Portcullis-Mail': id, 'Auto-Submitted': 'auto-generated' }
  return JSON.stringify({ from: formatSender(from), to: [to], subject, text, html, headers })
}

function formatSender({ name, address }: MailSender): string {
  if (name === undefined) return address
  const phrase = atoms.test(name) ? name : `"${name.replace(/[\\"]/g, '\\$&')}"`
  return `${phrase} <${address}>`
}

async function outcomeOf(response: Response): Promise<Result<undefined, MailFailure>> {
  if (response.ok) {
    // The mail is sent, whatever becomes of the rest of the answer.
    await response.body?.cancel().catch(() => undefined)
    return succeed(undefined)
  }
  const { status } = response
  const error = await readError(response)
  // The key came before, with another payload: that mail was taken.
  if (status === 409 && error.name === 'invalid_idempotent_request') return succeed(undefined)
  const { name } = error
  return fail(kindOf(status, error), name ? `status ${status} ${name}` : `status ${status}`)
}

function kindOf(status: number, { name = '', message = '' }: ApiError): MailFailureKind {
  // Where a redirect is not followed, a browser's status is 0.
  if (status < 400 || ofSettings.has(status)) return 'misconfigured'
  if (status >= 500 || ofTheMoment.has(status)) return 'later'
  // A key of the wrong form is 400 `validation_error`, "API key is invalid".
  const isOfSettings = errorsOfSettings.has(name) || /\bapi key\b/i.test(message)
  return isOfSettings ? 'misconfigured' : 'mail_refused'
}

/** The error of an answer. Without one if it is cut, too long, or of another form. */
async function readError(response: Response): Promise<ApiError> {
  try {
    const answer: unknown = JSON.parse(await readText(response))
    const { name, message } = Object(answer) as Record<string, unknown>
    return {
      name: typeof name === 'string' && nameForm.test(name) ? name : undefined,
      message: typeof message === 'string' ? message : undefined,
    }
  } catch {
    return { name: undefined, message: undefined }
  }
}

/** Empty if it is too long. */
async function readText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    // Leaving the loop cancels the rest.
    if (bytes > maxAnswerBytes) return ''
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

function fail(kind: MailFailureKind, problem: string) {
  return refuse<MailFailure>({ kind, problem })
}
