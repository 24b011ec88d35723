// A service that sends mail to a mailbox of the test: the application's own mailer.

import type { Mail, Mailer, MailFailure } from '../../src/service/mail/mailer.ts'
import type { PlatformParts } from '../../src/service/service.ts'
import { createTestService, type TestService } from './service.ts'

export const mailSettings = { MAILER: 'custom', MAIL_FROM: 'Example <auth@example.com>' }

/** A mailer that keeps what it gets, or refuses it. */
export interface Mailbox extends Mailer {
  readonly mails: Mail[]
  /** What the next mails meet. Undefined: they arrive. */
  failure: MailFailure | undefined
  /** The mails to an address, the oldest first. */
  to(email: string): readonly Mail[]
}

export function createMailbox(): Mailbox {
  const mails: Mail[] = []
  return {
    mails,
    failure: undefined,
    to: (email) => mails.filter((mail) => mail.to === email),
    async send(mail) {
      if (this.failure) return { ok: false, error: this.failure }
      mails.push(mail)
      return { ok: true, value: undefined }
    },
  }
}

export interface MailingService extends TestService {
  readonly mailbox: Mailbox
  /** Waits for what goes on after the answers so far. */
  settle(): Promise<void>
}

/** A service with a mailbox. Its requests have a context, as on Workers. */
export async function createMailingService(
  variables: Record<string, string> = {},
  parts: Partial<PlatformParts> = {},
  mailbox: Mailbox = createMailbox(),
): Promise<MailingService> {
  const service = await createTestService(
    { ...mailSettings, ...variables },
    { mailer: mailbox, ...parts },
  )
  const works: Promise<unknown>[] = []
  const context = {
    waitUntil: (work: Promise<unknown>) => void works.push(work),
    passThroughOnException: () => {},
    props: {},
  }
  const { request } = service.app
  service.app.request = (path, init) => request(path, init, {}, context)
  const settle = async () => void (await Promise.all(works.splice(0)))
  return { ...service, mailbox, settle }
}
