// npm run dev: the service on real workerd, over a real libSQL server, with nothing to sign up for.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DevOptions, parseDevOptions, settleVariables } from './dev/options.ts'
import { ensureSecretKey } from './dev/secret-key.ts'
import { refuseTakenPort, serve, stopOnSignals } from './dev/serve.ts'
import { Failure, runCommand } from './failure.ts'
import { migrate } from './migrate-database.ts'
import { startSqld } from './sqld.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const wrangler = join(root, 'node_modules/.bin/wrangler')

await runCommand(async () => {
  const options = parseDevOptions(
    'npm run dev --',
    'Runs the service on workerd over a libSQL server, both on this machine.',
  )
  const stopping = stopOnSignals()
  const variables = settle(options)
  await refuseTakenPort(options.port)
  const database = options.variables.TURSO_DATABASE_URL ? undefined : await startDatabase(options)
  try {
    const url = variables.TURSO_DATABASE_URL ?? ''
    await migrate({ url, authToken: variables.TURSO_AUTH_TOKEN }, console.log)
    if (!stopping.aborted) await serve(onWorkerd(options, variables), endsWith(database, stopping))
    if (database?.hasEnded()) throw new Failure('sqld has ended by itself; start again.')
  } finally {
    await database?.stop()
  }
})

function settle(options: DevOptions): Record<string, string> {
  const secretKey = options.variables.SECRET_KEY ?? ensureSecretKey(join(root, '.dev.vars'))
  const variables = settleVariables(options, {
    TURSO_DATABASE_URL: `http://127.0.0.1:${options.databasePort}`,
    SECRET_KEY: secretKey,
  })
  if (variables.TURSO_DATABASE_URL?.startsWith('file:')) {
    throw new Failure('Workers have no files: take `npm run dev:deno` for a file: database.')
  }
  return variables
}

function startDatabase({ databasePort, data }: DevOptions) {
  const directory = join(data, 'sqld')
  console.log(`Starting sqld on port ${databasePort}, with its data in ${directory}.`)
  return startSqld({ port: databasePort, directory })
}

/** The service cannot do without its database: when that ends, all of it does. */
function endsWith(
  database: Awaited<ReturnType<typeof startSqld>> | undefined,
  stopping: AbortSignal,
): AbortSignal {
  const databaseEnded = new AbortController()
  database?.process.once('exit', () => databaseEnded.abort())
  return AbortSignal.any([stopping, databaseEnded.signal])
}

function onWorkerd(options: DevOptions, variables: Record<string, string>) {
  console.log('Starting wrangler dev.')
  const handedOn = Object.entries(variables)
    // .dev.vars holds it, and a key on a command line is a key in everyone's process list.
    .filter(([name]) => name !== 'SECRET_KEY' || options.variables.SECRET_KEY !== undefined)
    .flatMap(([name, value]) => ['--var', `${name}:${value}`])
  return {
    name: 'wrangler dev',
    command: wrangler,
    args: [
      'dev',
      ...['--cwd', root, '--ip', '127.0.0.1', '--port', String(options.port)],
      ...['--inspector-port', '0', '--show-interactive-dev-session=false'],
      ...handedOn,
    ],
    env: {
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    },
    port: options.port,
    stopSignal: 'SIGTERM' as const,
    secrets: [variables.SECRET_KEY ?? '', variables.TURSO_AUTH_TOKEN ?? ''].filter(Boolean),
  }
}
