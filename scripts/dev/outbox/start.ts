// The outbox of a development command, in the place of a provider of mail.

import { randomBytes } from 'node:crypto'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import { createOutbox, describeMail } from './outbox.ts'
import { serveOutbox } from './server.ts'

export interface DevOutbox {
  /** The settings with which the service mails to it. */
  readonly variables: Readonly<Record<string, string>>
  /** The address of its page. Undefined where the service mails elsewhere. */
  readonly url: string | undefined
  close(): void
}

/** Settings of the user that say where mail goes. */
const namesOfMailers = ['MAILER', 'MAIL_API_URL', 'MAIL_API_KEY', 'SMTP_URL']

/** Starts the outbox, unless the user's settings (`given`) say where mail goes. Prints each mail. */
export async function startOutbox(given: Readonly<Record<string, string>>): Promise<DevOutbox> {
  if (namesOfMailers.some((name) => given[name] !== undefined)) {
    return { variables: {}, url: undefined, close: () => undefined }
  }
  const key = randomBytes(24).toString('base64url')
  const outbox = createOutbox(systemRuntime.nowMs, (mail) => console.log(describeMail(mail)))
  const { origin, close } = await serveOutbox(outbox, key)
  const variables = {
    MAILER: 'http',
    MAIL_FROM: 'Portcullis <auth@localhost>',
    MAIL_API_URL: `${origin}/emails`,
    MAIL_API_KEY: key,
  }
  return { variables, url: `${origin}/dev/outbox`, close }
}
