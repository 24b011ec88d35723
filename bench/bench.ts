// npm run bench: requests per second and latency, side by side in one run, on workerd served
// directly over a real sqld. The machine decides the absolute figures; look at the ratios.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { createClientOf } from '../test/support/client.ts'
import { startDatabase } from '../test/support/database.ts'
import { testSettings } from '../test/support/settings.ts'
import { serveOnWorkerd } from '../test/support/workerd.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const connections = 100
const seconds = Number(process.env.BENCH_SECONDS ?? 5)
const bcryptCost = '4'
const directory = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))

interface Load {
  readonly name: string
  readonly url: string
  readonly request: autocannon.Request
}

const database = await startDatabase()
const bare = await serveOnWorkerd(bundle('bench/bare-worker.ts', 'bare'), {})
const service = await serveOnWorkerd(bundle('src/worker.ts', 'service'), {
  ...testSettings,
  BCRYPT_COST: bcryptCost,
  TURSO_DATABASE_URL: database.url,
})
try {
  await measureAll()
} finally {
  await Promise.all([bare.stop(), service.stop(), database.stop()])
  rmSync(directory, { recursive: true, force: true })
}

async function measureAll(): Promise<void> {
  const account = { email: 'bench@example.com', password: 'a good password' }
  const { body } = await createClientOf(service.baseUrl).register(account)
  const json = { 'Content-Type': 'application/json' }
  let accounts = 0
  const freshBody = () => JSON.stringify({ ...account, email: `bench-${accounts++}@example.com` })
  const loads: Load[] = [
    { name: 'bare Hono route', url: bare.baseUrl, request: { path: '/' } },
    {
      name: 'GET /auth/status',
      url: service.baseUrl,
      request: { path: '/auth/status', headers: { Authorization: `Bearer ${body.auth_token}` } },
    },
    {
      name: 'POST /auth/register',
      url: service.baseUrl,
      request: {
        method: 'POST',
        path: '/auth/register',
        headers: json,
        setupRequest: (request) => ({ ...request, body: freshBody() }),
      },
    },
    {
      name: 'POST /auth/login',
      url: service.baseUrl,
      request: {
        method: 'POST',
        path: '/auth/login',
        headers: json,
        body: JSON.stringify(account),
      },
    },
  ]
  console.log(`${connections} connections, ${seconds} s each, bcrypt cost ${bcryptCost}\n`)
  console.log(
    '| route | requests/s | p50 (ms) | p99 (ms) | failed |\n| --- | --- | --- | --- | --- |',
  )
  for (const load of loads) await measure(load)
}

async function measure({ name, url, request }: Load): Promise<void> {
  await autocannon({ url, connections, duration: 1, requests: [request] })
  const { requests, latency, non2xx, errors, timeouts } = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: [request],
  })
  const failed = non2xx + errors + timeouts
  const rate = Math.round(requests.average).toLocaleString('en-US')
  console.log(
    `| ${name} | ${rate} | ${latency.p50} | ${latency.p99} | ${failed} of ${requests.total} |`,
  )
}

/** Bundles a Worker as it would be deployed. */
function bundle(entry: string, name: string): string {
  const outdir = join(directory, name)
  execFileSync(
    join(root, 'node_modules/.bin/wrangler'),
    ['deploy', entry, '--dry-run', '--outdir', outdir, '--env-file', '/dev/null'],
    { cwd: root, stdio: 'pipe', env: { ...process.env, WRANGLER_SEND_METRICS: 'false' } },
  )
  return join(outdir, entry.replace(/^.*\/(.*)\.ts$/, '$1.js'))
}
