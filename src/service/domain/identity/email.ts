// What may be the email of a new account: what can be mailed, without quotes and comments (RFC 5321
// §4.1.2, RFC 6531 §3.3). It is stored as typed, and compared in one form, so that no two accounts
// have addresses that look alike by invisible characters or by the spelling of the domain.
// Accounts from before have any other spelling: they are found by what was typed.

import { byteLength } from '../../../crypto/utf8.ts'
import { decodePunycode } from './punycode.ts'

/** What the email of a new account must be, in words for whoever gives one. */
export const emailRule =
  'Give an email that can receive mail, such as ada@example.com. It has no quotes, brackets, spaces, invisible characters or special forms of letters, and at most 254 bytes, 64 of them before the @.'

/** The same, where nothing but a dot in the domain is missing. */
export const publicDomainRule = 'Give an email whose domain has a dot, such as ada@example.com.'

/** Whether the domains of emails need a dot. */
export type EmailDomains = 'public' | 'any'

/** An email of a new account. */
export interface Email {
  /** As typed, in NFC, without what a paste brings. */
  readonly email: string
  /** What makes two emails the same: lower-cased NFC, the domain in ASCII. */
  readonly emailNormalized: string
  /** What an account may have it stored as: see `emailSpellings`. */
  readonly spellings: readonly string[]
}

const maxBytes = 254
const maxLocalBytes = 64
/** Room for what a paste brings. Keeps the work of the expressions below small. */
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
 * Letters that words of Thai, Lao and Armenian need. All others that NFKC changes look like what it
 * makes of them (`ﬁ`, `ａ`), so that accounts with them would look alike.
 */
const neededForms = /[ำຳໜໝև]/g
/** Some of them are letters and marks. */
const invisible = /\p{DI}/u

/** The email in its forms, or undefined where it cannot be one of a new account. No I/O. */
export function parseEmail(typed: string, domains: EmailDomains): Email | undefined {
  if (typed.length > maxTypedLength) return undefined
  const email = typed.replace(pastedAtEnds, '').normalize('NFC')
  const [, local = '', typedDomain = ''] = /^([^@]+)@([^@]+)$/.exec(email) ?? []
  const domain = parseDomain(typedDomain)
  if (!domain || invisible.test(email) || !isLocalPart(local)) return undefined
  if (domains === 'public' && !domain.ascii.includes('.')) return undefined
  // Some letters with a mark are one character in lower case only: `J̌` and `ǰ`.
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
 * What the account of a typed email may be stored as, the likeliest first: as every version until
 * 0.5 stored it, in the form of new accounts, and with its domain in Unicode. Anything goes: what is
 * no email is nobody's.
 */
export function emailSpellings(typed: string): readonly string[] {
  return parseEmail(typed, 'any')?.spellings ?? [earlierSpelling(typed)]
}

/** Of the email as it is stored, and as it is compared. */
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
 * Platforms differ in what they say of labels that begin with `xn--`. So they must be what `URL`
 * makes of the text behind them, and that text must be made of the same characters.
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

/** UTS 46, by the platform. Only with characters that mean nothing else in a URL. */
function asciiOf(domain: string): string | undefined {
  return domainCharacters.test(domain) ? URL.parse(`http://${domain}`)?.hostname : undefined
}
