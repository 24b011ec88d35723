// The mailer over SMTP. It takes the server from the setting SMTP_URL, or from its option.

import { checkOptions, optional, type Rules } from '../../../errors/check-options.ts'
import { type Result, refuse } from '../../../errors/reasons.ts'
import { parseSmtpUrl, type SmtpServer } from '../../config/smtp-url.ts'
import { variableText } from '../../config/variable-text.ts'
import type { Mailer, MailFailure } from '../mailer.ts'
import { composeMessage, domainOf } from './compose-message.ts'
import { deliver } from './deliver.ts'
import { recipientOf } from './recipient.ts'

/** Which server sends. */
export interface SmtpMailerOptions {
  /**
   * The server, in the form of `SMTP_URL`: `smtps://user:password@smtp.example.com`. It has a secret.
   * Default: `SMTP_URL` of the variables of the Worker, read with each mail. A program on Deno or Node
   * must give it.
   */
  readonly url?: string
}

const rules: Rules<SmtpMailerOptions> = {
  url: optional((value) => {
    const server = parseSmtpUrl(typeof value === 'string' ? value : '')
    return server.ok ? undefined : server.error
  }),
}

/**
 * Sends mail over SMTP: one connection for each mail, with TLS from the first byte, on Workers, Deno
 * and Node. The certificate of the server is always verified. Needs the package `nodemailer`.
 *
 * Each mail has its id in `Message-ID` and `X-Portcullis-Mail`. What an answer of the server means
 * is in docs/operate/mail.md.
 *
 * @throws TypeError when an option cannot work, or is not known
 * @see RFC 5321, RFC 8314 §3
 *
 * @example
 * ```ts
 * import { smtpMailer } from 'portcullis/mail/smtp'
 *
 * // SMTP_URL has the server, the user and the password.
 * export const mailer = smtpMailer()
 * ```
 */
export function smtpMailer(options: SmtpMailerOptions = {}): Mailer {
  const { url } = checkOptions('smtpMailer', rules, options)

  return {
    async send(mail, { env, signal }) {
      const server = serverOf(url, env)
      if (!server.ok) return server
      const to = recipientOf(mail.to)
      if (!to) return refuse({ kind: 'mail_refused', problem: 'The recipient is not an address.' })
      const message = await composeMessage(mail, to)
      const { address: from } = mail.from
      const delivery = { name: domainOf(from), from, to: to.address, needsUtf8: to.needsUtf8 }
      return deliver(server.value, { ...delivery, message }, signal)
    },
  }
}

function serverOf(url: string | undefined, env: unknown): Result<SmtpServer, MailFailure> {
  const variables = (typeof env === 'object' && env !== null ? env : {}) as { SMTP_URL?: unknown }
  const text = url ?? variableText(variables.SMTP_URL)
  const server = text === undefined ? refuse('is missing') : parseSmtpUrl(text)
  if (server.ok) return server
  return refuse({ kind: 'misconfigured', problem: `SMTP_URL ${server.error}`.slice(0, 200) })
}
