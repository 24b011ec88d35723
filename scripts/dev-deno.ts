// npm run dev:deno, deno task dev: the same service on Deno, over a database in a file, without a
// database server.

import { join } from 'node:path'
import { migrate } from '../src/cli/migrate-database.ts'
import { settings } from '../src/service/config/settings.ts'
import { issuerPath } from '../src/token/issuer.ts'
import { refuseTakenPlaces } from './dev/free-places.ts'
import {
  type DevOptions,
  parseDevOptions,
  root,
  settleVariables,
  takeDataDirectory,
} from './dev/options.ts'
import { type DevOutbox, startOutbox } from './dev/outbox/start.ts'
import { prepareReference } from './dev/reference.ts'
import { type ReferenceServer, serveReference } from './dev/reference-server.ts'
import { ensureSecrets } from './dev/secrets.ts'
import { serve } from './dev/serve.ts'
import { runUntilStopped } from './dev/stopping.ts'
import { keepPrivate } from './keep-private.ts'

/** Under `deno task` this is the running Deno, because Node may be missing. */
const deno = 'deno' in process.versions ? process.execPath : join(root, 'node_modules/.bin/deno')
/** The permissions of `deno task start`. */
const permissions = ['net', 'env', 'read', 'write', 'ffi', 'sys'].map((name) => `--allow-${name}`)

await runUntilStopped(async (stopping) => {
  // For the files that Deno makes: only their owner reads them.
  process.umask(0o077)
  const options = parseDevOptions(
    'npm run dev:deno --',
    'Runs the service on Deno over a database in a file.',
  )
  const outbox = await startOutbox(options.variables)
  await run(options, outbox, stopping).finally(outbox.close)
})

async function run(options: DevOptions, outbox: DevOutbox, stopping: AbortSignal): Promise<void> {
  const file = join(options.data, 'portcullis.db')
  const settled = await settleVariables(options, {
    TURSO_DATABASE_URL: `file:${file}`,
    ...outbox.variables,
    ...(await ensureSecrets(join(root, '.dev.vars'), options.variables)),
  })
  const url = settled.config.databaseUrl
  const { port, data } = options
  const isOwnFile = !options.variables.TURSO_DATABASE_URL
  await refuseTakenPlaces({ port, data: isOwnFile ? data : undefined })
  if (isOwnFile) {
    takeDataDirectory(options)
    for (const suffix of ['', '-wal', '-shm']) keepPrivate(`${file}${suffix}`)
  }
  await migrate({ url, authToken: settled.config.databaseAuthToken, stopping }, console.log)
  if (stopping.aborted) return
  const folder = prepareReference(
    options,
    `http://127.0.0.1:${options.port}${issuerPath(settled.config.issuer)}`,
  )
  // The service runs as it is deployed, and serves no files. So the page has a port of its own.
  const reference = folder ? await serveReference(folder) : undefined
  try {
    await serve(onDeno(options, settled.variables, { reference, outbox }), settled, stopping)
  } finally {
    reference?.close()
  }
}

function onDeno(
  { port }: DevOptions,
  variables: Readonly<Record<string, string>>,
  { reference, outbox }: { reference: ReferenceServer | undefined; outbox: DevOutbox },
) {
  console.log('Starting Deno.')
  // The service gets only the settings of this command, as on workerd: none comes from the user's
  // shell.
  const unset = Object.fromEntries(Object.keys(settings).map((name) => [name, undefined]))
  return {
    name: 'Deno',
    command: deno,
    args: ['run', '--watch', '--no-prompt', ...permissions, join(root, 'src/deno.ts')],
    env: {
      ...unset,
      ...variables,
      PORT: String(port),
      HOST: '127.0.0.1',
      DENO_NO_UPDATE_CHECK: '1',
    },
    port,
    hasBinding: false,
    referenceUrl: reference?.url,
    outboxUrl: outbox.url,
    stopSignal: 'SIGKILL' as const,
  }
}
