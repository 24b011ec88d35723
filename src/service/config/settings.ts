// The table of settings: which values each takes. The table in docs/reference/settings.md is
// generated from it, and from scripts/docs/setting-meanings.ts.

import { byteLength } from '../../crypto/utf8.ts'
import type { Contract } from '../../errors/catalogue.ts'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { isAudience, parseIssuer } from '../../token/issuer.ts'
import { minSecretKeyBytes } from '../../token/key-set.ts'
import { parseSigningKeys } from '../../token/signing-key.ts'
import { maxTokenLifetimeSeconds } from '../../token/token-lifetime.ts'
import { parseDatabaseUrl } from './database-url.ts'
import { limitSettings } from './limit-settings.ts'
import { mailSettings } from './mail-settings.ts'
import { parseOrigins } from './origins.ts'
import { passwordSettings } from './password-settings.ts'
import { oneOf, type Setting, wholeNumber } from './setting-forms.ts'

/** How tokens reach clients and come back. */
export type TokenTransport = 'bearer' | 'cookie'

/**
 * REGISTRATION: who may register. `open` tells whether an email is taken, and `neutral` does not.
 * With `closed` nobody may.
 */
export type Registration = 'open' | 'neutral' | 'closed'

/** A client of the OAuth endpoints (RFC 6749 §2.3.1). */
export interface OAuthClient {
  readonly id: string
  readonly secret: string
}

/** Fewer different characters than this are a pattern, not a secret. */
const minDifferentCharacters = 8
/** Tutorials and examples have these, so every dictionary of attackers has them, too. */
const publishedSecretKeys = [
  'my_precious',
  'your-256-bit-secret',
  'a-string-secret-at-least-256-bits-long',
  'your-super-secret-jwt-token-with-at-least-32-characters-long',
]

/** All settings. */
export const settings = {
  ISSUER: {
    default: 'required',
    bounds: 'as `https://auth.example.com/auth` is written; `http:` on this machine',
    isRequired: true,
    parse: parseIssuer,
  },
  AUDIENCE: {
    default: 'the value of `ISSUER`',
    bounds: 'any text but `any`, on one line, of at most 256 characters, all of them visible',
    parse: parseAudience,
  },
  TURSO_DATABASE_URL: {
    default: 'required',
    bounds:
      '`libsql:` or `https:`; `http:` on this machine; on Deno also `file:` and the path of a file',
    isRequired: true,
    parse: parseDatabaseUrl,
  },
  TURSO_AUTH_TOKEN: {
    default: 'none',
    bounds: 'visible ASCII, without spaces',
    parse: parseAuthToken,
  },
  INSECURE_HTTP: {
    ...oneOf('refuse', 'allow'),
  },
  DATABASE_TIMEOUT_MS: {
    ...wholeNumber(5_000, 100, 30_000),
  },
  DATABASE_REPLICAS: {
    ...oneOf('absent', 'present'),
  },
  SECRET_KEY: {
    default: 'required',
    bounds: 'at least 32 bytes, random',
    isRequired: true,
    parse: parseSecretKey,
  },
  PREVIOUS_SECRET_KEY: {
    default: 'none',
    bounds: 'as `SECRET_KEY`, and not the same',
    parse: parseSecretKey,
  },
  SIGNING_KEYS: {
    default: 'none',
    bounds: 'as `portcullis keys generate` prints it',
    fallback: [],
    parse: parseSigningKeys,
  },
  ACCESS_TOKEN_LIFETIME_SECONDS: {
    ...wholeNumber(900, 1, maxTokenLifetimeSeconds),
  },
  SESSION_IDLE_LIFETIME_SECONDS: {
    ...wholeNumber(30 * 86_400, 60, 365 * 86_400),
  },
  SESSION_LIFETIME_SECONDS: {
    ...wholeNumber(90 * 86_400, 60, 5 * 365 * 86_400),
  },
  REFRESH_GRACE_SECONDS: {
    ...wholeNumber(30, 0, 60),
    default: '30, or `DATABASE_TIMEOUT_MS` + 10 s where that is longer',
    bounds: '`DATABASE_TIMEOUT_MS` + 10 s to 60',
    fallback: undefined,
  },
  MAX_SESSIONS_PER_USER: {
    ...wholeNumber(100, 1, 1_000),
  },
  SESSION_ADDRESSES: {
    ...oneOf('omit', 'keep'),
  },
  AUDIT_DETAILS_DAYS: {
    ...wholeNumber(30, 0, 400),
  },
  ACCOUNT_DELETION_DAYS: {
    ...wholeNumber(14, 0, 90),
  },
  TRUSTED_PROXIES: {
    ...wholeNumber(0, 0, 10),
  },
  TOKEN_TRANSPORT: {
    ...oneOf<TokenTransport>('bearer', 'cookie'),
  },
  OAUTH_CLIENTS: {
    default: 'none',
    bounds:
      'ids of letters, digits, `.`, `_` and `-`; secrets of at least 32 characters, without commas and spaces',
    fallback: [],
    parse: parseOAuthClients,
  },
  BCRYPT_COST: {
    ...wholeNumber(10, 4, 14),
  },
  ...passwordSettings,
  EMAIL_DOMAINS: {
    ...oneOf<'public' | 'any'>('public', 'any'),
  },
  REGISTRATION: {
    ...oneOf<Registration>('open', 'neutral', 'closed'),
  },
  CORS_ORIGINS: {
    default: 'none',
    bounds:
      'such as `https://app.example.com`, `https://*.example.com` (one label) or `capacitor://localhost`',
    fallback: [],
    parse: parseOrigins,
  },
  HTTP_CONTRACT: {
    ...oneOf<Contract>('classic', 'standard'),
  },
  ...mailSettings,
  ...limitSettings,
} satisfies Record<string, Setting<unknown>>

/** The name of a setting. */
export type SettingName = keyof typeof settings

type ValueOf<S extends Setting<unknown>> =
  Awaited<ReturnType<S['parse']>> extends Result<infer T, string>
    ? S extends { fallback: unknown } | { isRequired: true }
      ? T
      : T | undefined
    : never

/** Parsed settings by name. */
export type SettingValues = { readonly [N in SettingName]: ValueOf<(typeof settings)[N]> }

function parseAudience(text: string): Result<string, string> {
  if (text === 'any') return refuse('must not be any, because guards accept every audience then')
  return isAudience(text)
    ? succeed(text)
    : refuse('must be text on one line, of at most 256 characters, all of them visible')
}

/** The token becomes a header. */
function parseAuthToken(text: string): Result<string, string> {
  return /^[\x21-\x7e]+$/.test(text)
    ? succeed(text)
    : refuse('must be the token alone: visible ASCII, without spaces')
}

function parseSecretKey(text: string): Result<string, string> {
  if (/[^\P{Cc}\r\n]/u.test(text)) return refuse('must have no control characters except line ends')
  if (publishedSecretKeys.includes(text)) {
    return refuse('is a published example that everyone knows; make a random one')
  }
  if (byteLength(text) < minSecretKeyBytes) {
    return refuse('must have at least 32 bytes (RFC 7518 §3.2)')
  }
  return new Set(text).size < minDifferentCharacters || isRepeated(text)
    ? refuse('repeats a few characters; make a random one')
    : succeed(text)
}

/** Whether the text only repeats a part that is shorter than the shortest key. */
function isRepeated(text: string): boolean {
  const length = Math.min(text.length / 2, minSecretKeyBytes - 1)
  const periods = Array.from({ length }, (_, index) => index + 1)
  return periods.some((period) => text.startsWith(text.slice(period)))
}

const oauthClient = /^([\w.-]{1,128}):([\x21-\x2b\x2d-\x7e]{32,512})$/

function parseOAuthClients(text: string): Result<readonly OAuthClient[], string> {
  const clients = text.split(',').map((entry) => {
    const [, id = '', secret = ''] = oauthClient.exec(entry.trim()) ?? []
    return { id, secret }
  })
  if (clients.some(({ id }) => id === '')) {
    return refuse(
      'must be id:secret pairs, separated by commas, with secrets of at least 32 characters',
    )
  }
  return new Set(clients.map(({ id }) => id)).size === clients.length
    ? succeed(clients)
    : refuse('must not give two clients the same id')
}
