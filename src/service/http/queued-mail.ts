// What routes that queue mail share: the language of a mail, and the sending after the answer.

import type { Context } from 'hono'
import * as v from 'valibot'
import type { MailDeps } from '../domain/mail/mail-deps.ts'
import { sendDueMail } from '../domain/mail/send-due-mail.ts'
import { type Language, languages, preferredLanguage } from '../mail/languages.ts'
import { afterAnswer } from './after-answer.ts'
import { describeDevice } from './describe-device.ts'
import type { ServiceEnv } from './service-env.ts'

/** The language of an account, in a body. Null: that of each request. */
export const languageField = v.union(
  [v.picklist(languages), v.null()],
  `Give the language as ${languages.join(' or ')}, or as null.`,
)

/** The language that the client prefers, for the mails that it causes. */
export function languageOf(c: Context<ServiceEnv>): Language {
  return preferredLanguage(c.req.header('Accept-Language'))
}

/** The language and the device of the client, for notices to the owner of an account. */
export function noticeReaderOf(c: Context<ServiceEnv>) {
  return { language: languageOf(c), device: describeDevice(c.req.header('User-Agent')) }
}

/** Sends mail that is due, after the answer. A failure leaves it to the next time. */
export function sendAfterAnswer(c: Context<ServiceEnv>, deps: MailDeps): void {
  const sending = sendDueMail(deps, c.env).then(
    () => {},
    () => deps.log(JSON.stringify({ event: 'mail_waits', requestId: c.get('requestId') })),
  )
  afterAnswer(c, sending)
}
