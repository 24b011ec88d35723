// Everything that is compared, on workerd, over one database some distance away.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startDatabase, type TestDatabase } from '../../test/support/database.ts'
import { startProxy } from '../../test/support/proxy.ts'
import { testSettings } from '../../test/support/settings.ts'
import { serveOnWorkerd } from '../../test/support/workerd.ts'
import { bundleWorker } from './bundle.ts'
import { issuer } from './tokens.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export const secret = testSettings.SECRET_KEY

export type Bundles = ReturnType<typeof bundleAll>

/** The base URLs of the alternatives. */
export interface Place {
  readonly distanceMs: number
  readonly database: TestDatabase
  readonly bare: string
  readonly service: string
  readonly portcullis: string
  readonly alternatives: string
  readonly betterAuth: string
  readonly betterAuthCookie: string
  readonly betterAuthJwt: string
  /** Round trips to the database since the last call. Undefined where they are not counted. */
  takeRoundTrips(): number | undefined
  stop(): Promise<void>
}

export function bundleAll(directory: string) {
  return {
    service: bundleWorker(directory, 'src/worker.ts'),
    bare: bundleWorker(directory, 'bench/workers/bare.ts'),
    portcullis: bundleWorker(directory, 'bench/workers/portcullis.ts'),
    alternatives: bundleWorker(directory, 'bench/workers/alternatives.ts'),
    betterAuth: bundleWorker(directory, 'bench/workers/better-auth.ts'),
    betterAuthJwt: bundleWorker(directory, 'bench/workers/better-auth-jwt.ts'),
  }
}

/** The service's database, with Better Auth's tables and the table of revoked token ids. */
export async function startSharedDatabase(): Promise<TestDatabase> {
  const database = await startDatabase()
  const schema = execFileSync(
    join(root, 'node_modules/.bin/drizzle-kit'),
    ['export', '--sql', '--dialect=sqlite', '--schema=bench/support/better-auth-schema.ts'],
    { cwd: root, encoding: 'utf8' },
  )
  for (const statement of schema.split(/;\s*\n/)) {
    if (statement.trim() !== '') await database.query(statement)
  }
  await database.query('CREATE TABLE bench_revoked_tokens (id TEXT PRIMARY KEY) WITHOUT ROWID')
  return database
}

/** Starts all of it. Without a distance, requests go straight to the database. */
export async function startPlace(
  bundles: Bundles,
  database: TestDatabase,
  signingKeys: string,
  distanceMs: number,
): Promise<Place> {
  const proxy = distanceMs > 0 ? await startProxy(database.url, distanceMs) : undefined
  const TURSO_DATABASE_URL = proxy?.url ?? database.url
  const settings = { ISSUER: issuer, SECRET_KEY: secret, TURSO_DATABASE_URL }
  const [service, betterAuth, betterAuthCookie, betterAuthJwt] = await Promise.all([
    serveOnWorkerd(bundles.service, { ...testSettings, ...settings, SIGNING_KEYS: signingKeys }),
    serveOnWorkerd(bundles.betterAuth, { ...settings, SESSION_CACHE: 'none' }),
    serveOnWorkerd(bundles.betterAuth, { ...settings, SESSION_CACHE: 'cookie' }),
    serveOnWorkerd(bundles.betterAuthJwt, settings),
  ])
  const services = { AUTH: service.baseUrl, BETTER_AUTH: betterAuthJwt.baseUrl }
  const [bare, portcullis, alternatives] = await Promise.all([
    serveOnWorkerd(bundles.bare, {}),
    serveOnWorkerd(bundles.portcullis, {}, { services: { AUTH: service.baseUrl } }),
    serveOnWorkerd(bundles.alternatives, settings, { services }),
  ])
  const servers = [
    bare,
    service,
    portcullis,
    alternatives,
    betterAuth,
    betterAuthCookie,
    betterAuthJwt,
  ]
  return {
    distanceMs,
    database,
    bare: bare.baseUrl,
    service: service.baseUrl,
    portcullis: portcullis.baseUrl,
    alternatives: alternatives.baseUrl,
    betterAuth: betterAuth.baseUrl,
    betterAuthCookie: betterAuthCookie.baseUrl,
    betterAuthJwt: betterAuthJwt.baseUrl,
    takeRoundTrips() {
      const count = proxy?.count()
      proxy?.reset()
      return count
    },
    async stop() {
      await Promise.all(servers.map((server) => server.stop()))
      await proxy?.stop()
    },
  }
}
