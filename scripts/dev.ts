// npm run dev: the service on real workerd, over a real libSQL server, without any account
// elsewhere.

import { join } from 'node:path'
import { Failure } from '../src/cli/failure.ts'
import { migrate } from '../src/cli/migrate-database.ts'
import { settings } from '../src/service/config/settings.ts'
import { isFileUrl } from '../src/service/store/node/database-file.ts'
import { issuerPath } from '../src/token/issuer.ts'
import {
  createDatabaseAccess,
  type DatabaseAccess,
  writeDatabaseVariables,
} from './dev/database-access.ts'
import { refuseTakenPlaces } from './dev/free-places.ts'
import {
  type DevOptions,
  parseDevOptions,
  root,
  type Settled,
  settleVariables,
  takeDataDirectory,
} from './dev/options.ts'
import { type DevOutbox, startOutbox } from './dev/outbox/start.ts'
import { prepareReference } from './dev/reference.ts'
import { ensureSecrets, type Secrets } from './dev/secrets.ts'
import { serve } from './dev/serve.ts'
import { quoteForShell } from './dev/shell.ts'
import { runUntilStopped } from './dev/stopping.ts'
import { keepPrivate } from './keep-private.ts'
import { type Sqld, startSqld } from './sqld.ts'

const wrangler = join(root, 'node_modules/.bin/wrangler')
/** The secrets that wrangler.toml lists. wrangler takes them from its environment. */
const secretNames = ['SECRET_KEY', 'SIGNING_KEYS', 'TURSO_AUTH_TOKEN']

await runUntilStopped(async (stopping) => {
  // For the files that sqld and wrangler make: only their owner reads them.
  process.umask(0o077)
  const options = parseDevOptions(
    'npm run dev --',
    'Runs the service on workerd over a libSQL server, both on this machine.',
  )
  const outbox = await startOutbox(options.variables)
  await run(options, outbox, stopping).finally(outbox.close)
})

async function run(options: DevOptions, outbox: DevOutbox, stopping: AbortSignal): Promise<void> {
  const secrets = await ensureSecrets(join(root, '.dev.vars'), options.variables)
  const access = options.variables.TURSO_DATABASE_URL ? undefined : createDatabaseAccess()
  const settled = await settle(options, {
    ...outbox.variables,
    ...secrets,
    ...(access && { TURSO_AUTH_TOKEN: access.token }),
  })
  const { databaseUrl: url, databaseAuthToken: authToken } = settled.config
  await refuseTakenPlaces(access ? options : { port: options.port })
  const database = access && (await startDatabase(options, access, settled, stopping))
  try {
    await migrate({ url, authToken, stopping }, console.log)
    const ending = endsWith(database?.sqld, stopping)
    if (!ending.aborted) await serve(onWorkerd(options, settled, outbox.url), settled, ending)
    if (database?.sqld.hasEnded())
      throw new Failure('sqld has ended by itself: run `npm run dev` again.')
  } finally {
    await database?.stop()
  }
}

async function settle(options: DevOptions, own: Secrets) {
  const settled = await settleVariables(options, {
    TURSO_DATABASE_URL: databaseUrlOf(options),
    ...own,
  })
  if (isFileUrl(settled.config.databaseUrl)) {
    throw new Failure('Workers have no files: use `npm run dev:deno` for a file: database.')
  }
  return settled
}

async function startDatabase(
  options: DevOptions,
  access: DatabaseAccess,
  { variables }: Settled,
  stopping: AbortSignal,
) {
  const { databasePort: port, data } = options
  const directory = join(data, 'sqld')
  takeDataDirectory(options)
  keepPrivate(directory)
  console.log(`Starting sqld on port ${port}, with its data in ${directory}.`)
  const file = join(data, 'database.env')
  const removeVariables = writeDatabaseVariables(file, {
    TURSO_DATABASE_URL: databaseUrlOf(options),
    TURSO_AUTH_TOKEN: access.token,
    ...rulesOfAccounts(variables),
  })
  try {
    const sqld = await startSqld({ port, directory, authKey: access.publicKey, stopping })
    console.log(
      `To use this database with your own tools, run in their shell: set -a; . ${quoteForShell(file)}; set +a`,
    )
    return { sqld, stop: () => sqld.stop().finally(removeVariables) }
  } catch (error) {
    removeVariables()
    throw error
  }
}

/** The settings that `users create` reads, so that it has the same rules as this service. */
function rulesOfAccounts(variables: Settled['variables']): Record<string, string> {
  const names = ['EMAIL_DOMAINS', 'PASSWORD_POLICY', 'PASSWORD_MIN_LENGTH', 'BCRYPT_COST']
  return Object.fromEntries(Object.entries(variables).filter(([name]) => names.includes(name)))
}

function databaseUrlOf({ databasePort }: DevOptions): string {
  return `http://127.0.0.1:${databasePort}`
}

/** The service cannot run without its database: when the database ends, everything ends. */
function endsWith(database: Sqld | undefined, stopping: AbortSignal): AbortSignal {
  const databaseEnded = new AbortController()
  if (database?.hasEnded()) databaseEnded.abort()
  database?.process.once('exit', () => databaseEnded.abort())
  return AbortSignal.any([stopping, databaseEnded.signal])
}

function onWorkerd(
  options: DevOptions,
  { variables, config }: Settled,
  outboxUrl: string | undefined,
) {
  // To the page, the service is on the page's own origin.
  const reference = prepareReference(options, issuerPath(config.issuer) || '/')
  console.log('Starting wrangler dev.')
  // The service gets only the settings of this command: none comes from the user's shell.
  const unset = Object.fromEntries(Object.keys(settings).map((name) => [name, undefined]))
  const handedOn = Object.entries(variables)
    // A key on a command line is visible in the process list.
    .filter(([name]) => !secretNames.includes(name))
    .flatMap(([name, value]) => ['--var', `${name}:${value}`])
  return {
    name: 'wrangler dev',
    command: wrangler,
    args: [
      'dev',
      ...['--cwd', root, '--ip', '127.0.0.1', '--port', String(options.port)],
      ...['--inspector-port', '0', '--show-interactive-dev-session=false'],
      // Without an env file, wrangler would read .dev.vars instead of its environment.
      ...['--env-file', '/dev/null'],
      // The reference's files come first. The service answers everything else, as without them.
      ...(reference ? ['--assets', reference] : []),
      ...handedOn,
    ],
    env: {
      ...unset,
      ...Object.fromEntries(secretNames.map((name) => [name, variables[name] ?? ''])),
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    },
    port: options.port,
    hasBinding: true,
    referenceUrl: reference && `http://127.0.0.1:${options.port}/docs`,
    outboxUrl,
    stopSignal: 'SIGTERM' as const,
  }
}
