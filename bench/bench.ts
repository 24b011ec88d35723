// npm run bench: requests per second and latency, side by side in one run, on workerd served
// directly over a real sqld. The machine decides the absolute figures; look at the ratios.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { systemRuntime } from '../src/runtime.ts'
import { issueAccessToken } from '../src/token/access-token.ts'
import { importSecretSigningKey } from '../src/token/signing-key.ts'
import { createClientOf } from '../test/support/client.ts'
import { startDatabase } from '../test/support/database.ts'
import { createKeySet } from '../test/support/issuing-service.ts'
import { testSettings } from '../test/support/settings.ts'
import { serveOnWorkerd } from '../test/support/workerd.ts'
import { measureInProcess, measureOverHttp, renderGuards, type Variant } from './guards.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const connections = 100
const seconds = Number(process.env.BENCH_SECONDS ?? 5)
/** Of each variant of the guards, in each round. */
const guardSeconds = Number(process.env.BENCH_GUARD_SECONDS ?? 2)
const bcryptCost = '4'
const directory = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))

interface Load {
  readonly name: string
  readonly url: string
  readonly request: autocannon.Request
}

const issuer = 'https://auth.example.com'
const database = await startDatabase()
const bare = await serveOnWorkerd(bundle('bench/bare-worker.ts', 'bare'), {})
const service = await serveOnWorkerd(bundle('src/worker.ts', 'service'), {
  ...testSettings,
  ISSUER: issuer,
  BCRYPT_COST: bcryptCost,
  SIGNING_KEYS: await createKeySet(),
  TURSO_DATABASE_URL: database.url,
})
const guards = await serveOnWorkerd(
  bundle('bench/guard-worker.ts', 'guards'),
  { ISSUER: issuer, SECRET_KEY: testSettings.SECRET_KEY },
  { services: { AUTH: service.baseUrl } },
)
try {
  await measureGuards()
  await measureService()
} finally {
  await Promise.all([bare.stop(), guards.stop(), service.stop(), database.stop()])
  rmSync(directory, { recursive: true, force: true })
}

async function measureGuards(): Promise<void> {
  const es256 = await createClientOf(service.baseUrl).token()
  const hs256 = await issueWithSecret()
  const variants: Variant[] = [
    { name: 'unguarded', path: '/unguarded', token: es256 },
    { name: 'requireAccessToken, ES256', path: '/guarded-es256', token: es256 },
    { name: 'requireAccessToken, HS256', path: '/guarded-hs256', token: hs256 },
    { name: 'hono/jwt, string secret', path: '/hono-jwt-string', token: hs256 },
    { name: 'hono/jwt, CryptoKey', path: '/hono-jwt-cryptokey', token: hs256 },
  ]
  const inProcess = await measureInProcess(guards.baseUrl, variants)
  const overHttp = await measureOverHttp(guards.baseUrl, variants, guardSeconds)
  console.log(`A guarded request, warm\n\n${renderGuards(inProcess, overHttp)}\n`)
}

/** A token as a service with SECRET_KEY alone signs it. */
function issueWithSecret(): Promise<string> {
  const settings = {
    issuer,
    audience: issuer,
    accessTokenLifetimeSeconds: 900,
    signingKey: () => importSecretSigningKey(testSettings.SECRET_KEY),
  }
  const subject = { userId: 1, sessionId: 's'.repeat(16), tokenGeneration: 'g'.repeat(16) }
  return issueAccessToken(settings, systemRuntime, subject)
}

async function measureService(): Promise<void> {
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
