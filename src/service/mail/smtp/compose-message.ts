// A mail as the text that SMTP carries (RFC 5322), with both bodies (RFC 2046 §5.1.4). nodemailer
// encodes what is beyond ASCII. Line ends in the subject or a name become spaces.

import MimeNode from 'nodemailer/lib/mime-node'
import type { Mail } from '../mailer.ts'
import type { Recipient } from './recipient.ts'

/** No part of a mail is fetched from anywhere. */
const noAccess = { disableFileAccess: true, disableUrlAccess: true }

/** The message. The same mail has the same `Message-ID` with each try. */
export async function composeMessage(mail: Mail, to: Recipient): Promise<Buffer> {
  const message = new MimeNode('multipart/alternative', noAccess)
  message.setHeader({
    From: { name: mail.from.name ?? '', address: mail.from.address },
    // Never as text, which would be taken apart.
    To: { name: '', address: to.address },
    Subject: mail.subject,
    'Message-ID': `<${mail.id}@${domainOf(mail.from.address)}>`,
    'X-Portcullis-Mail': mail.id,
    // Nobody answers it with a notice of absence (RFC 3834 §5).
    'Auto-Submitted': 'auto-generated',
  })
  message.createChild('text/plain', noAccess).setContent(mail.text)
  message.createChild('text/html', noAccess).setContent(mail.html)
  return message.build()
}

/** What follows the `@`. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}
