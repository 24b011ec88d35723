// The entry on Deno: the same service over a database in a file, or the same remote one.

import { systemRuntime } from './runtime/runtime.ts'
import { type Config, parseConfig } from './service/config/config.ts'
import { variableText } from './service/config/variable-text.ts'
import { openConfiguredDatabase } from './service/configured-database.ts'
import { forwardedAddress } from './service/http/forwarded-address.ts'
import { createService } from './service/service.ts'
import type { Database } from './service/store/database.ts'
import { isFileUrl } from './service/store/node/database-file.ts'
import { openEmbeddedDatabase } from './service/store/node/embedded-database.ts'

const config = await parseConfig(Deno.env.toObject(), { hasFiles: true })
if (!config.ok) refuseToStart(config.error)

const { trustedProxies } = config.value
const service = createService(config.value, {
  runtime: systemRuntime,
  database: await openDatabase(config.value),
  log: console.log,
  clientAddress(request, env) {
    const { remoteAddr } = env as Deno.ServeHandlerInfo<Deno.NetAddr>
    return forwardedAddress(request.headers, remoteAddr.hostname, trustedProxies)
  },
})

Deno.cron('housekeeping', '17 * * * *', () => service.prune())

const server = listen()
for (const signal of ['SIGINT', 'SIGTERM'] as const) Deno.addSignalListener(signal, stop)

/** Where to listen is the platform's business, and so no setting of the service. */
function listen(): Deno.HttpServer {
  const hostname = variableText(Deno.env.get('HOST')) ?? '127.0.0.1'
  const port = Number(variableText(Deno.env.get('PORT')) ?? 8787)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    refuseToStart(['PORT must be a whole number from 1 to 65,535.'])
  }
  try {
    return Deno.serve({ hostname, port, onListen: sayWhere }, (request, info) =>
      service.app.fetch(request, info),
    )
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error
    return refuseToStart([`Port ${port} is in use; choose another one with PORT.`])
  }
}

function sayWhere({ hostname, port }: Deno.NetAddr): void {
  console.log(JSON.stringify({ event: 'listening', hostname, port }))
}

/**
 * Lets requests that are under way be answered; the scheduler would keep the process alive for
 * ever.
 */
async function stop(): Promise<void> {
  await server.shutdown()
  Deno.exit(0)
}

async function openDatabase(settings: Config): Promise<Database> {
  if (!isFileUrl(settings.databaseUrl)) return openConfiguredDatabase(settings)
  try {
    return await openEmbeddedDatabase(settings.databaseUrl)
  } catch {
    return refuseToStart([
      'The file of TURSO_DATABASE_URL cannot be opened; check its folder, and that it is no symbolic link to nothing.',
    ])
  }
}

function refuseToStart(problems: readonly string[]): never {
  console.error(['Portcullis does not start:', ...problems].join('\n  '))
  return Deno.exit(1)
}
