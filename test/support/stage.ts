// One service and any number of its guards. Each guard has its own path to the service, so that a
// broken proxy affects only its own guard.

import { fileURLToPath } from 'node:url'
import { type Bundle, bundleWorker } from './bundle.ts'
import type { TestDatabase } from './database.ts'
import {
  createMint,
  type Guarded,
  guardOnDeno,
  guardOnNode,
  guardOnWorkerd,
  revoke,
  revokeAgain,
} from './guarded.ts'
import { startIssuingService } from './issuing-service.ts'
import { type DatabaseProxy, startProxy } from './proxy.ts'

const worker = fileURLToPath(new URL('./guarded/worker.ts', import.meta.url))
const bun = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url))
const overDatabase = fileURLToPath(new URL('./guarded/over-database.ts', import.meta.url))

/** How a guard learns of revocations: from the service, through the proxy, or from its database. */
export type Way =
  | 'over HTTP'
  | 'over a service binding'
  | 'on Deno'
  | 'on Node'
  | 'on Bun'
  | 'over the database'

/** A session that is revoked before any guard starts, whatever the issuer of its tokens. */
export const revokedSession = 'a-session-revoke'

export interface GuardedByProxy extends Guarded {
  readonly proxy: DatabaseProxy
}

interface Between {
  readonly url: string
  stop(): Promise<void>
}

interface GuardOptions {
  /** The process of the service that its proxy leads to. Default: the stage's own. */
  readonly of?: string
  /** Default: the lowest bound. */
  readonly maxStalenessSeconds?: number | undefined
}

/** Starts a service from its bundle, and its guards. Default: over a database of its own. */
export async function startStage(
  serviceBundle: string,
  variables: Readonly<Record<string, string>> = {},
  elsewhere?: Pick<TestDatabase, 'query'>,
) {
  const service = await startIssuingService(serviceBundle, variables)
  const mint = await createMint(service.settings.SIGNING_KEYS)
  const database = elsewhere ?? service.database
  await revoke(database, await mint(service.issuer, revokedSession))
  const bundle = bundleWorker('wrangler.toml', worker)
  let databaseBundle: Bundle | undefined
  const stops: (() => Promise<unknown>)[] = [
    service.stop,
    async () => bundle.remove(),
    async () => databaseBundle?.remove(),
  ]

  function startOverDatabase(issuer: string): Promise<Guarded> {
    databaseBundle ??= bundleWorker('wrangler.toml', overDatabase)
    return guardOnWorkerd(databaseBundle.file, { issuer, databaseUrl: service.database.url })
  }

  function startOn(way: Way, url: string, maxStalenessSeconds?: number): Promise<Guarded> {
    if (way === 'on Deno') return guardOnDeno(url)
    if (way === 'on Node')
      return guardOnNode(process.execPath, { issuer: url, maxStalenessSeconds })
    if (way === 'on Bun') return guardOnNode(bun, { issuer: url, maxStalenessSeconds })
    if (way === 'over the database') return startOverDatabase(url)
    const isBound = way === 'over a service binding'
    // Over the binding, the issuer can be the service's own.
    const place = isBound ? { issuer: service.issuer, binding: url } : { issuer: url }
    return guardOnWorkerd(bundle.file, { ...place, maxStalenessSeconds })
  }

  /** Starts a guard, optionally with something between it and its proxy. */
  async function startGuard(
    way: Way = 'over HTTP',
    putBefore?: (proxyUrl: string) => Promise<Between>,
    { of = service.issuer, maxStalenessSeconds }: GuardOptions = {},
  ): Promise<GuardedByProxy> {
    const proxy = await startProxy(of)
    stops.push(proxy.stop)
    const between = await putBefore?.(proxy.url)
    if (between) stops.push(between.stop)
    const guard = await startOn(way, between?.url ?? proxy.url, maxStalenessSeconds)
    stops.push(guard.server.stop)
    return { ...guard, proxy }
  }
  return {
    service,
    mint,
    startGuard,
    /** When it resolves, the revocation is stored. */
    revoke: (token: string) => revoke(database, token),
    revokeAgain: (token: string) => revokeAgain(database, token),
    stop: () => Promise.all(stops.map((stop) => stop())),
  }
}

export type Stage = Awaited<ReturnType<typeof startStage>>
