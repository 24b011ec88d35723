// Finds settings that are valid alone, but not together. Nothing is accepted that cannot work.

import { isInsecureUrl } from '../../token/loopback.ts'
import type { Config, Platform } from './config.ts'
import { insecure } from './database-url.ts'
import { passwordPolicyProblem } from './password-settings.ts'
import { variableText } from './variable-text.ts'

/** The variables that the platform gives, by name. */
export type Variables = Readonly<Record<string, unknown>>

/**
 * A sentence for each contradiction. Only values that were set can contradict, because a default
 * gives way.
 */
export function contradictionsOf(
  config: Config,
  variables: Variables,
  platform: Platform,
): string[] {
  return [
    ...lifetimeProblems(config, variables),
    ...databaseProblems(config, platform),
    ...insecureProblems(config),
    ...proxyProblems(config, platform),
    ...secretProblems(config),
    ...limitProblems(config, variables),
    ...passwordProblems(config),
    ...mailProblems(config),
  ]
}

/**
 * The shortest grace window, in seconds. Within it the database gives up, and the client can ask
 * again.
 */
export function leastGraceSecondsOf(databaseTimeoutMs: number): number {
  return Math.ceil(databaseTimeoutMs / 1_000) + 10
}

function lifetimeProblems(config: Config, variables: Variables): string[] {
  const { accessTokenLifetimeSeconds, sessionIdleLifetimeSeconds, sessionLifetimeSeconds } = config
  const { refreshGraceSeconds } = config
  const leastGraceSeconds = leastGraceSecondsOf(config.databaseTimeoutMs)
  const sessionSeconds = Math.min(sessionIdleLifetimeSeconds, sessionLifetimeSeconds)
  return said(
    [
      refreshGraceSeconds < leastGraceSeconds,
      `REFRESH_GRACE_SECONDS must be at least ${leastGraceSeconds} (DATABASE_TIMEOUT_MS + 10 s), and is ${refreshGraceSeconds}: a client must be able to ask again for an answer that was lost.`,
    ],
    [
      variableText(variables.ACCESS_TOKEN_LIFETIME_SECONDS) &&
        accessTokenLifetimeSeconds > sessionSeconds,
      `ACCESS_TOKEN_LIFETIME_SECONDS must be at most ${sessionSeconds}, and is ${accessTokenLifetimeSeconds}: a token ends with its session.`,
    ],
    [
      variableText(variables.SESSION_IDLE_LIFETIME_SECONDS) &&
        sessionIdleLifetimeSeconds > sessionLifetimeSeconds,
      `SESSION_IDLE_LIFETIME_SECONDS must be at most SESSION_LIFETIME_SECONDS (${sessionLifetimeSeconds}), and is ${sessionIdleLifetimeSeconds}.`,
    ],
  )
}

function databaseProblems(config: Config, { hasFiles }: Platform): string[] {
  const isFile = /^file:/i.test(config.databaseUrl ?? '')
  return said(
    [
      isFile && !hasFiles,
      'TURSO_DATABASE_URL is a file: URL, and Workers have no files; use libsql: or https:.',
    ],
    [
      isFile && config.databaseAuthToken,
      'TURSO_AUTH_TOKEN is for a remote database, and TURSO_DATABASE_URL is a file; remove one.',
    ],
    [
      isFile && config.databaseHasReplicas,
      'DATABASE_REPLICAS is present, and TURSO_DATABASE_URL is a file, which has no replicas; remove DATABASE_REPLICAS.',
    ],
  )
}

function insecureProblems(config: Config): string[] {
  const isAllowed = config.allowsInsecureHttp
  return said(
    [!isAllowed && isInsecureUrl(config.issuer), `ISSUER ${insecure}`],
    [!isAllowed && isInsecureUrl(config.databaseUrl), `TURSO_DATABASE_URL ${insecure}`],
    [
      !isAllowed && config.tokenTransport === 'cookie' && config.corsOrigins?.some(isInsecureUrl),
      'CORS_ORIGINS has an http: origin that is not this machine, and TOKEN_TRANSPORT is cookie: use https:, or set INSECURE_HTTP=allow on a private network.',
    ],
    [
      isAllowed && config.tokenTransport === 'cookie' && isInsecureUrl(config.issuer),
      'TOKEN_TRANSPORT=cookie needs an https: ISSUER: browsers drop Secure cookies of http: pages.',
    ],
  )
}

function proxyProblems({ trustedProxies }: Config, { hasFiles }: Platform): string[] {
  return said([
    trustedProxies > 0 && !hasFiles,
    'TRUSTED_PROXIES is for Deno; remove it: on Workers, Cloudflare tells the address.',
  ])
}

function secretProblems({ secretKey, previousSecretKey }: Config): string[] {
  return said([
    previousSecretKey && previousSecretKey === secretKey,
    'PREVIOUS_SECRET_KEY must be the old key, and is the same as SECRET_KEY; remove it.',
  ])
}

function limitProblems({ limits }: Config, variables: Variables): string[] {
  const { freeAttempts, maxAttempts, maxDelaySeconds, closedSeconds } = limits.attempts
  return said(
    [
      variableText(variables.FREE_ATTEMPTS) && 2 * freeAttempts > maxAttempts,
      'FREE_ATTEMPTS must be at most half of MAX_ATTEMPTS: one address is closed after so many.',
    ],
    [
      maxDelaySeconds > closedSeconds,
      'MAX_ATTEMPT_DELAY_SECONDS must be at most ATTEMPTS_CLOSED_SECONDS.',
    ],
  )
}

function passwordProblems({ passwordPolicy }: Config): string[] {
  const problem = passwordPolicyProblem(passwordPolicy)
  return problem ? [problem] : []
}

function mailProblems(config: Config): string[] {
  const { mailer, mailFrom, mailApi, smtpServer, codeLifetimes } = config
  const { codeSeconds, resetLinkSeconds } = codeLifetimes
  return said(
    [
      resetLinkSeconds < codeSeconds,
      `RESET_LINK_LIFETIME_SECONDS must be at least CODE_LIFETIME_SECONDS (${codeSeconds}), and is ${resetLinkSeconds}.`,
    ],
    [
      mailer !== 'none' && !mailFrom,
      `MAILER is ${mailer}, and MAIL_FROM is missing: say who mail is from.`,
    ],
    [
      mailer === 'none' && config.registration === 'neutral',
      'REGISTRATION is neutral, which tells the rest by mail, and MAILER is none: set MAILER.',
    ],
    [
      mailer === 'none' && config.requireVerifiedEmail === 'login',
      'REQUIRE_VERIFIED_EMAIL is login, which needs codes by mail, and MAILER is none: set MAILER.',
    ],
    [mailer === 'http' && !mailApi.key, 'MAILER is http, and MAIL_API_KEY is missing.'],
    [mailer === 'smtp' && !smtpServer, 'MAILER is smtp, and SMTP_URL is missing.'],
    [
      mailer === 'none' && (mailFrom || mailApi.key || smtpServer),
      'There are settings for mail, and MAILER is none: set MAILER to http, cloudflare, smtp or custom, or remove MAIL_FROM, MAIL_API_KEY and SMTP_URL.',
    ],
  )
}

function said(...problems: readonly (readonly [unknown, string])[]): string[] {
  return problems.flatMap(([isProblem, sentence]) => (isProblem ? [sentence] : []))
}
