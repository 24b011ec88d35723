// Measures what the limits do and cost. How many passwords of one account do 64 connections from
// spoofed addresses get checked, over two processes? Does a flood of logins disturb guards, and does
// a known device get in? What does counting an attempt cost?

import { setTimeout as delay } from 'node:timers/promises'
import { renderTable } from '../../scripts/docs/markdown.ts'
import { limitSettings, limitsOf } from '../../src/service/config/limit-settings.ts'
import { createAttemptKeyMaker } from '../../src/service/domain/limits/attempt-keys.ts'
import { readBatch } from '../../src/service/store/database.ts'
import { findAccountToLogIn } from '../../src/service/store/password-checks.ts'
import { openRemoteDatabase } from '../../src/service/store/remote-database.ts'
import { isAccountOf, selectCheckedAccountStatement } from '../../src/service/store/users.ts'
import { bearing } from '../../test/support/client.ts'
import { startDatabase, type TestDatabase } from '../../test/support/database.ts'
import { createMint, guardOnWorkerd } from '../../test/support/guarded.ts'
import { createKeySet } from '../../test/support/issuing-service.ts'
import { startProxy } from '../../test/support/proxy.ts'
import { type Server, until } from '../../test/support/server.ts'
import { testSettings } from '../../test/support/settings.ts'
import { serveOnWorkerd } from '../../test/support/workerd.ts'
import { bundleWorker } from '../support/bundle.ts'
import { quantile, renderCount } from '../support/table.ts'

const connections = 64
const seconds = Number(process.env.BENCH_SECONDS ?? 10)
const rounds = Number(process.env.BENCH_ABUSE_ROUNDS ?? 300)
const distanceMs = 30
const { ISSUER: issuer, SECRET_KEY: secretKey } = testSettings
const account = { email: 'ada@example.com', password: 'a good password' }
const json = { 'Content-Type': 'application/json' }

interface Login {
  readonly status: number
  readonly latencyMs: number
  readonly body: { readonly device_token?: string }
}

/** @param directory for the bundles */
export async function measureAbuse(directory: string): Promise<string> {
  const service = bundleWorker(directory, 'src/worker.ts')
  const guarded = bundleWorker(`${directory}/guarded`, 'test/support/guarded/worker.ts')
  return [
    await measureGuesses(service),
    await measureFlood(service, guarded),
    await measureCost(),
  ].join('\n\n')
}

async function startServices(bundle: string, count: number, more: Record<string, string>) {
  const database = await startDatabase()
  const settings = {
    ...testSettings,
    LIMITS: 'normal',
    LOGINS_PER_ADDRESS: '100000',
    TURSO_DATABASE_URL: database.url,
    SIGNING_KEYS: await createKeySet(),
    ...more,
  }
  const servers: Server[] = []
  for (let started = 0; started < count; started += 1) {
    servers.push(await serveOnWorkerd(bundle, settings))
  }
  const stop = async () => {
    for (const server of servers) await server.stop()
    await database.stop()
  }
  return { database, settings, urls: servers.map(({ baseUrl }) => baseUrl), stop }
}

async function logIn(url: string, body: object, address: string): Promise<Login> {
  const sentAtMs = performance.now()
  const answer = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { ...json, 'CF-Connecting-IP': address },
    body: JSON.stringify(body),
  })
  const answered = (await answer.json()) as Login['body']
  return { status: answer.status, latencyMs: performance.now() - sentAtMs, body: answered }
}

async function register(url: string): Promise<string> {
  const init = { method: 'POST', headers: json, body: JSON.stringify(account) }
  const answer = await fetch(`${url}/auth/register`, init)
  return ((await answer.json()) as { device_token: string }).device_token
}

/** Wrong passwords for one account, each from another address. */
async function measureGuesses(bundle: string): Promise<string> {
  const place = await startServices(bundle, 2, { BCRYPT_COST: '4' })
  try {
    const [url = ''] = place.urls
    const deviceToken = await register(url)
    const statuses = await guessFor(seconds * 1_000, place.urls)
    const counted = await countOf(place.database)
    const device = await logIn(url, { ...account, device_token: deviceToken }, '203.0.113.1')
    const unknown = await logIn(url, account, '203.0.113.2')
    const { MAX_ATTEMPTS } = limitSettings
    return [
      `Wrong passwords for one account from ${connections} connections to two processes, each from another address, for ${seconds} s. The limit is ${MAX_ATTEMPTS.fallback}.`,
      renderTable(
        ['sent', 'checked (404)', 'blocked (429)', 'other', 'count in the database'],
        [[...statuses.map(renderCount), renderCount(counted)]],
      ),
      `After that, the right password from a known device is answered ${device.status}, and from an unknown one ${unknown.status}.`,
    ].join('\n\n')
  } finally {
    await place.stop()
  }
}

/** Sent, checked, blocked, and others. */
async function guessFor(forMs: number, urls: readonly string[]): Promise<number[]> {
  const end = performance.now() + forMs
  const statuses: number[] = []
  const guess = async (connection: number) => {
    for (let sent = 0; performance.now() < end; sent += 1) {
      const address = `198.18.${connection}.${sent % 256}`
      const url = urls[connection % urls.length] ?? ''
      statuses.push((await logIn(url, { ...account, password: 'a guess' }, address)).status)
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, connection) => guess(connection)))
  const of = (status: number) => statuses.filter((one) => one === status).length
  const others = statuses.length - of(404) - of(429)
  return [statuses.length, of(404), of(429), others]
}

async function countOf({ query }: TestDatabase): Promise<number> {
  const key = await createAttemptKeyMaker({ secretKey }).ofAccount('login', account.email)
  const [row] = await query('SELECT count FROM portcullis_attempts WHERE key = ?', key)
  return Number(row?.count ?? 0)
}

/** Logins of strangers for accounts that do not exist, at the default cost of a hash. */
async function measureFlood(bundle: string, guarded: string): Promise<string> {
  const place = await startServices(bundle, 1, { BCRYPT_COST: '10' })
  const [url = ''] = place.urls
  const guard = await guardOnWorkerd(guarded, { issuer, binding: url })
  try {
    const token = await (await createMint(place.settings.SIGNING_KEYS))(issuer)
    await until(async () => (await guard.ask(token)).status === 200)
    const deviceToken = await register(url)
    const flood = startFlood(url)
    const guards = askGuard(`${guard.server.baseUrl}/bounded`, token)
    const devices = logInAgain(url, deviceToken)
    await delay(seconds * 1_000)
    const [strangers, asked, known] = await Promise.all([flood(), guards(), devices()])
    return [
      `Logins of ${connections} strangers, bcrypt cost 10, for ${seconds} s. Meanwhile a guarded route is asked every 100 ms, and a known device logs in every second.`,
      renderTable(
        ['who', 'requests', 'let through', 'answered 503', 'p50 (ms)', 'p99 (ms)', 'max (ms)'],
        [
          rowOf('guarded requests', asked, 200),
          rowOf('a known device', known, 200),
          rowOf('strangers', strangers, 404),
          rowOf('of those, shed', strangers.filter(isShed), 503),
        ],
      ),
    ].join('\n\n')
  } finally {
    await guard.server.stop()
    await place.stop()
  }
}

type Asked = Pick<Login, 'status' | 'latencyMs'>

const isShed = ({ status }: Asked) => status === 503

function rowOf(name: string, asked: readonly Asked[], passed: number): string[] {
  const latencies = asked.map(({ latencyMs }) => latencyMs)
  return [
    name,
    renderCount(asked.length),
    renderCount(asked.filter(({ status }) => status === passed && passed !== 503).length),
    renderCount(asked.filter(isShed).length),
    ...[0.5, 0.99, 1].map((share) => quantile(latencies, share).toFixed(0)),
  ]
}

/** Each stranger sends the next login 0.3 s after an answer. The result stops it. */
function startFlood(url: string): () => Promise<Asked[]> {
  return repeat(connections, 300, (client, sent) => {
    const email = `nobody-${client}-${sent}@example.com`
    return logIn(url, { email, password: 'a guess' }, `198.18.${client}.${sent % 256}`)
  })
}

function askGuard(url: string, token: string): () => Promise<Asked[]> {
  return repeat(1, 100, async () => {
    const sentAtMs = performance.now()
    const answer = await fetch(url, bearing(token))
    await answer.arrayBuffer()
    return { status: answer.status, latencyMs: performance.now() - sentAtMs }
  })
}

function logInAgain(url: string, deviceToken: string): () => Promise<Asked[]> {
  return repeat(1, 1_000, () =>
    logIn(url, { ...account, device_token: deviceToken }, '203.0.113.1'),
  )
}

function repeat(
  clients: number,
  pauseMs: number,
  ask: (client: number, sent: number) => Promise<Asked>,
): () => Promise<Asked[]> {
  const asked: Asked[] = []
  let isOver = false
  const run = async (client: number) => {
    for (let sent = 0; !isOver; sent += 1) {
      asked.push(await ask(client, sent))
      await delay(pauseMs)
    }
  }
  const running = Array.from({ length: clients }, (_, client) => run(client))
  return async () => {
    isOver = true
    await Promise.all(running)
    return asked
  }
}

/** The first round trip of a login, with and without counting. In turn, over the same database. */
async function measureCost(): Promise<string> {
  const database = await startDatabase()
  const proxy = await startProxy(database.url, distanceMs)
  try {
    const rows = [await costRow('0', database.url), await costRow(String(distanceMs), proxy.url)]
    return [
      `The first round trip of a login, one at a time: the median of ${rounds} rounds in turn, in ms.`,
      renderTable(
        ['database away (ms)', 'reads the hash', 'counts the attempt and reads the hash', 'added'],
        rows,
      ),
    ].join('\n\n')
  } finally {
    await proxy.stop()
    await database.stop()
  }
}

const entry = { event: 'login', actor: 'user' } as const

async function costRow(distance: string, url: string): Promise<string[]> {
  const database = openRemoteDatabase({ url })
  const { attempts } = limitsOf(defaultLimits())
  const keyMaker = createAttemptKeyMaker({ secretKey })
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    const email = `nobody-${round}@example.com`
    const accountKey = await keyMaker.ofAccount('login', email)
    const source = await keyMaker.ofSource(accountKey, 'network', '192.0.2.1')
    const keys = { account: accountKey, source, device: undefined }
    times[0].push(
      await timeOf(() =>
        readBatch(database, { found: selectCheckedAccountStatement(isAccountOf([email])) }),
      ),
    )
    times[1].push(await timeOf(() => findAccountToLogIn(database, [email], keys, attempts, entry)))
  }
  const [read = 0, counted = 0] = times.map((one) => quantile(one, 0.5))
  return [distance, ...[read, counted, counted - read].map((ms) => ms.toFixed(1))]
}

function defaultLimits(): Parameters<typeof limitsOf>[0] {
  const entries = Object.entries(limitSettings).map(([name, { fallback }]) => [name, fallback])
  return Object.fromEntries(entries)
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const beganAtMs = performance.now()
  await work()
  return performance.now() - beganAtMs
}
