// Sends mail with Cloudflare's Email Service, through the binding EMAIL of the Worker. The service
// knows no idempotency: a mail whose answer was lost arrives twice. Its errors may quote the address,
// so only their code gets into the log.
// https://developers.cloudflare.com/email-service/api/send-emails/workers-api/ (November 2026)

import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { Mail, Mailer, MailFailure, MailFailureKind } from './mailer.ts'
import { isPlainAddress } from './plain-address.ts'

/** The part of the binding that is used: `SendEmail` of @cloudflare/workers-types. */
interface Binding {
  send(message: {
    readonly from: string | { readonly name: string; readonly email: string }
    readonly to: string
    readonly subject: string
    readonly text: string
    readonly html: string
    readonly headers: Record<string, string>
  }): Promise<unknown>
}

/**
 * What each code means for the mail. Every other error is `later`: E_RATE_LIMIT_EXCEEDED,
 * E_DAILY_LIMIT_EXCEEDED, E_DELIVERY_FAILED, E_INTERNAL_SERVER_ERROR, and what has no code.
 */
const kinds: Readonly<Record<string, MailFailureKind>> = {
  // It bounced before, or its owner called a mail spam.
  E_RECIPIENT_SUPPRESSED: 'address_refused',

  // The domain of MAIL_FROM is not set up for sending.
  E_SENDER_NOT_VERIFIED: 'misconfigured',
  E_SENDER_DOMAIN_NOT_AVAILABLE: 'misconfigured',
  // The binding or the plan allows only some senders or recipients: wrangler.toml says which.
  E_SENDER_NOT_ALLOWED: 'misconfigured',
  E_RECIPIENT_NOT_ALLOWED: 'misconfigured',

  // The next try would send the same.
  E_VALIDATION_ERROR: 'mail_refused',
  E_FIELD_MISSING: 'mail_refused',
  E_CONTENT_TOO_LARGE: 'mail_refused',
  E_TOO_MANY_RECIPIENTS: 'mail_refused',
  E_HEADER_NOT_ALLOWED: 'mail_refused',
  E_HEADER_USE_API_FIELD: 'mail_refused',
  E_HEADER_NAME_INVALID: 'mail_refused',
  E_HEADER_VALUE_INVALID: 'mail_refused',
  E_HEADER_VALUE_TOO_LONG: 'mail_refused',
  E_HEADERS_TOO_LARGE: 'mail_refused',
  E_HEADERS_TOO_MANY: 'mail_refused',
}

const codeForm = /^E_[A-Z_]{1,62}$/
const noBinding =
  'there is no binding EMAIL: write [[send_email]] and name = "EMAIL" into wrangler.toml'

/**
 * A mailer that sends through the binding EMAIL. A binding cannot be told to stop: a mail that was
 * given up may still be sent.
 */
export function createCloudflareMailer(): Mailer {
  return {
    async send(mail, { env, signal }) {
      const binding = bindingOf(env)
      if (!binding) return fail('misconfigured', noBinding)
      if (!isPlainAddress(mail.to)) return fail('mail_refused', 'the address is not a plain one')
      if (signal.aborted) return fail('later', 'no answer in time')
      return Promise.race([sendThrough(binding, mail), givenUp(signal)])
    },
  }
}

function bindingOf(env: unknown): Binding | undefined {
  const { EMAIL: binding } = Object(env) as { EMAIL?: Partial<Binding> | null }
  return typeof binding?.send === 'function' ? (binding as Binding) : undefined
}

/** Never rejects, so that nothing is left over when nobody waits for it any more. */
async function sendThrough(
  binding: Binding,
  { id, from: { name, address }, to, subject, text, html }: Mail,
): Promise<Result<undefined, MailFailure>> {
  const from = name === undefined ? address : { name, email: address }
  // Of all headers, only those that begin with X- are sure to be taken.
  const headers = { 'X-Portcullis-Mail': id }
  try {
    await binding.send({ from, to, subject, text, html, headers })
    return succeed(undefined)
  } catch (error) {
    const { code } = Object(error) as { code?: unknown }
    if (typeof code !== 'string' || !codeForm.test(code)) return fail('later', 'no error code')
    return fail(Object.hasOwn(kinds, code) ? (kinds[code] ?? 'later') : 'later', `code ${code}`)
  }
}

function givenUp(signal: AbortSignal): Promise<Result<undefined, MailFailure>> {
  return new Promise((resolve) => {
    const giveUp = () => resolve(fail('later', 'no answer in time'))
    signal.addEventListener('abort', giveUp, { once: true })
  })
}

function fail(kind: MailFailureKind, problem: string) {
  return refuse<MailFailure>({ kind, problem })
}
