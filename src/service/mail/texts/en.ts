// The mails in English.

import { counted, type MailTexts } from './text.ts'

const months =
  'January February March April May June July August September October November December'.split(' ')

/** Every sentence in English. */
export const en: MailTexts = {
  verify_email: (service) => ({
    subject: `Confirm your email address for ${service}`,
    happened: `Somebody entered this email address at ${service}.`,
    enterCode: 'If it was you, confirm the address with this code:',
    linkLabel: 'Confirm the address',
    otherwise: 'If it was not you, ignore this mail. The address is then not confirmed.',
  }),
  reset_password: (service) => ({
    subject: `Set a new password for ${service}`,
    happened: `Somebody asked for a new password for your account at ${service}.`,
    enterCode: 'If it was you, set the password with this code:',
    linkLabel: 'Set a new password',
    otherwise: 'If it was not you, ignore this mail. Nothing changes without the code.',
  }),
  sign_in: (service) => ({
    subject: `Log in to ${service}`,
    happened: `Somebody wanted to log in to ${service} with this email address.`,
    enterCode: 'If it was you, log in with this code:',
    linkLabel: 'Log in',
    otherwise: 'If it was not you, ignore this mail. Nobody gets in without the code.',
  }),
  change_email: (service) => ({
    subject: `Confirm your new email address for ${service}`,
    happened: `Somebody wants to use this email address for their account at ${service}.`,
    enterCode: 'If it was you, confirm the address with this code:',
    linkLabel: 'Confirm the address',
    otherwise:
      'If it was not you, ignore this mail. Do not confirm the address: the account is not yours.',
  }),
  invitation: (service) => ({
    subject: `Your invitation to ${service}`,
    happened: `You are invited to ${service}. There is an account for this email address.`,
    openLink: 'Open this address in your browser, and set a password:',
    linkLabel: 'Accept the invitation',
    afterwards: 'After that, ask for a new password where you log in, with this email address.',
    otherwise: 'If you do not want the account, ignore this mail.',
  }),
  password_changed: (service) => ({
    subject: `Your password for ${service} was changed`,
    happened: `The password of your account at ${service} was changed.`,
    todo: 'If it was you, there is nothing to do.',
    otherwise:
      'If it was not you, somebody else can use your account. Ask for a new password at once, where you log in. Then change the password of this mailbox, too.',
  }),
  new_device: (service) => ({
    subject: `A new device logged in to ${service}`,
    happened: `Somebody logged in to your account at ${service} from a new device.`,
    todo: 'If it was you, there is nothing to do.',
    otherwise:
      'If it was not you, somebody else can use your account. Ask for a new password at once, where you log in. Then change the password of this mailbox, too.',
  }),
  email_changed: (service) => ({
    subject: `Your email address for ${service} was changed`,
    happened: `Your account at ${service} has another email address now.`,
    todo: 'If it was you, there is nothing to do.',
    otherwise:
      'If it was not you, somebody else can use your account. Take the change back with this link. It also ends every session and removes the password. Then you set a new one.',
    linkLabel: 'Take the change back',
    withoutLink: `If it was not you, somebody else can use your account. Contact the support of ${service} at once.`,
  }),
  deletion_planned: (service) => ({
    subject: `Your account at ${service} will be deleted`,
    happened: `Somebody who was logged in asked ${service} to delete your account.`,
    todo: 'If it was you, there is nothing to do. If you want to keep the account, log in before that time.',
    otherwise:
      'If it was not you, somebody else can use your account. Log in before that time, which keeps the account. Then change its password.',
  }),
  deletion_taken_back: (service) => ({
    subject: `Your account at ${service} is kept`,
    happened: `Your account at ${service} was to be deleted. It is kept, because somebody has used it since.`,
    todo: 'If it was you, there is nothing to do. If the account is to be deleted, ask for it again.',
    otherwise:
      'If it was not you, somebody else can use your account. Ask for a new password at once, where you log in. Then change the password of this mailbox, too.',
  }),
  account_exists: (service) => ({
    subject: `You already have an account at ${service}`,
    happened: `Somebody wanted to use this email address for an account at ${service}. It has an account already.`,
    todo: 'If it was you, log in. If you have forgotten the password, ask for a new one there.',
    otherwise: 'If it was not you, ignore this mail. Your account has not changed.',
  }),
  codeIsGood: (duration) => `The code is good for ${duration}. Do not give it to anybody.`,
  openLink: 'Or open this address in your browser:',
  linkIsGood: (duration) => `The link is good for ${duration}.`,
  hours: counted('hour', 'hours'),
  minutes: counted('minute', 'minutes'),
  changedAt: ({ day, month, year, clock }) => `When: ${day} ${months[month]} ${year}, ${clock} UTC`,
  deletedAt: ({ day, month, year, clock }) =>
    `Deletion: ${day} ${months[month]} ${year}, ${clock} UTC`,
  changedBy: (device) => `Device: ${device}`,
}
