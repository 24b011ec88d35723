// What the pages have to say in each language. A language is one value of `PageTexts`. The compiler
// finds a sentence that is missing. Sentences are plain text: the pages escape them.

import type { PasswordFault } from '../../domain/identity/password-policy.ts'

/** What the pages of one flow say. */
export interface FlowTexts {
  /** The heading of its forms. */
  readonly heading: string
  /** Before the form for the email. If there is none: where to find the link. */
  readonly askIntro: string
  /** Before the form that the link of a mail leads to. */
  readonly linkIntro: string
  /** The button that completes it. */
  readonly finish: string
  /** The heading of the last page. */
  readonly doneHeading: string
}

/** What was done, as `/account?done=…` names it. */
export type Done =
  | 'kept'
  | 'refused'
  | 'mail'
  | 'newEmail'
  | 'logout'
  | 'ended'
  | 'others'
  | 'password'
  | 'gone'
  | 'deleted'

/** What the page of the account says. */
interface AccountTexts {
  readonly heading: string
  readonly forgot: string
  readonly byCode: string
  readonly unproved: string
  /** The button that mails the link of the proof again. */
  readonly sendLink: string
  readonly logOut: string
  readonly logOutOthers: string
  readonly logOutEverywhere: string
  readonly changePassword: string
  readonly changeEmail: string
  readonly newEmail: string
  readonly currentPassword: string
  /** Where there is no password to prove the login with. */
  readonly logInAgain: string
  readonly download: string
  readonly remove: string
  /** When it is deleted. With 0 days, that is at once. */
  readonly removal: (days: number) => string
  /** The label of the checkbox. */
  readonly sure: string
  readonly notSure: string
  /** The heading of the table, and those of its columns. */
  readonly sessions: string
  readonly device: string
  readonly begun: string
  readonly used: string
  readonly current: string
  /** The session has expired, and a button goes on with it. */
  readonly goOn: string
  readonly done: Readonly<Record<Done, string>>
  /** What else a reason is called. */
  readonly refusals: Readonly<Partial<Record<string, string>>>
}

/** All sentences of a language. */
export interface PageTexts {
  readonly account: AccountTexts
  readonly reset: FlowTexts
  readonly login: FlowTexts
  readonly verify: FlowTexts
  readonly newEmail: FlowTexts
  readonly undo: FlowTexts
  readonly invitation: FlowTexts
  /** On the last page of a new password. */
  readonly loggedOutEverywhere: string
  /** On the last page of a login or a proof that has removed the password from before. */
  readonly passwordRemoved: string
  /** On the last page of an undo. */
  readonly codeForPassword: string
  /** On the last page of an invitation, where tokens do not travel in cookies. */
  readonly logInNow: string
  /** Before the form for a code, whether there is an account or not. */
  readonly codeOnItsWay: (minutes: number) => string
  /** The button that asks for a code. */
  readonly ask: string
  /** The link to ask for another code. */
  readonly askAgain: string
  readonly email: string
  readonly code: string
  /** What a code looks like. */
  readonly codeHint: string
  readonly password: string
  readonly newPassword: string
  readonly passwordHint: (minLength: number, refusesCommon: boolean) => string
  /** Begins the title of a page that has refused something, and ends with a colon. */
  readonly problem: string
  /** The heading of what has to be corrected. */
  readonly correctThis: string
  readonly emailMissing: string
  readonly codeMissing: string
  readonly codeWrong: string
  readonly linkWrong: string
  /** After `linkWrong`, where the page mails links. */
  readonly askHere: string
  /** Why the password of an account that nobody has proved is asked for. */
  readonly passwordRefusals: Readonly<Record<'password_needed' | 'password_wrong', string>>
  readonly emailTaken: string
  /** Who has not registered removes the password of whoever has. The button, and what it does. */
  readonly notMine: string
  readonly notMineIntro: string
  readonly passwordMissing: string
  readonly passwordTooLong: string
  /** Why a new password is not good enough, and what would do. */
  readonly passwordFaults: Readonly<Record<Exclude<PasswordFault, 'short'>, string>> & {
    readonly short: (minLength: number) => string
  }
  /** The form is not one that this browser got a short while ago. */
  readonly formExpired: string
  readonly tooMany: string
  readonly unavailable: string
  readonly failedHeading: string
  readonly failed: string
  readonly notFoundHeading: string
  readonly notFound: string
}
