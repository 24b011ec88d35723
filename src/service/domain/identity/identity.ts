// What may be an email and a password here, and in which form they are used: normalised once,
// checked once, in this order. Both rules are for registering; at login whatever does not fit them
// is simply not an account.

import { byteLength } from '../../../crypto/utf8.ts'

const maxEmailBytes = 254
const maxPasswordBytes = 1_024

/** An email as typed and as compared. */
export interface Email {
  /** Trimmed, NFC. */
  readonly email: string
  /** Lower-cased: what makes two emails the same. */
  readonly emailNormalized: string
}

/** The email in its forms, or undefined when it cannot be one. */
export function parseEmail(typed: string): Email | undefined {
  const email = typed.trim().normalize('NFC')
  const hasOneAt = /^[^@]+@[^@]+$/.test(email)
  const hasSpaceOrControl = /[\s\p{Z}\p{Cc}]/u.test(email)
  if (
    !email.isWellFormed() ||
    !hasOneAt ||
    hasSpaceOrControl ||
    byteLength(email) > maxEmailBytes
  ) {
    return undefined
  }
  return { email, emailNormalized: email.toLowerCase() }
}

/** The password in its normal form, or undefined when no account can have it. */
export function parsePassword(typed: string): string | undefined {
  const password = typed.normalize('NFC')
  const fits =
    password !== '' && password.isWellFormed() && byteLength(password) <= maxPasswordBytes
  return fits ? password : undefined
}

/** Whether a password has the least length, in characters (code points, as people count them). */
export function isLongEnough(password: string, minLength: number): boolean {
  return Array.from(password).length >= minLength
}

/** A role: what a scope may be called (RFC 6749 §3.3), in letters, digits and `:._-`. */
export function isRole(text: string): boolean {
  return /^[A-Za-z0-9:._-]{1,64}$/.test(text)
}
