// The only reader of variable names. All settings are parsed once, before the first request is
// answered. All problems are reported together, by name and never by value.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { Config, Platform } from './config.ts'
import { contradictionsOf, leastGraceSecondsOf, type Variables } from './contradictions.ts'
import { limitsOf } from './limit-settings.ts'
import { passwordPolicyOf } from './password-settings.ts'
import type { Setting } from './setting-forms.ts'
import { type SettingName, type SettingValues, settings } from './settings.ts'
import { variableText } from './variable-text.ts'

/** Names that other projects, or people in a hurry, use for our settings. */
const otherSpellings: Readonly<Record<string, SettingName>> = {
  TURSO_URL: 'TURSO_DATABASE_URL',
  TURSO_DB_URL: 'TURSO_DATABASE_URL',
  LIBSQL_URL: 'TURSO_DATABASE_URL',
  LIBSQL_DB_URL: 'TURSO_DATABASE_URL',
  LIBSQL_DATABASE_URL: 'TURSO_DATABASE_URL',
  DATABASE_URL: 'TURSO_DATABASE_URL',
  TURSO_TOKEN: 'TURSO_AUTH_TOKEN',
  TURSO_DATABASE_AUTH_TOKEN: 'TURSO_AUTH_TOKEN',
  LIBSQL_AUTH_TOKEN: 'TURSO_AUTH_TOKEN',
  LIBSQL_DB_AUTH_TOKEN: 'TURSO_AUTH_TOKEN',
  DATABASE_AUTH_TOKEN: 'TURSO_AUTH_TOKEN',
  JWT_PRIVATE_KEY: 'SIGNING_KEYS',
  JWT_SECRET: 'SECRET_KEY',
  AUTH_SECRET: 'SECRET_KEY',
  OLD_SECRET_KEY: 'PREVIOUS_SECRET_KEY',
  SECRET_KEY_PREVIOUS: 'PREVIOUS_SECRET_KEY',
  BCRYPT_LOG_ROUNDS: 'BCRYPT_COST',
  BCRYPT_ROUNDS: 'BCRYPT_COST',
}
const removedSettings = ['PREVIOUS_ACCESS_TOKEN_LIFETIME_SECONDS']
const defaultGraceSeconds = 30
const maxTypos = 2
const minNameLengthForTypos = 6

/**
 * The configuration of the variables, or one sentence for each problem. A sentence has the name,
 * never the value. Spaces and line ends around a value do not count. An empty value is not set. No
 * I/O. Never rejects.
 *
 * @example
 * ```ts
 * import { parseConfig } from 'portcullis/server'
 *
 * export async function readConfig(env: object) {
 *   const config = await parseConfig({ ...env }, { hasFiles: false })
 *   if (!config.ok) throw new Error(config.error.join('\n'))
 *   return config.value
 * }
 * ```
 */
export async function parseConfig(
  variables: Variables,
  platform: Platform,
): Promise<Result<Config, readonly string[]>> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries<Setting<unknown>>(settings)) {
    const parsed = await parseSetting(name, setting, variables)
    if (parsed.ok) values[name] = parsed.value
    else problems.push(parsed.error)
  }
  problems.push(...removedSettingsIn(variables))
  problems.push(...findMisspellings(variables, Object.keys(settings)))
  const config = createConfig(values as SettingValues)
  problems.push(...contradictionsOf(config, variables, platform))
  return problems.length > 0 ? refuse(problems) : succeed(config)
}

async function parseSetting(
  name: string,
  setting: Setting<unknown>,
  variables: Variables,
): Promise<Result<unknown, string>> {
  const value = variables[name]
  if (typeof value === 'object') return refuse(`${name} must be text, a number or a boolean.`)
  const text = variableText(value)
  if (text === undefined) {
    return setting.isRequired ? refuse(`${name} is missing.`) : succeed(setting.fallback)
  }
  const parsed = await setting.parse(text)
  return parsed.ok ? parsed : refuse(`${name} ${parsed.error}.`)
}

function removedSettingsIn(variables: Variables): string[] {
  return Object.keys(variables)
    .filter((name) => removedSettings.includes(name))
    .map((name) => `${name} is no setting any more; remove it.`)
}

/**
 * A sentence for each name that is nearly one of `names`, or another word for it. There is none if
 * the setting that is meant has a value.
 */
export function findMisspellings(variables: Variables, names: readonly string[]): string[] {
  return Object.keys(variables).flatMap((name) => {
    const meant = otherSpellings[name] ?? nearestSetting(name)
    const isProblem =
      meant !== undefined && meant !== name && names.includes(meant) && !variables[meant]
    return isProblem ? [`${name} is not a setting; did you mean ${meant}?`] : []
  })
}

function nearestSetting(name: string): SettingName | undefined {
  if (name.length < minNameLengthForTypos) return undefined
  const names = Object.keys(settings) as SettingName[]
  return names.find((known) => editDistance(name.toUpperCase(), known) <= maxTypos)
}

/**
 * How many characters must be changed, added or removed to turn one name into the other
 * (Levenshtein).
 */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const [row, character] of [...from].entries()) {
    const current = [row + 1]
    for (let column = 1; column <= to.length; column += 1) {
      const changed = (previous[column - 1] ?? 0) + (character === to[column - 1] ? 0 : 1)
      const cheapest = Math.min(
        changed,
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
      )
      current.push(cheapest)
    }
    previous = current
  }
  return previous[to.length] ?? 0
}

function createConfig(values: SettingValues): Config {
  return {
    issuer: values.ISSUER,
    audience: values.AUDIENCE ?? values.ISSUER,
    databaseUrl: values.TURSO_DATABASE_URL,
    databaseAuthToken: values.TURSO_AUTH_TOKEN,
    allowsInsecureHttp: values.INSECURE_HTTP === 'allow',
    databaseTimeoutMs: values.DATABASE_TIMEOUT_MS,
    databaseHasReplicas: values.DATABASE_REPLICAS === 'present',
    secretKey: values.SECRET_KEY,
    previousSecretKey: values.PREVIOUS_SECRET_KEY,
    signingKeys: values.SIGNING_KEYS,
    accessTokenLifetimeSeconds: values.ACCESS_TOKEN_LIFETIME_SECONDS,
    sessionIdleLifetimeSeconds: values.SESSION_IDLE_LIFETIME_SECONDS,
    sessionLifetimeSeconds: values.SESSION_LIFETIME_SECONDS,
    refreshGraceSeconds:
      values.REFRESH_GRACE_SECONDS ??
      Math.max(defaultGraceSeconds, leastGraceSecondsOf(values.DATABASE_TIMEOUT_MS)),
    maxSessionsPerUser: values.MAX_SESSIONS_PER_USER,
    keepsSessionAddresses: values.SESSION_ADDRESSES === 'keep',
    auditDetailsDays: values.AUDIT_DETAILS_DAYS,
    accountDeletionDays: values.ACCOUNT_DELETION_DAYS,
    trustedProxies: values.TRUSTED_PROXIES,
    tokenTransport: values.TOKEN_TRANSPORT,
    oauthClients: values.OAUTH_CLIENTS,
    bcryptCost: values.BCRYPT_COST,
    passwordPolicy: passwordPolicyOf(values.PASSWORD_POLICY, values.PASSWORD_MIN_LENGTH),
    passwordBreachUrl:
      values.PASSWORD_BREACH_CHECK === 'on' ? values.PASSWORD_BREACH_URL : undefined,
    emailDomains: values.EMAIL_DOMAINS,
    registration: values.REGISTRATION,
    corsOrigins: values.CORS_ORIGINS,
    contract: values.HTTP_CONTRACT,
    limits: limitsOf(values),
    mailer: values.MAILER,
    mailFrom: values.MAIL_FROM,
    mailApi: { url: values.MAIL_API_URL, key: values.MAIL_API_KEY },
    smtpServer: values.SMTP_URL,
    requireVerifiedEmail: values.REQUIRE_VERIFIED_EMAIL,
    sendsNewDeviceMails: values.NEW_DEVICE_MAILS === 'send',
    accountPagesUrl: values.ACCOUNT_PAGES_URL,
    codeLifetimes: {
      codeSeconds: values.CODE_LIFETIME_SECONDS,
      resetLinkSeconds: values.RESET_LINK_LIFETIME_SECONDS,
    },
  }
}
