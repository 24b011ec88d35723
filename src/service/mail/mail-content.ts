// What a mail is about, without any words. `composeMail` makes the words, in the language of the
// reader. Nothing here was written by a stranger, except a few words about a device.

/** A code, and perhaps a link, for whoever reads the mails of an address. */
export interface CodeMail {
  /**
   * - `verify_email`: The address is to be confirmed.
   * - `reset_password`: The account gets a new password.
   * - `sign_in`: The code is used in place of a password.
   * - `change_email`: The address is to become that of an account.
   */
  readonly kind: 'verify_email' | 'reset_password' | 'sign_in' | 'change_email'
  /** Eight characters, without the hyphen. The mail shows them as `XXXX-XXXX`. */
  readonly code: string
  /** Where the code can be used without typing it. Undefined: the mail has the code only. */
  readonly link: string | undefined
  /** How long the code is good, in minutes. A part of a minute is left out. */
  readonly codeMinutes: number
  /** How long the link is good, in minutes. A part of a minute is left out. */
  readonly linkMinutes: number
}

/** An administrator has made an account for the reader. */
export interface InvitationMail {
  readonly kind: 'invitation'
  /** Where the reader sets a password. */
  readonly link: string
  /** How long the link is good, in minutes. A part of a minute is left out. */
  readonly linkMinutes: number
}

/**
 * - `password_changed`: The password of the account was changed.
 * - `new_device`: Somebody has logged in from a device that the account does not know.
 * - `deletion_planned`: The account will be deleted, unless its owner logs in before.
 * - `deletion_taken_back`: It will not be deleted, because somebody has used it.
 */
export interface ChangeMail {
  readonly kind: 'password_changed' | 'new_device' | 'deletion_planned' | 'deletion_taken_back'
  /** When it happened, or when it will be deleted. In seconds since 1970. */
  readonly at: number
  /** The device that asked for it, in the words of `describeDevice`. */
  readonly device: string | undefined
}

/** The account has another address by now. It goes to the one before. */
export interface EmailChangedMail {
  readonly kind: 'email_changed'
  /** When, in seconds since 1970. */
  readonly at: number
  /** The device that changed it, in the words of `describeDevice`. */
  readonly device: string | undefined
  /** Where the change is taken back. Undefined: it cannot be. */
  readonly link: string | undefined
  /** How long the link is good, in minutes. */
  readonly linkMinutes: number
}

/** Somebody tried to register with the address of an account, or to give it to another one. */
interface AccountExistsMail {
  readonly kind: 'account_exists'
}

/** What a mail is about. */
export type MailContent =
  | CodeMail
  | InvitationMail
  | ChangeMail
  | EmailChangedMail
  | AccountExistsMail
