// Puts the service together from values, once per isolate or process. It does no I/O, and holds
// nothing that belongs to a request.

import type { Hono } from 'hono'
import { createMac } from '../crypto/derived-key.ts'
import { checkOptions } from '../errors/check-options.ts'
import { lazyValue } from '../runtime/lazy-value.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { ClaimsHook } from '../token/claims-hook.ts'
import { revokeInIsolate } from '../token/isolate-revocations.ts'
import { parseIssuer } from '../token/issuer.ts'
import { createKeySetOf, jwkSource, secretKeySource } from '../token/key-set.ts'
import {
  activeKeyOf,
  importSecretSigningKey,
  importSigningKey,
  publicJwkSet,
  type SigningKey,
} from '../token/signing-key.ts'
import { createApp } from './app.ts'
import { type Config, serviceSettingsOf } from './config/config.ts'
import { configuredMailer } from './configured-mailer.ts'
import { sealEvents } from './domain/audit/seal-events.ts'
import { deriveSealKey } from './domain/audit/seal-key.ts'
import { createMailedCodes } from './domain/codes/mailed-codes.ts'
import type { ClientAddress, Deps } from './domain/deps.ts'
import { RevocationFeed } from './domain/feed/feed.ts'
import {
  deleteAccounts,
  pruneAttempts,
  pruneAuditDetails,
  pruneMail,
  pruneRevocations,
  pruneSessions,
} from './domain/housekeeping.ts'
import { createBreachCheck } from './domain/identity/breach-check.ts'
import { HashQueue } from './domain/identity/hash-queue.ts'
import type { PasswordHashFamily } from './domain/identity/hashes/password-hash-family.ts'
import { createPasswordHasher } from './domain/identity/password-hasher.ts'
import { createUnsupportedHashLog } from './domain/identity/unsupported-hash-log.ts'
import { createAttemptKeyMaker } from './domain/limits/attempt-keys.ts'
import { createDeviceTokens } from './domain/limits/device-token.ts'
import { RequestCounts } from './domain/limits/request-counts.ts'
import { sendAllDueMail } from './domain/mail/send-due-mail.ts'
import { createReadiness } from './domain/readiness.ts'
import { createRefreshTokens } from './domain/tokens/refresh-token.ts'
import { safeLog } from './http/safe-log.ts'
import type { ServiceEnv } from './http/service-env.ts'
import type { Mailer } from './mail/mailer.ts'
import { partRules } from './part-rules.ts'
import type { Database } from './store/database.ts'

/** What both entries run. */
export interface Service {
  /** Answers requests: `app.fetch(request, env)`. */
  readonly app: Hono<ServiceEnv>
  /**
   * Housekeeping, for the platform's scheduler. Seals the events of the audit, 90,000 at most. Then
   * deletes revocations that no living token needs, and sessions that ended more than a day ago.
   * Also counts of attempts that are forgotten, and personal details of events after
   * AUDIT_DETAILS_DAYS. At most 225,000 of each. First it deletes accounts whose deletion is due:
   * 5,000 at most. Writes one line to the log. Rejects when the database is unavailable.
   */
  prune(): Promise<void>
  /**
   * Sends mail that is due, for the platform's scheduler: every few minutes. At most 200 mails.
   * `env` is what the mailer gets. Rejects when the database is unavailable. Without a mailer it
   * does nothing.
   */
  sendMail(env: unknown): Promise<void>
  /** Ends the answers that guards follow, which last 20 s. For a process that stops. No I/O. */
  endStreams(): void
}

/** What differs between platforms and tests. */
export interface PlatformParts {
  /** Clock and randomness: `systemRuntime`, outside of tests. */
  readonly runtime: Runtime
  /** For example what `openRemoteDatabase` of `portcullis/database` gives. */
  readonly database: Database
  /**
   * Takes one line of JSON: for each request, and for each event. A failure of it changes no
   * answer.
   */
  readonly log: (line: string) => void
  /** Adds an application's own claims to access tokens. */
  readonly claims?: ClaimsHook | undefined
  /**
   * Families of password hashes that the service verifies in addition to its own, for accounts that
   * moved in: `argon2id` of `portcullis/argon2`, or families of your own.
   */
  readonly passwordHashes?: readonly PasswordHashFamily[] | undefined
  /**
   * How the platform reports where a request came from. Without it, no address is known. Requests
   * are then not limited by address, and attempts of all clients count as those of one address.
   */
  readonly clientAddress?: ClientAddress | undefined
  /**
   * A limit of the platform, in addition to the service's own. It says whether a request of this
   * kind (`register`, `login`, `password` or `refresh`) from this network may go on. A failure lets
   * it go on.
   */
  readonly platformLimit?: PlatformLimit | undefined
  /**
   * Sends mail, in place of what MAILER names. Default: the service sends none, unless MAILER names
   * a mailer that the service has itself.
   */
  readonly mailer?: Mailer | undefined
}

/** `env` is what the entry passes to the app. */
export type PlatformLimit = (kind: string, network: string, env: unknown) => Promise<boolean>

/**
 * The service, ready for its first request. No I/O. Build it once for the isolate or process, and
 * keep it.
 *
 * @throws TypeError when the settings are not those of `parseConfig`, or a part cannot work or is
 * not known
 *
 * @example
 * ```ts
 * import { type Database } from 'portcullis/database'
 * import { createService, parseConfig, systemRuntime } from 'portcullis/server'
 *
 * export async function startService(variables: Record<string, string>, database: Database) {
 *   const config = await parseConfig(variables, { hasFiles: true })
 *   if (!config.ok) throw new Error(config.error.join('\n'))
 *   return createService(config.value, { runtime: systemRuntime, database, log: console.log })
 * }
 * ```
 */
export function createService(config: Config, parts: PlatformParts): Service {
  const deps = createDeps(config, parts)
  return {
    app: createApp(deps),
    async prune() {
      const deletedAccounts = await deleteAccounts(deps)
      const pruned = await pruneRevocations(deps)
      const prunedSessions = await pruneSessions(deps)
      const prunedAttempts = await pruneAttempts(deps)
      const prunedAuditDetails = await pruneAuditDetails(deps)
      const prunedMail = await pruneMail(deps)
      // Last, so that an audit that cannot be sealed keeps nothing else from being deleted.
      const { sealed, head } = await sealEvents(
        deps.database,
        await deriveSealKey(config.secretKey),
      )
      const counts = {
        sealed,
        pruned,
        prunedSessions,
        prunedAttempts,
        prunedAuditDetails,
        prunedMail,
        deletedAccounts,
      }
      deps.log(JSON.stringify({ event: 'prune', ...counts, head: head ?? null }))
    },
    sendMail: (env) => sendAllDueMail(deps, env),
    endStreams: () => deps.feed.streams.endAll(),
  }
}

/**
 * What `createApp` needs, from the settings and the platform's parts. No I/O.
 *
 * @throws TypeError as `createService`
 *
 * @example
 * ```ts
 * import { type Config, createApp, createDeps, type PlatformParts } from 'portcullis/server'
 *
 * export function createLoudApp(config: Config, parts: PlatformParts) {
 *   const deps = createDeps(config, parts)
 *   return createApp({ ...deps, log: (line) => console.log(`auth ${line}`) })
 * }
 * ```
 */
export function createDeps(config: Config, given: PlatformParts): Deps {
  if (!parseIssuer(config?.issuer).ok || !config.secretKey) {
    throw new TypeError('config must be the `value` of what parseConfig gives.')
  }
  const parts = checkOptions('createDeps', partRules, given)
  const { runtime, database, claims } = parts
  const mailer = configuredMailer(config, parts.mailer)
  if (!mailer.ok) throw new TypeError(mailer.error)
  const log = safeLog(parts.log)
  const feed = new RevocationFeed(database, runtime, { log })
  const accessTokens = { issuer: config.issuer, audience: config.audience, ...keysOf(config) }
  return {
    ...{ runtime, database, claims, log, feed },
    settings: serviceSettingsOf(config),
    passwords: createPasswordHasher(config.bcryptCost, runtime, {
      families: parts.passwordHashes,
      onUnsupported: createUnsupportedHashLog(log),
    }),
    hashQueue: new HashQueue(config.bcryptCost, runtime),
    breaches: createBreachCheck(config.passwordBreachUrl, { runtime, log }),
    accessTokens,
    readiness: createReadiness({ runtime, database, accessTokens }),
    refreshTokens: createRefreshTokens(config),
    attemptKeys: createAttemptKeyMaker(config),
    deviceTokens: createDeviceTokens(config),
    requestCounts: new RequestCounts(runtime),
    platformLimit: safePlatformLimit(parts.platformLimit),
    clientAddress: parts.clientAddress ?? (() => undefined),
    oauthClients: config.oauthClients,
    mailer: mailer.value,
    mailedCodes: createMailedCodes(config),
    formMac: createMac(config, 'portcullis form'),
    jwkSet: publicJwkSet(config.signingKeys),
    revocations: {
      announce(revocation) {
        if (!revocation) return
        feed.noteWritten(revocation.place)
        revokeInIsolate(config.issuer, runtime, revocation)
      },
    },
  }
}

/** The service's own limits go on if the platform's limit fails. */
function safePlatformLimit(limit: PlatformLimit = async () => true): PlatformLimit {
  return async (...request) => {
    try {
      return (await limit(...request)) !== false
    } catch {
      return true
    }
  }
}

/**
 * If there are SIGNING_KEYS, the active one signs, and all of them verify. Otherwise SECRET_KEY
 * does both, and PREVIOUS_SECRET_KEY verifies as well. Never both kinds: then a leaked SECRET_KEY
 * could sign tokens, in spite of the published keys.
 */
function keysOf({ secretKey, previousSecretKey, signingKeys }: Config) {
  const active = activeKeyOf(signingKeys)
  const signingKey = lazyValue<SigningKey>(() =>
    active ? importSigningKey(active) : importSecretSigningKey(secretKey),
  )
  const keys = createKeySetOf(
    active ? signingKeys.map(jwkSource) : [secretKeySource(secretKey, previousSecretKey)],
  )
  return { signingKey, findKey: (keyId: string | undefined) => keys.find(keyId, {}) }
}
