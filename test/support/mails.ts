// Mails: one of every kind, in every form that it has, and one that is ready to be sent.

import type { CodeMail, MailContent } from '../../src/service/mail/mail-content.ts'
import type { Mail } from '../../src/service/mail/mailer.ts'

export const mailLink = 'https://app.example.com/account/verify#code=K7QMW2XR&id=a_-1'

const codeMail: Omit<CodeMail, 'kind'> = {
  code: 'K7QMW2XR',
  link: mailLink,
  codeMinutes: 10,
  linkMinutes: 60,
}
/** 27 November 2026, 04:35:59 UTC. */
const changedAt = 1_795_754_159

/** What the mail is, and its content. */
export const mailContents: readonly (readonly [name: string, content: MailContent])[] = [
  ['verify_email', { kind: 'verify_email', ...codeMail }],
  ['reset_password', { kind: 'reset_password', ...codeMail }],
  ['sign_in', { kind: 'sign_in', ...codeMail }],
  ['sign_in without a link', { kind: 'sign_in', ...codeMail, link: undefined }],
  ['change_email', { kind: 'change_email', ...codeMail }],
  ['invitation', { kind: 'invitation', link: mailLink, linkMinutes: 60 }],
  ['password_changed', { kind: 'password_changed', at: changedAt, device: 'Firefox on Windows' }],
  [
    'password_changed by an unknown device',
    { kind: 'password_changed', at: changedAt, device: undefined },
  ],
  ['new_device', { kind: 'new_device', at: changedAt, device: 'Firefox on Windows' }],
  ['new_device without words about it', { kind: 'new_device', at: changedAt, device: undefined }],
  [
    'email_changed',
    {
      ...{ kind: 'email_changed', at: changedAt, device: 'Firefox on Windows' },
      ...{ link: mailLink, linkMinutes: 4_320 },
    },
  ],
  [
    'email_changed without a link',
    {
      ...{ kind: 'email_changed', at: changedAt, device: undefined },
      ...{ link: undefined, linkMinutes: 4_320 },
    },
  ],
  ['deletion_planned', { kind: 'deletion_planned', at: changedAt, device: 'Firefox on Windows' }],
  [
    'deletion_planned by an unknown device',
    { kind: 'deletion_planned', at: changedAt, device: undefined },
  ],
  [
    'deletion_taken_back',
    { kind: 'deletion_taken_back', at: changedAt, device: 'Firefox on Windows' },
  ],
  ['account_exists', { kind: 'account_exists' }],
]

/** A mail that asks for nothing special, with these changes. */
export function aMail(changes: Partial<Mail> = {}): Mail {
  return {
    id: 'AbCdEfGh01234_-x',
    from: { name: 'Example', address: 'auth@example.com' },
    to: 'ada@example.org',
    subject: 'Your code',
    text: 'Your code is 1234-5678.\n',
    html: '<p>Your code is <b>1234-5678</b>.</p>\n',
    ...changes,
  }
}
