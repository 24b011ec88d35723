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
/** A password is no order of characters if more such runs are in it. */
const maxRuns = 2
const ownNames = ['portcullis']
/** What is wrong with a new password. `own_name`: it is made of the user's or the service's name. */
export type PasswordFault = 'short' | 'common' | 'ordered' | 'own_name' | 'breached'

const cure = 'Choose another one, such as four words that do not belong together.'

/**
 * Why the policy refuses a password. Undefined for a good one. It names the first problem: the
 * length, the list of common ones, a repetition or an order, or the email and the service's name.
 * Only the length counts where the policy does not refuse common ones. Never 'breached'. No I/O.
 *
 * @param password in its normal form, as `parsePassword` gives it
 */
export function passwordFault(
  { minLength, refusesCommon }: PasswordPolicy,
  password: string,
  context: PasswordContext,
): PasswordFault | undefined {
  if (Array.from(password).length < minLength) return 'short'
  if (!refusesCommon) return undefined
  if (isCommonPassword(password)) return 'common'
  const compared = comparedPassword(password)
  if (isRepetition(compared) || isOrder(compared)) return 'ordered'
  return isMadeOf(compared, namesIn(context)) ? 'own_name' : undefined
}

/** As `passwordFault`, but a sentence for people, which says what would do. Never the password. */
export function passwordProblem(
  policy: PasswordPolicy,
  password: string,
  context: PasswordContext,
): string | undefined {
  const fault = passwordFault(policy, password, context)
  return fault && passwordSentence(fault, policy)
}

/** What is wrong with a new password, and what would do, as a sentence for people. */
export function passwordSentence(
  fault: PasswordFault,
  { minLength }: Pick<PasswordPolicy, 'minLength'>,
): string {
  if (fault === 'short') return `Give a password of at least ${minLength} characters.`
  return faultSentences[fault]
}

/** The sentence of each fault that has one for all policies. */
export const faultSentences: Readonly<Record<Exclude<PasswordFault, 'short'>, string>> = {
  common: `This password is one of the commonest, which attackers try first. ${cure}`,
  ordered: `This password only repeats some characters, or has them in order, so it is easy to guess. ${cure}`,
  own_name: `This password is made of your email or the name of this service, so it is easy to guess. ${cure}`,
  breached:
    'This password was in a data breach of another service, so attackers know it. Choose another one that you use nowhere else.',
}

/** Whether its beginning, up to half of it, comes over and over. The last time may be cut. */
function isRepetition(password: string): boolean {
  for (let unit = 1; unit <= password.length / 2; unit += 1) {
    if (password.startsWith(password.slice(unit))) return true
  }
  return false
}

/**
 * Whether it is nothing, or one or two runs. In a run each character is one up from the last, or
 * each one down, or each the same: `abcdefgh`, `90123210`, `aaaa1234`.
 */
function isOrder(password: string): boolean {
  const characters = Array.from(password)
  let runs = 1
  let direction: number | undefined
  for (const [index, next] of characters.slice(1).entries()) {
    const step = stepBetween(characters[index] ?? '', next)
    const goesOn = Math.abs(step) <= 1 && step === (direction ?? step)
    direction = goesOn ? step : undefined
    if (!goesOn) runs += 1
  }
  return runs <= maxRuns
}

/** How far up the second character is in Unicode. From 9 to 0 is a step up, as on keyboards. */
function stepBetween(one: string, next: string): number {
  if (one === '9' && next === '0') return 1
  if (one === '0' && next === '9') return -1
  return (next.codePointAt(0) ?? 0) - (one.codePointAt(0) ?? 0)
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
