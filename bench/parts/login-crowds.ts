// Measures how much many logins of strangers disturb everybody else. How long does the feed need for
// an answer, and does a guard refuse a valid token?

import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { renderTable } from '../../scripts/docs/markdown.ts'
import { type Platform, startTarget, type Target } from '../../test/contract/targets.ts'
import { bearing } from '../../test/support/client.ts'
import { createMint, guardOnWorkerd } from '../../test/support/guarded.ts'
import { createKeySet } from '../../test/support/issuing-service.ts'
import type { Crowd } from '../../test/support/login-crowd.ts'
import { until } from '../../test/support/server.ts'
import { testSettings } from '../../test/support/settings.ts'
import { bundleWorker } from '../support/bundle.ts'
import { quantile, renderCount } from '../support/table.ts'

const seconds = Number(process.env.BENCH_SECONDS ?? 10)
const cost = 10
const askEveryMs = 100

const crowds: Readonly<Record<string, Crowd>> = {
  nobody: { clients: 0 },
  '60 that wait for the answer': { clients: 60, pauseMs: 300 },
  '300 that hang up after 0.2 s': { clients: 300, hangUpAfterMs: 200, pauseMs: 800 },
}
const platforms: readonly Platform[] = ['workerd', 'Deno']

interface Asked {
  readonly latencyMs: number
  /** 0 without an answer. */
  readonly status: number
}

/** @param directory for the bundles */
export async function measureLoginCrowds(directory: string): Promise<string> {
  const service = bundleWorker(directory, 'src/worker.ts')
  const guarded = bundleWorker(join(directory, 'guarded'), 'test/support/guarded/worker.ts')
  const rows: string[][] = []
  for (const platform of platforms) rows.push(...(await measureOn(platform, service, guarded)))
  return [
    `bcrypt cost ${cost}, ${seconds} s each; meanwhile the feed and a guarded route are asked every ${askEveryMs} ms. The guard runs on workerd, with a bound of 4 s. Each client sends its next login 0.3 s after an answer, or 0.8 s after hanging up.`,
    renderTable(
      [
        ...['service on', 'logins of', 'feed p50 (ms)', 'p99', 'max', 'not 200'],
        ...['guarded p99 (ms)', 'not 200', 'logins hashed', 'answered 503', 'hung up'],
      ],
      rows,
    ),
  ].join('\n\n')
}

async function measureOn(platform: Platform, service: string, guarded: string) {
  const SIGNING_KEYS = await createKeySet()
  const settings = { BCRYPT_COST: String(cost), SIGNING_KEYS }
  const target = await startTarget(platform, service, settings)
  const { ISSUER: issuer } = testSettings
  const guard = await guardOnWorkerd(guarded, { issuer, binding: target.baseUrl })
  const token = await (await createMint(SIGNING_KEYS))(issuer)
  await until(async () => (await guard.ask(token)).status === 200)
  const rows: string[][] = []
  for (const [name, crowd] of Object.entries(crowds)) {
    rows.push([platform, name, ...(await measure(target, guard.server.baseUrl, token, crowd))])
    await delay(2_000)
  }
  await guard.server.stop()
  await target.stop()
  return rows
}

async function measure(target: Target, guardUrl: string, token: string, crowd: Crowd) {
  const stop = await startCrowd(target.baseUrl, crowd)
  const asking: Promise<Asked>[][] = []
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; ) {
    const feed = ask(`${target.baseUrl}/auth/feed/since/0`)
    asking.push([feed, ask(`${guardUrl}/bounded`, bearing(token))])
    await delay(askEveryMs)
  }
  const answers = await Promise.all(asking.map((pair) => Promise.all(pair)))
  const statuses = await stop()
  const feed = answers.flatMap(([one]) => one ?? [])
  const guarded = answers.flatMap(([, one]) => one ?? [])
  return [
    ...[renderQuantile(feed, 0.5), renderQuantile(feed, 0.99), renderQuantile(feed, 1)],
    countFailed(feed),
    ...[renderQuantile(guarded, 0.99), countFailed(guarded)],
    ...['404', '503', 'cut'].map((status) => renderCount(statuses[status] ?? 0)),
  ]
}

async function ask(url: string, init: RequestInit = {}): Promise<Asked> {
  const sentAtMs = performance.now()
  const status = await fetch(url, init).then(
    async (answer) => {
      await answer.arrayBuffer()
      return answer.status
    },
    () => 0,
  )
  return { latencyMs: performance.now() - sentAtMs, status }
}

/**
 * Runs in a thread of its own, so that it does not delay the measuring. `stop` gives its statuses.
 */
async function startCrowd(baseUrl: string, crowd: Crowd) {
  const worker = new Worker(new URL('../support/login-crowd-thread.ts', import.meta.url), {
    workerData: { baseUrl, crowd },
  })
  await new Promise((resolve) => worker.once('online', resolve))
  return async (): Promise<Readonly<Record<string, number>>> => {
    const statuses = new Promise<Record<string, number>>((resolve) => {
      worker.once('message', resolve)
    })
    worker.postMessage('stop')
    return statuses
  }
}

function renderQuantile(asked: readonly Asked[], share: number): string {
  return quantile(
    asked.map(({ latencyMs }) => latencyMs),
    share,
  ).toFixed(0)
}

function countFailed(asked: readonly Asked[]): string {
  return String(asked.filter(({ status }) => status !== 200).length)
}
