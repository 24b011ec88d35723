// The entry on Cloudflare Workers. The service is built with the isolate's first request and kept
// as a value.

import { parseConfig } from './config.ts'
import { catalogue } from './errors/catalogue.ts'
import { systemRuntime } from './runtime.ts'
import { createService, type Service } from './service.ts'
import { openRemoteDatabase } from './store/remote-database.ts'

let service: Service | undefined

export default {
  fetch(request, env, ctx) {
    service ??= startService(env)
    return service ? service.app.fetch(request, env, ctx) : answerMisconfigured()
  },

  async scheduled(_controller, env) {
    service ??= startService(env)
    await service?.prune()
  },
} satisfies ExportedHandler<Env>

/** A Worker cannot refuse to start, so it refuses to do anything else than say why, in its log. */
function startService(env: Env): Service | undefined {
  const config = parseConfig({ ...env }, { hasFiles: false })
  if (!config.ok) {
    console.error(JSON.stringify({ event: 'misconfigured', problems: config.reason }))
    return undefined
  }
  return createService(config.value, {
    runtime: systemRuntime,
    database: openRemoteDatabase(config.value),
    log: console.log,
  })
}

function answerMisconfigured(): Response {
  const { status, code, message } = catalogue.misconfigured
  const headers = { 'Cache-Control': 'no-store' }
  return Response.json({ status: 'fail', message, code }, { status, headers })
}
