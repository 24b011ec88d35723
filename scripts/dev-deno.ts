// npm run dev:deno, deno task dev: the same service on Deno, over a database in a file, with no server at all.

import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DevOptions, parseDevOptions, settleVariables } from './dev/options.ts'
import { ensureSecretKey } from './dev/secret-key.ts'
import { refuseTakenPort, serve, stopOnSignals } from './dev/serve.ts'
import { Failure, runCommand } from './failure.ts'
import { migrate } from './migrate-database.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

await runCommand(async () => {
  const options = parseDevOptions(
    'npm run dev:deno --',
    'Runs the service on Deno over a database in a file.',
  )
  const stopping = stopOnSignals()
  const secretKey = options.variables.SECRET_KEY ?? ensureSecretKey(join(root, '.dev.vars'))
  const variables = settleVariables(options, {
    TURSO_DATABASE_URL: `file:${join(dataDirectory(options), 'portcullis.db')}`,
    SECRET_KEY: secretKey,
  })
  await refuseTakenPort(options.port)
  const url = variables.TURSO_DATABASE_URL ?? ''
  await migrate({ url, authToken: variables.TURSO_AUTH_TOKEN }, console.log)
  if (!stopping.aborted) await serve(onDeno(options, variables), stopping)
})

function dataDirectory({ data }: DevOptions): string {
  try {
    mkdirSync(data, { recursive: true })
    return resolve(data)
  } catch {
    throw new Failure(`The folder ${data} cannot be made: choose another one with --data.`)
  }
}

function onDeno({ port }: DevOptions, variables: Record<string, string>) {
  console.log('Starting Deno.')
  return {
    name: 'Deno',
    command: join(root, 'node_modules/.bin/deno'),
    args: ['run', '--watch', '--no-prompt', '-A', join(root, 'src/deno.ts')],
    env: { ...variables, PORT: String(port), HOST: '127.0.0.1', DENO_NO_UPDATE_CHECK: '1' },
    port,
    stopSignal: 'SIGKILL' as const,
    secrets: [variables.SECRET_KEY ?? '', variables.TURSO_AUTH_TOKEN ?? ''].filter(Boolean),
  }
}
