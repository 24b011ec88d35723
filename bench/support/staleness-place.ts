// The processes of staleness.ts: one or two isolates of the service over one sqld, a busy guard,
// guards whose questions are counted, and idle isolates.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startDatabase } from '../../test/support/database.ts'
import { createKeySet } from '../../test/support/issuing-service.ts'
import { startProxy } from '../../test/support/proxy.ts'
import type { Server } from '../../test/support/server.ts'
import { testSettings } from '../../test/support/settings.ts'
import { serveOnWorkerd } from '../../test/support/workerd.ts'
import { bundleWorker } from './bundle.ts'
import { startCounter } from './counter.ts'
import { serveInIsolates } from './isolates.ts'
import { startTailCounter } from './tail-counter.ts'
import { issuer } from './tokens.ts'

/** One set-up. */
export interface Variant {
  readonly name: string
  /** Whether the guards follow the feed. */
  readonly isFollowed: boolean
  /** How far the database is away from the service. */
  readonly distanceMs: number
  /** Whether logouts come to the isolate of the service that the guards ask. */
  readonly isSameIsolate: boolean
  /** How many idle isolates there are, too. */
  readonly idleIsolates: number
}

export type Bundles = ReturnType<typeof bundleAll>

/** What guards and their service asked since the last call. */
export interface Traffic {
  /** Questions of all counted guards to the feed, streams among them. */
  readonly questions: number
  /** How often the service that the guards ask has read the end of the feed. */
  readonly tailReads: number
}

export interface Place {
  /** The service that takes logouts. */
  readonly service: string
  readonly busy: string
  /** The guards whose questions are counted. */
  readonly counted: readonly string[]
  readonly idle: readonly string[]
  take(): Traffic
  stop(): Promise<void>
}

const countedGuards = 16
/** A workerd with many isolates takes long to start, so there are two. */
const idleProcesses = 2

export function bundleAll(directory: string) {
  return {
    directory,
    service: bundleWorker(directory, 'src/worker.ts'),
    following: bundleWorker(directory, 'bench/workers/portcullis.ts'),
    pulling: bundleWorker(directory, 'bench/workers/pulling.ts'),
  }
}

export async function startPlace(bundles: Bundles, variant: Variant): Promise<Place> {
  const guard = variant.isFollowed ? bundles.following : bundles.pulling
  const services = await startServices(bundles.service, variant)
  const counter = await startCounter(services.followed)
  const folder = (name: string) => createFolder(join(bundles.directory, `${variant.name} ${name}`))
  const isolatesEach = Math.ceil(variant.idleIsolates / idleProcesses)
  const [busy, counted, ...idle] = await Promise.all([
    serveOnWorkerd(guard, {}, { services: { AUTH: services.followed } }),
    serveInIsolates(folder('counted'), guard, counter.url, countedGuards),
    ...Array.from({ length: variant.idleIsolates > 0 ? idleProcesses : 0 }, (_, number) =>
      serveInIsolates(folder(`idle ${number}`), guard, services.followed, isolatesEach),
    ),
  ])
  return {
    service: services.other,
    busy: `${busy.baseUrl}/`,
    counted: urlsIn(counted, countedGuards),
    idle: idle.flatMap((server) => urlsIn(server, isolatesEach)),
    take() {
      const { since, snapshot, check } = counter.take()
      return { questions: since + snapshot + check, tailReads: services.takeTailReads() }
    },
    async stop() {
      await Promise.all([busy, counted, ...idle].map((server) => server.stop()))
      await counter.stop()
      await services.stop()
    },
  }
}

interface ServicesOptions extends Pick<Variant, 'distanceMs' | 'isSameIsolate'> {
  /** For the isolate that guards ask. Default: none. */
  readonly inspectorPort?: number
}

/** The isolate that guards ask, and the one that takes logouts. */
export async function startServices(
  bundle: string,
  { distanceMs, isSameIsolate, ...options }: ServicesOptions,
) {
  const database = await startDatabase()
  const proxy = distanceMs > 0 ? await startProxy(database.url, distanceMs) : undefined
  const tail = await startTailCounter(proxy?.url ?? database.url)
  const settings = { ...testSettings, ISSUER: issuer, SIGNING_KEYS: await createKeySet() }
  const serve = (url: string, inspector = {}) =>
    serveOnWorkerd(bundle, { ...settings, TURSO_DATABASE_URL: url }, inspector)
  const followed = await serve(tail.url, options)
  const other = isSameIsolate ? followed : await serve(proxy?.url ?? database.url)
  return {
    followed: followed.baseUrl,
    other: other.baseUrl,
    followedPid: followed.process.pid ?? 0,
    takeTailReads: () => tail.take(),
    async stop() {
      await followed.stop()
      if (!isSameIsolate) await other.stop()
      await tail.stop()
      await proxy?.stop()
      await database.stop()
    },
  }
}

function createFolder(path: string): string {
  mkdirSync(path)
  return path
}

function urlsIn({ baseUrl }: Server, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${baseUrl}/${number}/`)
}
