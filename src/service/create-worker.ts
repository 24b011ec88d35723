// The service as a Worker, for its own entry and for Workers that mount it. It is built with the
// isolate's first request, when the settings are available, and kept as a value.

import { catalogue } from '../errors/catalogue.ts'
import { aFunction, checkOptions, optional } from '../errors/check-options.ts'
import { systemRuntime } from '../runtime/runtime.ts'
import type { ClaimsHook } from '../token/claims-hook.ts'
import type { Config } from './config/config.ts'
import { parseConfig } from './config/parse-config.ts'
import { openConfiguredDatabase } from './configured-database.ts'
import { configuredMailer } from './configured-mailer.ts'
import type { PasswordHashFamily } from './domain/identity/hashes/password-hash-family.ts'
import type { Mailer } from './mail/mailer.ts'
import { mailerRule, passwordHashesRule } from './part-rules.ts'
import { createService, type Service } from './service.ts'

/** What the platform gives with a request, as far as the service needs it. */
export interface WorkerContext {
  /** Keeps work alive after the answer. */
  waitUntil(work: Promise<unknown>): void
  /** Not used by the service. */
  passThroughOnException(): void
  /** Not used by the service. */
  props: unknown
}

/** The handlers of the service: assignable to `ExportedHandler`. */
export interface ServiceWorker {
  /** Answers a request. Never throws. If the settings are wrong, the answer is 500. */
  fetch(request: Request, env: object, context?: WorkerContext): Promise<Response>
  /**
   * Housekeeping, for a cron trigger. Seals the events of the audit, 90,000 at most. Then deletes
   * revocations that no living token needs, sessions that ended more than a day ago, and counts of
   * attempts that are forgotten. At most 225,000 of each. Also sends mail that is due; with the cron
   * expression that begins with an asterisk, that alone. Rejects when the database is unavailable.
   * With wrong settings, it only writes the problems to the log.
   */
  scheduled(controller: unknown, env: object): Promise<void>
}

/** What an application adds to the service. */
export interface WorkerOptions {
  /** Adds claims to every access token, from the current account. */
  readonly claims?: ClaimsHook
  /**
   * Verifies more families of password hashes that moved in: `argon2id` of `portcullis/argon2`, or
   * families of your own.
   */
  readonly passwordHashes?: readonly PasswordHashFamily[]
  /** Sends mail, with MAILER=custom; or `smtpMailer()` of `portcullis/mail/smtp`, with MAILER=smtp. */
  readonly mailer?: Mailer
}

/**
 * The service as a Worker, with the database of its settings. The settings are the Worker's
 * variables and secrets (docs/reference/settings.md). They are read with the first request. All
 * problems with them are in the log, together, by name.
 *
 * @throws TypeError when an option cannot work, or is not known
 *
 * @example
 * ```ts
 * import { createWorker } from 'portcullis/server'
 *
 * export default createWorker()
 * ```
 */
export function createWorker(options: WorkerOptions = {}): ServiceWorker {
  const rules = {
    claims: optional(aFunction()),
    passwordHashes: passwordHashesRule,
    mailer: mailerRule,
  }
  const checked = checkOptions<WorkerOptions>('createWorker', rules, options)
  let service: Service | undefined

  /**
   * Requests that come meanwhile read the settings, too. None waits for the promise of another one.
   */
  async function serviceOf(env: object): Promise<Service | undefined> {
    const config = service ? undefined : await readConfig(env, checked)
    if (config) service ??= startService(config, checked)
    return service
  }

  return {
    async fetch(request, env, context) {
      const started = service ?? (await serviceOf(env))
      return started ? started.app.fetch(request, env, context) : answerMisconfigured()
    },

    async scheduled(controller, env) {
      const started = await serviceOf(env)
      try {
        await started?.sendMail(env)
      } finally {
        if (!isForMailAlone(controller)) await started?.prune()
      }
    },
  }
}

/** A trigger that comes every few minutes only sends mail. */
function isForMailAlone(controller: unknown): boolean {
  const { cron } = (controller ?? {}) as { readonly cron?: unknown }
  return String(cron).startsWith('*')
}

/**
 * A Worker cannot refuse to start. So with wrong settings it only writes the problems to its log.
 */
async function readConfig(env: object, { mailer }: WorkerOptions): Promise<Config | undefined> {
  const config = await parseConfig({ ...env }, { hasFiles: false })
  const problems = config.ok ? mailerProblems(config.value, mailer) : config.error
  if (config.ok && problems.length === 0) return config.value
  console.error(JSON.stringify({ event: 'misconfigured', problems }))
  return undefined
}

function mailerProblems(config: Config, mailer: Mailer | undefined): readonly string[] {
  const configured = configuredMailer(config, mailer)
  return configured.ok ? [] : [configured.error]
}

function startService(config: Config, options: WorkerOptions): Service {
  return createService(config, {
    runtime: systemRuntime,
    database: openConfiguredDatabase(config),
    log: console.log,
    claims: options.claims,
    passwordHashes: options.passwordHashes,
    mailer: options.mailer,
    clientAddress: addressOnCloudflare,
    platformLimit: limitOnCloudflare,
  })
}

/** The platform sets this header, whatever the client sent under its name. */
function addressOnCloudflare(request: Request): string | undefined {
  return request.headers.get('CF-Connecting-IP') ?? undefined
}

/** The rate limiting bindings that wrangler.toml names. Each is optional. */
const rateLimits: Readonly<Record<string, string>> = {
  register: 'REGISTER_RATE_LIMIT',
  login: 'LOGIN_RATE_LIMIT',
  refresh: 'REFRESH_RATE_LIMIT',
}

interface RateLimitBinding {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>
}

async function limitOnCloudflare(kind: string, network: string, env: unknown): Promise<boolean> {
  const bindings = env as Readonly<Record<string, RateLimitBinding | undefined>>
  const binding = bindings[rateLimits[kind] ?? '']
  return binding === undefined || (await binding.limit({ key: network })).success
}

function answerMisconfigured(): Response {
  const { status, code, message } = catalogue.misconfigured
  const headers = { 'Cache-Control': 'no-store' }
  return Response.json({ status: 'fail', message, code }, { status, headers })
}
