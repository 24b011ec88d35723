// What a family of stored password hashes is: how its text is read, and how a password is verified.

import type { Result } from '../../../../errors/reasons.ts'

/** Why a hash could not be verified now. It is a refusal: nobody logs in. */
export interface HashProblem {
  /** A sentence for the log. It has nothing of the hash or the password. */
  readonly problem: string
}

/** A stored hash that was read, and is within the bounds of its family. */
export interface StoredHash {
  /**
   * Whether `password` is the one behind the hash, or why that cannot be found out now. A throw is
   * taken for a hash that cannot be verified, and its error is not logged. Takes about a second of
   * processor time at most, and bcrypt of cost 15 two or three. Without this function, the form is
   * known and cannot be verified here.
   */
  readonly verify?: (password: string) => Promise<boolean | HashProblem>
  /** Its cost, if it is a bcrypt hash. Up to BCRYPT_COST, a login does as much work as with others. */
  readonly bcryptCost?: number
  /** What has to be added so that the hash can be verified, for people. */
  readonly needs?: string
}

/** A form in which a system stores password hashes. */
export interface PasswordHashFamily {
  /** Its name in logs and reports: short, without spaces. */
  readonly name: string
  /**
   * Reads a stored text of at most 512 characters. Undefined if it is of another family. The error
   * is a sentence that says what is wrong and what is possible. It has numbers of the hash, and
   * nothing else of it. A throw is taken for a hash that cannot be verified.
   */
  readonly parse: (text: string) => Result<StoredHash, string> | undefined
}
