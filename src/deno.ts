// The entry on Deno: the same service over a database in a file, or the same remote one.

import { type Config, parseConfig } from './config.ts'
import { systemRuntime } from './runtime.ts'
import { createService } from './service.ts'
import type { Database } from './store/database.ts'
import { openEmbeddedDatabase } from './store/embedded-database.ts'
import { openRemoteDatabase } from './store/remote-database.ts'

const config = parseConfig(Deno.env.toObject(), { hasFiles: true })
if (!config.ok) {
  console.error(
    `Portcullis does not start:\n${config.reason.map((problem) => `  ${problem}`).join('\n')}`,
  )
  Deno.exit(1)
}

const service = createService(config.value, {
  runtime: systemRuntime,
  database: await openDatabase(config.value),
  log: console.log,
})

Deno.cron('prune revocations', '17 * * * *', () => service.prune())

const server = Deno.serve(
  { hostname: Deno.env.get('HOST') ?? '127.0.0.1', port: Number(Deno.env.get('PORT') ?? 8787) },
  (request) => service.app.fetch(request),
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  Deno.addSignalListener(signal, () => server.shutdown())
}

function openDatabase(settings: Config): Database | Promise<Database> {
  return settings.databaseUrl.startsWith('file:')
    ? openEmbeddedDatabase(settings.databaseUrl)
    : openRemoteDatabase(settings)
}
