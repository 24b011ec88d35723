// What the email of a new account may be. It is an address that can receive mail, without quotes
// and comments (RFC 5321 §4.1.2, RFC 6531 §3.3). It is stored as typed, and compared in one form.
// So no two accounts differ only in invisible characters or in the spelling of the domain. Older
// accounts may have any other spelling, and are found by what was typed.

import { byteLength } from '../../../crypto/utf8.ts'
import { decodePunycode } from './punycode.ts'

/** What the email of a new account must be, as a sentence for people. */
export const emailRule =
  'Give an email that can receive mail, such as ada@example.com. It has no quotes, brackets, spaces, invisible characters or special forms of letters. It has at most 254 bytes, and at most 64 of them before the @.'

/** The same, for an email that lacks only a dot in its domain. */
export const publicDomainRule = 'Give an email whose domain has a dot, such as ada@example.com.'

/** Whether the domains of emails need a dot. */
export type EmailDomains = 'public' | 'any'

/** An email of a new account. */
export interface Email {
  /** As typed, in NFC, without what a paste adds at its ends. */
  readonly email: string
  /** The form that is compared: lower-cased NFC, the domain in ASCII. */
  readonly emailNormalized: string
  /** The spellings that an account may store it in: see `emailSpellings`. */
  readonly spellings: readonly string[]
}

const maxBytes = 254
const maxLocalBytes = 64
/** Leaves room for what a paste adds. Keeps the work of the regular expressions below small. */
const maxTypedLength = 512

const pastedAtEnds = /^[\s\p{Cf}\p{DI}]+|[\s\p{Cf}\p{DI}]+$/gu
/** Letters and digits of all scripts, and what ASCII allows without quotes. */
const dotAtom =
  /^(?!\p{M})[\p{L}\p{M}\p{Nd}!#$%&'*+/=?^_`{|}~-]+(?:\.(?!\p{M})[\p{L}\p{M}\p{Nd}!#$%&'*+/=?^_`{|}~-]+)*$/u
/** The last four are signs that words of some languages need (RFC 5892 §2.6). */
const domainCharacters = /^[\p{L}\p{M}\p{N}.\-·・׳״]+$/u
/** Labels of letters and digits (RFC 5890 §2.3.1). The last begins with a letter: no IPv4 address. */
const asciiDomainForm = /^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*[a-z](?:[a-z\d-]{0,61}[a-z\d])?$/
/**
 * Letters that words of Thai, Lao and Armenian need. Every other letter that NFKC changes looks
 * like its result (`ﬁ`, `ａ`). Accounts with such letters would look alike.
 */
const neededForms = /[ำຳໜໝև]/g
/** Some invisible characters count as letters and marks. */
const invisible = /\p{DI}/u

/** The email in its forms, or undefined if a new account cannot have it. No I/O. */
export function parseEmail(typed: string, domains: EmailDomains): Email | undefined {
  if (typed.length > maxTypedLength) return undefined
  const email = typed.replace(pastedAtEnds, '').normalize('NFC')
  const [, local = '', typedDomain = ''] = /^([^@]+)@([^@]+)$/.exec(email) ?? []
  const domain = parseDomain(typedDomain)
  if (!domain || invisible.test(email) || !isLocalPart(local)) return undefined
  if (domains === 'public' && !domain.ascii.includes('.')) return undefined
  // Some letters with a mark are a single character only in lower case: `J̌` and `ǰ`.
  const compared = local.toLowerCase().normalize('NFC')
  const emailNormalized = `${compared}@${domain.ascii}`
  const bytes = Math.max(byteLength(email), byteLength(emailNormalized))
  if (bytes > maxBytes || !isLocalPart(compared)) return undefined
  const unicode = `${local.toLowerCase()}@${domain.unicode}`
  const spellings = [...new Set([earlierSpelling(typed), emailNormalized, unicode])]
  return { email, emailNormalized, spellings }
}

/** Whether a typed email could be one of a new account, if its domain had a dot. No I/O. */
export function isDotless(typed: string): boolean {
  return parseEmail(typed, 'any') !== undefined && parseEmail(typed, 'public') === undefined
}

/**
 * The spellings that an account may store a typed email in, the likeliest first. They are the
 * spelling of every version until 0.5, the form of new accounts, and the form with its domain in
 * Unicode. A text that no new account can have has only the first of them.
 */
export function emailSpellings(typed: string): readonly string[] {
  return parseEmail(typed, 'any')?.spellings ?? [earlierSpelling(typed)]
}

/** A typed email in the form that is compared, or as it is if no account can have it. */
export function comparedEmail(typed: string): string {
  return parseEmail(typed.trim(), 'any')?.emailNormalized ?? earlierSpelling(typed)
}

/** Checks the email as it is stored, and as it is compared. */
function isLocalPart(local: string): boolean {
  const others = local.replace(neededForms, '-')
  return (
    dotAtom.test(local) && byteLength(local) <= maxLocalBytes && others.normalize('NFKC') === others
  )
}

function earlierSpelling(typed: string): string {
  return typed.isWellFormed() ? typed.trim().normalize('NFC').toLowerCase() : ''
}

/**
 * Platforms differ in how they read labels that begin with `xn--`. So such a label must be what
 * `URL` makes of its decoded text. That text must consist of the same allowed characters.
 */
function parseDomain(typed: string): { ascii: string; unicode: string } | undefined {
  const ascii = asciiOf(typed)
  if (ascii === undefined || !asciiDomainForm.test(ascii)) return undefined
  const labels = ascii.split('.')
  const unicode = labels
    .map((label) => (label.startsWith('xn--') ? decodePunycode(label.slice(4)) : label))
    .join('.')
  return asciiOf(unicode) === ascii ? { ascii, unicode } : undefined
}

/** UTS 46, by the platform. Accepts only characters that have no other meaning in a URL. */
function asciiOf(domain: string): string | undefined {
  return domainCharacters.test(domain) ? URL.parse(`http://${domain}`)?.hostname : undefined
}
