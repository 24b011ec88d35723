// The Worker's bundle on workerd itself, with no proxy between it and its clients.

import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findFreePort } from '../../scripts/ports.ts'
import { type Server, startServer } from './server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const workerd = join(root, 'node_modules/.bin/workerd')

/** Service bindings by name: the base URLs of the processes behind them. */
type Services = Readonly<Record<string, string>>

interface WorkerdOptions {
  readonly services?: Services
  readonly port?: number
  /** Where a debugger may connect, on loopback. Default: nowhere. */
  readonly inspectorPort?: number
  /** Certificates in PEM that are trusted beside the public ones. */
  readonly trusted?: readonly string[]
}

/** Serves `bundle` with the given variables and service bindings. */
export async function serveOnWorkerd(
  bundle: string,
  variables: Readonly<Record<string, string>>,
  { services = {}, port: wanted, inspectorPort, trusted = [] }: WorkerdOptions = {},
): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-workerd-'))
  const port = wanted ?? (await findFreePort())
  copyFileSync(bundle, join(directory, 'worker.js'))
  // The bundle imports these by their names.
  const wasm = readdirSync(dirname(bundle)).filter((name) => name.endsWith('.wasm'))
  for (const name of wasm) copyFileSync(join(dirname(bundle), name), join(directory, name))
  writeFileSync(
    join(directory, 'config.capnp'),
    configuration(port, variables, services, wasm, trusted),
  )
  const inspector = inspectorPort ? [`--inspector-addr=127.0.0.1:${inspectorPort}`] : []
  const args = ['serve', ...inspector, join(directory, 'config.capnp')]
  const server = await startServer(workerd, args, port)
  const stop = async () => {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  return { ...server, stop }
}

function configuration(
  port: number,
  variables: Readonly<Record<string, string>>,
  services: Services,
  wasm: readonly string[],
  trusted: readonly string[],
): string {
  const bindings = Object.entries(variables).map(
    ([name, value]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(value)})`,
  )
  const others = Object.entries(services).map(([name, url]) => {
    bindings.push(`(name = "${name}", service = "${name}")`)
    return `(name = "${name}", external = (address = "${new URL(url).host}", http = ())),`
  })
  const modules = [
    '(name = "worker.js", esModule = embed "worker.js")',
    ...wasm.map((name) => `(name = "${name}", wasm = embed "${name}")`),
  ]
  const certificates = trusted.map((pem) => JSON.stringify(pem)).join(', ')
  const tls = `tlsOptions = (trustBrowserCas = true, trustedCertificates = [${certificates}])`
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    ${others.join('\n    ')}
    (name = "internet", network = (allow = ["public", "private", "local"], ${tls}))
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [${modules.join(', ')}],
  compatibilityDate = "${compatibilityDate()}",
  bindings = [${bindings.join(', ')}]
);
`
}

function compatibilityDate(): string {
  const configuration = readFileSync(join(root, 'wrangler.toml'), 'utf8')
  return /^compatibility_date = "([\d-]+)"$/m.exec(configuration)?.[1] ?? ''
}
