// Many isolates of one guarded Worker in one workerd, like those of a quiet Worker on Cloudflare.
// Each knows only the answers to its own questions.

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findFreePort } from '../../scripts/ports.ts'
import { type Server, startServer } from '../../test/support/server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const workerd = join(root, 'node_modules/.bin/workerd')

/** Hands `/7/path` on to isolate 7, as `/path`. */
const front = `export default {
  fetch(request, env) {
    const url = new URL(request.url)
    const [, number, ...rest] = url.pathname.split('/')
    url.pathname = '/' + rest.join('/')
    return env['ISOLATE_' + number].fetch(new Request(url, request))
  },
}
`

/**
 * Serves `bundle` in a number of isolates, at `baseUrl/0/` and so on. In each, the service is bound
 * to AUTH.
 *
 * @param directory for its configuration
 */
export async function serveInIsolates(
  directory: string,
  bundle: string,
  service: string,
  count: number,
): Promise<Server> {
  const port = await findFreePort()
  copyFileSync(bundle, join(directory, 'isolate.js'))
  writeFileSync(join(directory, 'front.js'), front)
  const file = join(directory, 'isolates.capnp')
  writeFileSync(file, configuration(port, new URL(service).host, count))
  return startServer(workerd, ['serve', file], port)
}

function configuration(port: number, serviceAddress: string, count: number): string {
  const names = Array.from({ length: count }, (_, index) => `ISOLATE_${index}`)
  const services = names.map((name) => `(name = "${name}", worker = .isolate)`)
  const bindings = names.map((name) => `(name = "${name}", service = "${name}")`)
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "front", worker = .front),
    (name = "AUTH", external = (address = "${serviceAddress}", http = ())),
    ${services.join(',\n    ')}
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "front")]
);
const front :Workerd.Worker = (
  modules = [(name = "front.js", esModule = embed "front.js")],
  compatibilityDate = "${compatibilityDate()}",
  bindings = [${bindings.join(', ')}]
);
const isolate :Workerd.Worker = (
  modules = [(name = "isolate.js", esModule = embed "isolate.js")],
  compatibilityDate = "${compatibilityDate()}",
  bindings = [(name = "AUTH", service = "AUTH")]
);
`
}

function compatibilityDate(): string {
  const configuration = readFileSync(join(root, 'wrangler.toml'), 'utf8')
  return /^compatibility_date = "([\d-]+)"$/m.exec(configuration)?.[1] ?? ''
}
