// What sends mail, by MAILER. The service itself has the mailers that need no package.

import { type Result, refuse, succeed } from '../errors/reasons.ts'
import type { Config } from './config/config.ts'
import { createCloudflareMailer } from './mail/cloudflare-mailer.ts'
import { createHttpMailer } from './mail/http-mailer.ts'
import type { Mailer } from './mail/mailer.ts'

/**
 * The mailer of the settings, or the one that the application gives. Undefined with `MAILER=none`.
 * The refusal is a sentence for the log, if the two do not fit.
 */
export function configuredMailer(
  { mailer, mailApi }: Pick<Config, 'mailer' | 'mailApi'>,
  given: Mailer | undefined,
): Result<Mailer | undefined, string> {
  const isGiven = mailer === 'smtp' || mailer === 'custom'
  if (isGiven && !given) {
    return refuse(
      mailer === 'smtp'
        ? 'MAILER is smtp, and no mailer was given: install nodemailer, and write createWorker({ mailer: smtpMailer() }) with smtpMailer of portcullis/mail/smtp.'
        : 'MAILER is custom, and no mailer was given: write createWorker({ mailer }).',
    )
  }
  if (!isGiven && given) {
    return refuse(`A mailer was given, and MAILER is ${mailer}: set MAILER to custom or smtp.`)
  }
  if (mailer === 'http') return succeed(createHttpMailer(mailApi))
  return succeed(mailer === 'cloudflare' ? createCloudflareMailer() : given)
}
