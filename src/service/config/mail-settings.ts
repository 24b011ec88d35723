// The settings for mail, and for the codes that it carries.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { unseen } from '../../token/issuer.ts'
import { isInsecureUrl } from '../../token/loopback.ts'
import { oneOf, wholeNumber } from './setting-forms.ts'
import { parseSmtpUrl } from './smtp-url.ts'

/** MAILER: what sends mail. */
export type MailerName = 'none' | 'http' | 'cloudflare' | 'smtp' | 'custom'

/**
 * REQUIRE_VERIFIED_EMAIL: `claims` puts `email_verified` into every access token. With `login`,
 * sessions also begin only after somebody has proved the email.
 */
export type VerifiedEmail = 'off' | 'claims' | 'login'

/** How long the codes that are mailed are good, in seconds. */
export interface CodeLifetimes {
  /** CODE_LIFETIME_SECONDS: of the eight characters, from 60 to 600. Default: 600. */
  readonly codeSeconds: number
  /** RESET_LINK_LIFETIME_SECONDS: of a link that sets a password, up to a day. Default: 3,600. */
  readonly resetLinkSeconds: number
}

/** Who mail is from. */
export interface MailSender {
  /** A name for people, on one line. */
  readonly name: string | undefined
  /** A plain address: `auth@example.com`. */
  readonly address: string
}

/** Where mail is sent over HTTP. */
export interface MailApi {
  /** Takes mail by POST, in the form of Resend. */
  readonly url: string
  /** The bearer token for it. A secret. */
  readonly key: string | undefined
}

/** Part of the table of settings. */
export const mailSettings = {
  MAILER: {
    ...oneOf<MailerName>('none', 'http', 'cloudflare', 'smtp', 'custom'),
  },
  MAIL_FROM: {
    default: 'none',
    bounds: 'as `auth@example.com` or `Example <auth@example.com>` is written',
    parse: parseSender,
  },
  MAIL_API_URL: {
    default: '`https://api.resend.com/emails`',
    bounds: '`https:`; `http:` on this machine',
    fallback: 'https://api.resend.com/emails',
    parse: parseMailApiUrl,
  },
  MAIL_API_KEY: {
    default: 'none',
    bounds: 'visible ASCII, without spaces',
    parse: parseMailApiKey,
  },
  SMTP_URL: {
    default: 'none',
    bounds: 'as `smtps://user:password@smtp.example.com` is written; implicit TLS, port 465',
    parse: parseSmtpUrl,
  },
  ACCOUNT_PAGES_URL: {
    default: 'none',
    bounds: '`https:`; `http:` on this machine',
    parse: parsePagesUrl,
  },
  REQUIRE_VERIFIED_EMAIL: {
    ...oneOf<VerifiedEmail>('off', 'claims', 'login'),
  },
  NEW_DEVICE_MAILS: {
    ...oneOf('send', 'off'),
  },
  CODE_LIFETIME_SECONDS: {
    ...wholeNumber(600, 60, 600),
  },
  RESET_LINK_LIFETIME_SECONDS: {
    ...wholeNumber(3_600, 60, 86_400),
  },
}

const maxNameCharacters = 64
const senderForm = /^(?:(?<name>[^<>]*?)\s*<(?<inside>[^<>]*)>|(?<alone>[^<>]*))$/
/** ASCII, so that every mail server takes it. */
const addressForm = /^[\w.+-]{1,64}@(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*[a-z\d-]{1,63}$/i

function parseSender(text: string): Result<MailSender, string> {
  const { name = '', inside, alone } = senderForm.exec(text)?.groups ?? {}
  const address = (inside ?? alone ?? '').trim()
  const plainName = name.replace(/^"(.*)"$/, '$1').trim()
  if (unseen.test(text) || plainName.length > maxNameCharacters || !addressForm.test(address)) {
    return refuse(
      'must be an address, such as auth@example.com, or a name of at most 64 characters and an address, such as Example <auth@example.com>',
    )
  }
  return succeed({ name: plainName || undefined, address })
}

function parseMailApiUrl(text: string): Result<string, string> {
  return parsePlainUrl(text, 'https://api.resend.com/emails', 'the key and the mail')
}

function parsePagesUrl(text: string): Result<string, string> {
  const url = parsePlainUrl(text, 'https://app.example.com/account', 'codes')
  return url.ok ? succeed(url.value.replace(/\/+$/, '')) : url
}

/** A URL without user, query and fragment. Plain HTTP is for this machine. */
function parsePlainUrl(text: string, example: string, carried: string): Result<string, string> {
  const url = URL.parse(text)
  if (!url || !['https:', 'http:'].includes(url.protocol) || /[@?#\s]/.test(text)) {
    return refuse(`must be a URL such as ${example}, without user, query and fragment`)
  }
  return isInsecureUrl(text)
    ? refuse(`must be https:, because ${carried} can be read on the way; http: is for this machine`)
    : succeed(url.href)
}

function parseMailApiKey(text: string): Result<string, string> {
  return /^[\x21-\x7e]+$/.test(text)
    ? succeed(text)
    : refuse('must be the key alone: visible ASCII, without spaces')
}
