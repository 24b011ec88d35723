// What a new password must not be (ASVS 5.0 6.2.1, 6.2.4, 6.2.5; NIST SP 800-63B-4 §3.1.1.2). There
// are no rules about kinds of characters, and nothing is cut. Logins never ask: see identity.ts.

import type { PasswordPolicy } from '../../config/password-settings.ts'
import { comparedPassword, isCommonPassword } from './is-common-password.ts'
import { decodePunycode } from './punycode.ts'

/** Whose password it is, and of which service. */
interface PasswordContext {
  /** The email as it is compared: `emailNormalized`. Default: not known. */
  readonly email?: string | undefined
  /** The URL of the service. Default: not known. */
  readonly issuer?: string | undefined
}

/** Shorter parts of names are in too many good passwords. */
const minPartCharacters = 4
/** A password needs so many characters besides the user's and the service's names. */
const minOtherCharacters = 4
/** What separates the parts of names. They are no characters of its own. */
const separators = /[\s.@+_-]+/g
const maxRepeatedCharacters = 4
const ownNames = ['portcullis']
const cure = 'Choose another one, such as four words that do not belong together.'

/**
 * Why the policy refuses a password, and what would do, as a sentence for people. Undefined for a
 * good one. The sentence never has the password. It names the first problem: the length, the 3,000
 * commonest, one to four characters over and over, or the email and the service's name. Only the
 * length counts where the policy does not refuse common ones. No I/O.
 *
 * @param password in its normal form, as `parsePassword` gives it
 */
export function passwordProblem(
  { minLength, refusesCommon }: PasswordPolicy,
  password: string,
  context: PasswordContext,
): string | undefined {
  if (Array.from(password).length < minLength) {
    return `Give a password of at least ${minLength} characters.`
  }
  if (!refusesCommon) return undefined
  if (isCommonPassword(password)) {
    return `This password is one of the commonest, which attackers try first. ${cure}`
  }
  const compared = comparedPassword(password)
  if (isRepetition(compared)) {
    return `This password only repeats a few characters, so it is easy to guess. ${cure}`
  }
  return isMadeOf(compared, namesIn(context))
    ? `This password is made of your email or the name of this service, so it is easy to guess. ${cure}`
    : undefined
}

/** Whether one to four characters come over and over. The last time may be cut. */
function isRepetition(password: string): boolean {
  const characters = Array.from(password)
  const lengths = Array.from({ length: maxRepeatedCharacters }, (_, index) => index + 1)
  return lengths.some((length) =>
    characters.every((character, index) => character === characters[index % length]),
  )
}

/** Whether it has one of the names, and too few characters are left without them. */
function isMadeOf(password: string, names: readonly string[]): boolean {
  // A space in the place of a name, so that its neighbours do not make another one.
  const rest = names.reduce((left, name) => left.replaceAll(name, ' '), password)
  const others = Array.from(rest.replace(separators, ''))
  return rest !== password && others.length < minOtherCharacters
}

/** The names that a guess begins with, the longest first. */
function namesIn({ email = '', issuer = '' }: PasswordContext): readonly string[] {
  const [local = '', domain = ''] = email.split('@')
  const host = URL.parse(issuer)?.hostname ?? ''
  const wholes = [...ownNames, email, ...domainsOf(domain), ...domainsOf(host)]
  const parts = [local, ...labelsOf(domain), ...labelsOf(host)].flatMap(partsOf)
  const names = new Set([...wholes, ...parts].map(comparedPassword).filter(isLongEnough))
  return [...names].sort((one, other) => other.length - one.length)
}

/** The domain, and those above it, such as `example.com` for `mail.example.com`; not `com`. */
function domainsOf(domain: string): readonly string[] {
  const labels = domain.split('.')
  const above = labels.slice(1, -1).map((_, index) => labels.slice(index + 1).join('.'))
  return [domain, ...above]
}

/** The labels of a domain without the last, as people write them. `localhost` is its only label. */
function labelsOf(domain: string): readonly string[] {
  const labels = domain.split('.')
  return labels
    .slice(0, Math.max(1, labels.length - 1))
    .map((label) => (label.startsWith('xn--') ? (decodePunycode(label.slice(4)) ?? label) : label))
}

/** A name as a whole, and what its dots, pluses and dashes separate. */
function partsOf(name: string): readonly string[] {
  return [name, ...name.split(/[^\p{L}\p{M}\p{N}]+/u)]
}

function isLongEnough(name: string): boolean {
  return Array.from(name).length >= minPartCharacters
}
