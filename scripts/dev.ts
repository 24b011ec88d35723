// npm run dev: the service on real workerd, over a real libSQL server, with nothing to sign up for.

import { join } from 'node:path'
import { Failure } from '../src/cli/failure.ts'
import { migrate } from '../src/cli/migrate-database.ts'
import {
  type DevOptions,
  makeDataDirectory,
  parseDevOptions,
  root,
  settleVariables,
} from './dev/options.ts'
import { ensureSecrets, type Secrets } from './dev/secrets.ts'
import { refuseTakenPort, serve } from './dev/serve.ts'
import { runUntilStopped } from './dev/stopping.ts'
import { keepPrivate } from './keep-private.ts'
import { type Sqld, startSqld } from './sqld.ts'

const wrangler = join(root, 'node_modules/.bin/wrangler')

await runUntilStopped(async (stopping) => {
  // For what sqld and wrangler make: nobody else on this machine reads it.
  process.umask(0o077)
  const options = parseDevOptions(
    'npm run dev --',
    'Runs the service on workerd over a libSQL server, both on this machine.',
  )
  const secrets = await ensureSecrets(join(root, '.dev.vars'), options.variables)
  const settled = settle(options, secrets)
  const url = settled.config.databaseUrl
  await refuseTakenPort(options.port)
  const database = options.variables.TURSO_DATABASE_URL
    ? undefined
    : await startDatabase(options, stopping)
  try {
    await migrate({ url, authToken: settled.config.databaseAuthToken, stopping }, console.log)
    const ending = endsWith(database, stopping)
    if (!ending.aborted)
      await serve(onWorkerd(options, settled.variables, secrets), settled, ending)
    if (database?.hasEnded()) throw new Failure('sqld has ended by itself; start again.')
  } finally {
    await database?.stop()
  }
})

function settle(options: DevOptions, secrets: Secrets) {
  const settled = settleVariables(options, {
    TURSO_DATABASE_URL: `http://127.0.0.1:${options.databasePort}`,
    ...secrets,
  })
  if (settled.config.databaseUrl.startsWith('file:')) {
    throw new Failure('Workers have no files: take `npm run dev:deno` for a file: database.')
  }
  return settled
}

function startDatabase(options: DevOptions, stopping: AbortSignal) {
  const { databasePort, data } = options
  const directory = join(data, 'sqld')
  makeDataDirectory(options)
  keepPrivate(directory)
  console.log(`Starting sqld on port ${databasePort}, with its data in ${directory}.`)
  return startSqld({ port: databasePort, directory, stopping })
}

/** The service cannot do without its database: when that ends, all of it does. */
function endsWith(database: Sqld | undefined, stopping: AbortSignal): AbortSignal {
  const databaseEnded = new AbortController()
  if (database?.hasEnded()) databaseEnded.abort()
  database?.process.once('exit', () => databaseEnded.abort())
  return AbortSignal.any([stopping, databaseEnded.signal])
}

function onWorkerd(
  options: DevOptions,
  variables: Readonly<Record<string, string>>,
  secrets: Secrets,
) {
  console.log('Starting wrangler dev.')
  const handedOn = Object.entries(variables)
    // .dev.vars holds those, and a key on a command line is a key in everyone's process list.
    .filter(([name]) => !(name in secrets))
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
  }
}
