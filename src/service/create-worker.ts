// The service as a Worker, for its own entry and for Workers that mount it. It is built with the
// isolate's first request, when the settings are there, and kept as a value.

import { catalogue } from '../errors/catalogue.ts'
import { systemRuntime } from '../runtime/runtime.ts'
import type { ClaimsHook } from '../token/claims-hook.ts'
import { parseConfig } from './config/config.ts'
import { openConfiguredDatabase } from './configured-database.ts'
import { createService, type Service } from './service.ts'

/** What the platform gives beside a request, as far as the service needs it. */
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
  /** Answers a request. Throws nothing; what is wrong with the settings is answered 500. */
  fetch(request: Request, env: object, context?: WorkerContext): Promise<Response>
  /**
   * Housekeeping, for a cron trigger: deletes revocations that no living token needs, and sessions
   * that are long over.
   */
  scheduled(controller: unknown, env: object): Promise<void>
}

/** What an application adds to the service. */
export interface WorkerOptions {
  /** Adds claims to every access token, from the account as it is. */
  readonly claims?: ClaimsHook
}

/**
 * The service as a Worker, over the database of its settings. The settings are the Worker's
 * variables and secrets (README, "Settings"); they are read with the first request, and all that is
 * wrong with them is in the log, together, by name.
 *
 * @example
 * ```ts
 * import { createWorker } from 'portcullis/server'
 *
 * export default createWorker()
 * ```
 */
export function createWorker(options: WorkerOptions = {}): ServiceWorker {
  let service: Service | undefined
  return {
    async fetch(request, env, context) {
      service ??= startService(env, options)
      return service ? service.app.fetch(request, env, context) : answerMisconfigured()
    },

    async scheduled(_controller, env) {
      service ??= startService(env, options)
      await service?.prune()
    },
  }
}

/** A Worker cannot refuse to start, so it refuses to do anything else than say why, in its log. */
function startService(env: object, { claims }: WorkerOptions): Service | undefined {
  const config = parseConfig({ ...env }, { hasFiles: false })
  if (!config.ok) {
    console.error(JSON.stringify({ event: 'misconfigured', problems: config.error }))
    return undefined
  }
  return createService(config.value, {
    runtime: systemRuntime,
    database: openConfiguredDatabase(config.value),
    log: console.log,
    claims,
    clientAddress: addressOnCloudflare,
  })
}

/** Set by the platform, whatever the client sent under this name. */
function addressOnCloudflare(request: Request): string | undefined {
  return request.headers.get('CF-Connecting-IP') ?? undefined
}

function answerMisconfigured(): Response {
  const { status, code, message } = catalogue.misconfigured
  const headers = { 'Cache-Control': 'no-store' }
  return Response.json({ status: 'fail', message, code }, { status, headers })
}
