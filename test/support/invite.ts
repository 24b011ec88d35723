// Somebody is invited, as `portcullis users invite` does it.

import { systemRuntime } from '../../src/runtime/runtime.ts'
import { invite } from '../../src/service/domain/accounts/invite.ts'
import type { Mail } from '../../src/service/mail/mailer.ts'
import type { Database } from '../../src/service/store/database.ts'
import type { MailingService } from './mail.ts'
import { database, freshEmail } from './service.ts'

interface Invited {
  readonly roles?: readonly string[]
  readonly language?: string | undefined
}

/** Invites an email. The mail waits for the service. */
export function inviteEmail(
  email: string,
  { roles = [], language }: Invited = {},
  to: Database = database,
) {
  return invite(
    {
      database: to,
      runtime: systemRuntime,
      entry: { event: 'users invite', actor: 'administrator' },
    },
    { email, roles, language, emailDomains: 'public' },
  )
}

/** Invites an email, and gives the mail that the service sends. */
export async function inviteByMail(
  { sendMail, mailbox }: MailingService,
  email = freshEmail(),
  how: Invited = {},
): Promise<Mail | undefined> {
  await inviteEmail(email, how)
  await sendMail({})
  return mailbox.to(email).at(-1)
}
