// What any password and role may be. At login, a password that does not fit belongs to no account.
// What a new password must not be is in password-policy.ts.

import { byteLength } from '../../../crypto/utf8.ts'

const maxPasswordBytes = 1_024
/**
 * How many roles an account may have, and how many characters in all, with a space between two
 * roles.
 */
export const maxRoles = 64
export const maxRolesCharacters = 1_000

/** What a password must be, as a sentence for people. */
export const passwordRule = 'Give a password of 1 to 1,024 bytes of Unicode text.'

/** The password in its normal form, or undefined when no account can have it. */
export function parsePassword(typed: string): string | undefined {
  const password = typed.normalize('NFC')
  const fits =
    password !== '' && password.isWellFormed() && byteLength(password) <= maxPasswordBytes
  return fits ? password : undefined
}

/**
 * Whether the text is a role: a scope name (RFC 6749 §3.3) of 1 to 64 letters, digits and `:._-`.
 */
export function isRole(text: string): boolean {
  return /^[A-Za-z0-9:._-]{1,64}$/.test(text)
}

/**
 * Whether an account may have all these roles, each named once. Then a token has room for them. It
 * also has room for an issuer and an audience of 256 characters each, and for 500 characters of a
 * claims hook.
 */
export function isRoleListShort(roles: readonly string[]): boolean {
  return roles.length <= maxRoles && roles.join(' ').length <= maxRolesCharacters
}
