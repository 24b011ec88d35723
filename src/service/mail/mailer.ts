// The port to whatever sends mail. A mailer gets one mail at a time, to one checked address. What
// it does not send is kept, and tried again (domain/mail/send-due-mail.ts).

import type { Result } from '../../errors/reasons.ts'
import type { MailSender } from '../config/mail-settings.ts'

/** A mail that is ready to be sent. The same id always has the same content. */
export interface Mail {
  /**
   * 16 characters of base64url, the same for each try. A mailer passes it on, so that a second copy
   * can be recognised: as `Idempotency-Key`, `Message-ID` or `X-Portcullis-Mail`.
   */
  readonly id: string
  /** The sender of the settings: MAIL_FROM. */
  readonly from: MailSender
  /** The only recipient: a plain address, checked by `parseEmail`. It may have non-ASCII letters. */
  readonly to: string
  /** One line. */
  readonly subject: string
  /** The plain text. */
  readonly text: string
  /** The same as a whole HTML document. It loads nothing. */
  readonly html: string
}

/**
 * What became of a mail that was not sent.
 *
 * - `later`: The provider is away or busy.
 * - `misconfigured`: It refuses our credentials, our sender, or our settings.
 * - `address_refused`: It never delivers to this address.
 * - `mail_refused`: It never delivers this mail.
 *
 * The first two are tried again, for a day. An address that is refused gets no mail for a week.
 */
export type MailFailureKind = (typeof failureKinds)[number]

export const failureKinds = ['later', 'misconfigured', 'address_refused', 'mail_refused'] as const

/** Why a mail was not sent. */
export interface MailFailure {
  /** What becomes of the mail and of its address. */
  readonly kind: MailFailureKind
  /**
   * What the provider said, for the log: on one line, of at most 200 characters. It has no address,
   * no secret, and nothing of the mail.
   */
  readonly problem: string
}

/** What a mailer gets beside the mail. */
export interface SendContext {
  /**
   * What comes with the request, or with the call of `sendMail`: on Workers the bindings and variables.
   * Elsewhere it may be anything, so a mailer must not need it.
   */
  readonly env: unknown
  /** Aborts 20 s after the beginning. Nobody waits for the mailer after that. */
  readonly signal: AbortSignal
}

/**
 * Sends mail. Bring your own with `createWorker({ mailer })` and `MAILER=custom`.
 *
 * @example
 * ```ts
 * import { createWorker, type Mailer } from 'portcullis/server'
 *
 * const mailer: Mailer = {
 *   async send({ id, to, subject, text }, { signal }) {
 *     const body = JSON.stringify({ id, to, subject, text })
 *     const { ok, status } = await fetch('https://mail.example.com', { method: 'POST', body, signal })
 *     if (ok) return { ok: true, value: undefined }
 *     return { ok: false, error: { kind: 'later', problem: `status ${status}` } }
 *   },
 * }
 *
 * export default createWorker({ mailer })
 * ```
 */
export interface Mailer {
  /**
   * Sends a mail, or says why not. A mail whose answer was lost is sent again, with the same id. A
   * rejection counts as `later`.
   */
  send(mail: Mail, context: SendContext): Promise<Result<undefined, MailFailure>>
}
