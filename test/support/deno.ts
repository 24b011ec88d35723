// The service on Deno, over a database in a file.

import { fileURLToPath } from 'node:url'
import { findFreePort } from '../../scripts/ports.ts'
import { type Server, startServer } from './server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Serves the service with these variables and the permissions of `deno task start`. */
export async function serveOnDeno(variables: Readonly<Record<string, string>>): Promise<Server> {
  const permissions = ['net', 'env', 'read', 'write', 'ffi', 'sys'].map((name) => `--allow-${name}`)
  return serveFile('src/deno.ts', permissions, variables)
}

/** Serves a Worker, that is, the `fetch` of its default export. It gets no bindings. */
export async function serveWorkerOnDeno(
  file: string,
  permissions: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<Server> {
  const port = await findFreePort()
  const address = ['--host', '127.0.0.1', '--port', String(port)]
  const args = ['serve', '--no-prompt', ...permissions, ...address, `${root}${file}`]
  const env = { ...variables, DENO_NO_UPDATE_CHECK: '1' }
  return startServer(`${root}node_modules/.bin/deno`, args, port, env)
}

/** Serves any other program, which takes its port from `PORT`. */
export async function serveFile(
  file: string,
  permissions: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<Server> {
  const port = await findFreePort()
  const args = ['run', '--no-prompt', ...permissions, `${root}${file}`]
  const env = { ...variables, PORT: String(port), DENO_NO_UPDATE_CHECK: '1' }
  return startServer(`${root}node_modules/.bin/deno`, args, port, env)
}
