// The entry point on Deno. It runs the same service with a database in a file, or with a remote
// one.

import { argon2id } from './argon2-node.ts'
import { systemRuntime } from './runtime/runtime.ts'
import type { Config } from './service/config/config.ts'
import { parseDenoVariables } from './service/config/deno-variables.ts'
import { parseConfig } from './service/config/parse-config.ts'
import { variableText } from './service/config/variable-text.ts'
import { openConfiguredDatabase } from './service/configured-database.ts'
import { unknownAddress } from './service/domain/limits/network.ts'
import { createProxyHint, forwardedAddress } from './service/http/forwarded-address.ts'
import type { Mailer } from './service/mail/mailer.ts'
import { createService } from './service/service.ts'
import type { Database } from './service/store/database.ts'
import { isFileUrl } from './service/store/node/database-file.ts'
import { openEmbeddedDatabase } from './service/store/node/embedded-database.ts'

const variables = Deno.env.toObject()
const config = await parseConfig(variables, { hasFiles: true })
const platform = parseDenoVariables(variables)
if (!config.ok || !platform.ok) {
  refuseToStart([...(config.ok ? [] : config.error), ...(platform.ok ? [] : platform.error)])
}

const { trustedProxies } = config.value
const { hostname, port, shutdownSeconds } = platform.value
const isProxyCountSet = variableText(variables.TRUSTED_PROXIES) !== undefined
const hintAtProxy = isProxyCountSet ? () => {} : createProxyHint(console.log)
const { database, close } = await openDatabase(config.value)
const service = createService(config.value, {
  runtime: systemRuntime,
  database,
  log: console.log,
  // Its code is loaded with the first such hash.
  passwordHashes: [argon2id],
  mailer: await smtpMailerOf(config.value),
  clientAddress(request, env) {
    hintAtProxy(request.headers)
    const { remoteAddr } = env as Deno.ServeHandlerInfo<Deno.NetAddr>
    const address = forwardedAddress(request.headers, remoteAddr.hostname, trustedProxies)
    // A bad chain of proxies must not escape the limits.
    return address ?? unknownAddress
  },
})

Deno.cron('housekeeping', '17 * * * *', () => service.prune())
if (config.value.mailer !== 'none') {
  Deno.cron('mail', '*/5 * * * *', () => service.sendMail(variables))
  // What an earlier process has left.
  service.sendMail(variables).catch(() => {})
}

const server = listen()
let isStopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) Deno.addSignalListener(signal, stop)

/** Its code is loaded only with MAILER=smtp. Requests bring no variables here, so it gets the URL. */
async function smtpMailerOf({ mailer }: Config): Promise<Mailer | undefined> {
  if (mailer === 'smtp') {
    const { smtpMailer } = await import('./mail-smtp.ts')
    return smtpMailer({ url: variableText(variables.SMTP_URL) ?? '' })
  }
  return mailer === 'custom'
    ? refuseToStart(['MAILER is custom, which needs a program of your own around createService.'])
    : undefined
}

function listen(): Deno.HttpServer {
  try {
    return Deno.serve({ hostname, port, onListen: sayWhere }, (request, info) =>
      service.app.fetch(request, info),
    )
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      return refuseToStart([`Port ${port} is in use; choose another one with PORT.`])
    }
    const what = error instanceof Error ? error.name : 'unknown'
    return refuseToStart([`The service cannot listen on HOST and PORT (${what}); choose others.`])
  }
}

function sayWhere({ hostname, port }: Deno.NetAddr): void {
  console.log(JSON.stringify({ event: 'listening', hostname, port }))
}

/**
 * Waits up to SHUTDOWN_SECONDS for running requests, then exits. A second signal exits at once.
 * `Deno.exit` is necessary because the scheduler would keep the process alive forever.
 */
async function stop(): Promise<void> {
  if (isStopping) Deno.exit(1)
  isStopping = true
  service.endStreams()
  const answered = server.shutdown().then(() => true)
  const late = systemRuntime.delay(shutdownSeconds * 1_000).then(() => false)
  const isComplete = await Promise.race([answered, late])
  await close()
  console.log(JSON.stringify({ event: 'stopped', isComplete }))
  Deno.exit(0)
}

async function openDatabase(
  settings: Config,
): Promise<{ readonly database: Database; close(): Promise<void> }> {
  if (!isFileUrl(settings.databaseUrl)) {
    return { database: openConfiguredDatabase(settings), close: async () => {} }
  }
  try {
    const database = await openEmbeddedDatabase(settings.databaseUrl)
    return { database, close: database.close }
  } catch {
    return refuseToStart([
      'The file of TURSO_DATABASE_URL cannot be opened; check that its folder can be written, and that the file is not a symbolic link to nothing.',
    ])
  }
}

function refuseToStart(problems: readonly string[]): never {
  console.error(['Portcullis does not start:', ...problems].join('\n  '))
  return Deno.exit(1)
}
