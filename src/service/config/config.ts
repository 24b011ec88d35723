// The configuration of a service, and the part of it that its functions see. Both come from the
// settings.

import type { Contract } from '../../errors/catalogue.ts'
import type { SigningJwk } from '../../token/signing-key.ts'
import type { Limits } from './limit-settings.ts'
import type {
  CodeLifetimes,
  MailApi,
  MailerName,
  MailSender,
  VerifiedEmail,
} from './mail-settings.ts'
import type { PasswordPolicy } from './password-settings.ts'
import type { OAuthClient, Registration, TokenTransport } from './settings.ts'
import type { SmtpServer } from './smtp-url.ts'

/** How the service behaves: the settings that its functions need. None of them is a secret. */
export interface ServiceSettings {
  /** The `iss` of every token: the URL of the service. Required. */
  readonly issuer: string
  /** The `aud` of every token. Default: the issuer. */
  readonly audience: string
  /**
   * How long an access token is valid, unless its session ends earlier. In seconds, from 1 to
   * 86,400. Default: 900.
   */
  readonly accessTokenLifetimeSeconds: number
  /**
   * How long a session lives without a refresh. In seconds, from 60 s to 365 days. Default: 30
   * days.
   */
  readonly sessionIdleLifetimeSeconds: number
  /** How long a session lives in all. In seconds, from 60 s to 1,825 days. Default: 90 days. */
  readonly sessionLifetimeSeconds: number
  /**
   * The grace window: how long after its replacement a refresh token gives the same successor. In
   * seconds, at most 60, and at least the database's timeout plus 10 s. Default: 30, or that least
   * if it is longer.
   */
  readonly refreshGraceSeconds: number
  /** How many sessions of one account live at once, from 1 to 1,000. Default: 100. */
  readonly maxSessionsPerUser: number
  /** Whether sessions keep the address that the login came from. Default: false. */
  readonly keepsSessionAddresses: boolean
  /**
   * How long the audit keeps the address and the device of an event, in days, from 0 to 400. 0
   * keeps none. Default: 30.
   */
  readonly auditDetailsDays: number
  /**
   * How long an account stays after its owner has asked to delete it, in days, from 0 to 90. 0
   * deletes at once. Default: 14.
   */
  readonly accountDeletionDays: number
  /** Whether tokens travel in bodies and headers, or in cookies. Default: `'bearer'`. */
  readonly tokenTransport: TokenTransport
  /** What a new password must be. Default: at least 8 characters, and not a common one. */
  readonly passwordPolicy: PasswordPolicy
  /** Whether the domains of new emails need a dot. Default: `'public'`, which needs one. */
  readonly emailDomains: 'public' | 'any'
  /** Who may register, and what they are told. Default: `'open'`. */
  readonly registration: Registration
  /**
   * The origins whose pages may call the service (CORS). `https://*.example.com` means each host
   * one label below that domain. Default: none.
   */
  readonly corsOrigins: readonly string[]
  /** Which sentences and statuses clients see. Default: `'classic'`. */
  readonly contract: Contract
  /** How much is let through, of passwords for an account for example. */
  readonly limits: Limits
  /** MAIL_FROM: who mail is from. Default: none, and no mail is sent. */
  readonly mailFrom: MailSender | undefined
  /**
   * Whether access tokens have the claim `email_verified`, and whether a login needs a proved
   * email. Default: `'off'`, which means neither.
   */
  readonly requireVerifiedEmail: VerifiedEmail
  /**
   * Whether a mail tells the owner of an account about a login from a new device. Default: true. It
   * needs a mailer.
   */
  readonly sendsNewDeviceMails: boolean
  /** How long the codes that are mailed are good. */
  readonly codeLifetimes: CodeLifetimes
  /** ACCOUNT_PAGES_URL: the pages that links in mails lead to. Default: the service's own pages. */
  readonly accountPagesUrl: string | undefined
}

/** Everything that can be set. */
export interface Config extends ServiceSettings {
  /** TURSO_DATABASE_URL: a `libsql:`, `https:`, `http:` or `file:` URL. Required. */
  readonly databaseUrl: string
  /** TURSO_AUTH_TOKEN. A secret. Default: none. */
  readonly databaseAuthToken: string | undefined
  /**
   * INSECURE_HTTP: whether issuer and database may be plain HTTP on other machines. Default: false.
   */
  readonly allowsInsecureHttp: boolean
  /**
   * How long the database may take to answer, in milliseconds, from 100 to 30,000. Default: 5,000.
   */
  readonly databaseTimeoutMs: number
  /** Whether reads may reach a replica. Default: false. */
  readonly databaseHasReplicas: boolean
  /** SECRET_KEY: at least 32 bytes. A secret. Required. */
  readonly secretKey: string
  /** PREVIOUS_SECRET_KEY: the earlier key, which only verifies. A secret. Default: none. */
  readonly previousSecretKey: string | undefined
  /** SIGNING_KEYS: the private keys. Secrets. Default: none, so that SECRET_KEY signs. */
  readonly signingKeys: readonly SigningJwk[]
  /**
   * TRUSTED_PROXIES: how many proxies stand before the service, on Deno, from 0 to 10. Default: 0.
   */
  readonly trustedProxies: number
  /** OAUTH_CLIENTS: the clients that may introspect. Secrets. Default: none. */
  readonly oauthClients: readonly OAuthClient[]
  /** The base-2 logarithm of bcrypt's rounds, from 4 to 14. Default: 10. */
  readonly bcryptCost: number
  /**
   * PASSWORD_BREACH_URL: who is asked whether a new password was in a data breach. Default: nobody,
   * as PASSWORD_BREACH_CHECK=off.
   */
  readonly passwordBreachUrl: string | undefined
  /** MAILER: what sends mail. Default: `'none'`. */
  readonly mailer: MailerName
  /** Where `MAILER=http` sends mail: MAIL_API_URL, and MAIL_API_KEY, a secret. */
  readonly mailApi: MailApi
  /** SMTP_URL: where `MAILER=smtp` sends mail. Its password is a secret. Default: none. */
  readonly smtpServer: SmtpServer | undefined
}

/** The part of the configuration that the functions of the service get. It has no secrets. */
export function serviceSettingsOf(config: Config): ServiceSettings {
  return {
    issuer: config.issuer,
    audience: config.audience,
    accessTokenLifetimeSeconds: config.accessTokenLifetimeSeconds,
    sessionIdleLifetimeSeconds: config.sessionIdleLifetimeSeconds,
    sessionLifetimeSeconds: config.sessionLifetimeSeconds,
    refreshGraceSeconds: config.refreshGraceSeconds,
    maxSessionsPerUser: config.maxSessionsPerUser,
    keepsSessionAddresses: config.keepsSessionAddresses,
    auditDetailsDays: config.auditDetailsDays,
    accountDeletionDays: config.accountDeletionDays,
    tokenTransport: config.tokenTransport,
    passwordPolicy: config.passwordPolicy,
    emailDomains: config.emailDomains,
    registration: config.registration,
    corsOrigins: config.corsOrigins,
    contract: config.contract,
    limits: config.limits,
    mailFrom: config.mailFrom,
    requireVerifiedEmail: config.requireVerifiedEmail,
    sendsNewDeviceMails: config.sendsNewDeviceMails,
    codeLifetimes: config.codeLifetimes,
    accountPagesUrl: config.accountPagesUrl,
  }
}

/** Where the service runs, as far as settings depend on it. */
export interface Platform {
  /** Whether a database can be a file. */
  readonly hasFiles: boolean
}
