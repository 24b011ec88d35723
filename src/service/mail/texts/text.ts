// What has to be said in each language. A language is one value of `MailTexts`. The compiler finds
// a sentence that is missing. Sentences are plain text: `composeMail` escapes them for HTML.

/** What every kind of mail says. */
interface MailWords {
  /** The subject, and the heading. One line. */
  readonly subject: string
  /** Why this mail was sent. Programs for mail show it beside the subject. */
  readonly happened: string
  /** What to do if it was somebody else. */
  readonly otherwise: string
}

/** What a mail with a code says. */
interface CodeWords extends MailWords {
  /** Comes before the code, and ends with a colon. */
  readonly enterCode: string
  /** What the link does, in two to four words. */
  readonly linkLabel: string
}

/** What a mail without a code says. */
interface NoticeWords extends MailWords {
  /** What to do if it was the reader. */
  readonly todo: string
}

/** What a notice says that may have a link. */
interface UndoWords extends NoticeWords {
  /** What the link does, in two to four words. */
  readonly linkLabel: string
  /** What to do if it was somebody else, and there is no link. */
  readonly withoutLink: string
}

/** What an invitation says. */
interface InvitationWords extends MailWords {
  /** What the link does, in two to four words. */
  readonly linkLabel: string
  /** Comes before the link in full, and ends with a colon. */
  readonly openLink: string
  /** What to do when the link is no longer good. */
  readonly afterwards: string
}

/** An instant in UTC, in parts. */
export interface MailTime {
  /** From 1 to 31. */
  readonly day: number
  /** From 0 to 11. */
  readonly month: number
  /** Four digits. */
  readonly year: number
  /** Hour and minute: `04:35`. */
  readonly clock: string
}

/** All sentences of a language. `service` is the name of the service. */
export interface MailTexts {
  readonly verify_email: (service: string) => CodeWords
  readonly reset_password: (service: string) => CodeWords
  readonly sign_in: (service: string) => CodeWords
  readonly change_email: (service: string) => CodeWords
  readonly invitation: (service: string) => InvitationWords
  readonly password_changed: (service: string) => NoticeWords
  readonly new_device: (service: string) => NoticeWords
  readonly email_changed: (service: string) => UndoWords
  readonly deletion_planned: (service: string) => NoticeWords
  readonly deletion_taken_back: (service: string) => NoticeWords
  readonly account_exists: (service: string) => NoticeWords
  /** How long the code is good, and that it is for nobody else. */
  readonly codeIsGood: (duration: string) => string
  /** Comes before the link in full, and ends with a colon. */
  readonly openLink: string
  /** How long the link is good. */
  readonly linkIsGood: (duration: string) => string
  /** A number of hours, as it follows `codeIsGood`: "1 hour". */
  readonly hours: (count: number) => string
  /** A number of minutes, likewise. */
  readonly minutes: (count: number) => string
  /** When it happened. */
  readonly changedAt: (time: MailTime) => string
  /** When the account will be deleted. */
  readonly deletedAt: (time: MailTime) => string
  /** Which device asked for it. The name is in English: "Firefox on Windows". */
  readonly changedBy: (device: string) => string
}

/** A count in a language with one plural: `counted('hour', 'hours')(2)` is "2 hours". */
export function counted(one: string, more: string): (count: number) => string {
  return (count) => `${count} ${count === 1 ? one : more}`
}
