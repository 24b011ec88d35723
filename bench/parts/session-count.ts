// Measures whether the number of sessions matters. A login and the requests that follow it run one
// after the other. They run in turn over a database with few sessions and over databases with many.

import { renderTable } from '../../scripts/docs/markdown.ts'
import { createClientOf, freshEmail, tokensOf } from '../../test/support/client.ts'
import { type ServedDatabase, startDatabase } from '../../test/support/database.ts'
import { createKeySet } from '../../test/support/issuing-service.ts'
import type { Server } from '../../test/support/server.ts'
import { testSettings } from '../../test/support/settings.ts'
import { serveOnWorkerd } from '../../test/support/workerd.ts'
import { bundleWorker } from '../support/bundle.ts'
import { quantile, renderCount } from '../support/table.ts'
import { issuer } from '../support/tokens.ts'

const rounds = Number(process.env.BENCH_SESSION_ROUNDS ?? 300)
const warmUps = 20
const counts = [1_000, 10_000, 100_000, 1_000_000]
const sessionsPerAccount = 10
const rowsPerInsert = 50_000

/** A service over a database that holds a number of sessions. */
interface Crowd {
  readonly count: number
  readonly database: ServedDatabase
  readonly server: Server
  /** Milliseconds of each round, by request. */
  readonly times: Map<string, number[]>
}

/** @param directory for the bundle */
export async function measureSessionCounts(directory: string): Promise<string> {
  const bundle = bundleWorker(directory, 'src/worker.ts')
  const signingKeys = await createKeySet()
  const crowds: Crowd[] = []
  try {
    for (const count of counts) crowds.push(await startCrowd(bundle, signingKeys, count))
    for (let round = 0; round < warmUps + rounds; round += 1) {
      if (round === warmUps) for (const { times } of crowds) times.clear()
      for (const crowd of crowds) await playRound(crowd)
    }
    return [
      `One request at a time, bcrypt cost ${testSettings.BCRYPT_COST}, ${rounds} rounds in turn; median ms, and how it compares to ${renderCount(counts[0] ?? 0)} sessions.`,
      renderCrowds(crowds),
    ].join('\n\n')
  } finally {
    await Promise.all(crowds.map(({ server }) => server.stop()))
    await Promise.all(crowds.map(({ database }) => database.stop()))
  }
}

async function startCrowd(bundle: string, signingKeys: string, count: number): Promise<Crowd> {
  const database = await startDatabase()
  await fill(database, count)
  const server = await serveOnWorkerd(bundle, {
    ...testSettings,
    ISSUER: issuer,
    SIGNING_KEYS: signingKeys,
    TURSO_DATABASE_URL: database.url,
  })
  return { count, database, server, times: new Map() }
}

/**
 * Inserts accounts without a usable password, and their live sessions, in portions because of a
 * time limit.
 */
async function fill({ query }: ServedDatabase, count: number): Promise<void> {
  const now = Math.floor(Date.now() / 1_000)
  for (let first = 0; first < count; first += rowsPerInsert) {
    const last = Math.min(first + rowsPerInsert, count) - 1
    const accounts = [first / sessionsPerAccount, Math.floor(last / sessionsPerAccount)] as const
    await query(insertAccounts, ...accounts, now)
    await query(insertSessions, first, last, sessionsPerAccount, now)
  }
}

const numbers =
  'WITH RECURSIVE numbers(n) AS (SELECT CAST(? AS INTEGER) UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)'
const insertAccounts = `${numbers}
  INSERT INTO portcullis_users (id, email, email_normalized, password_hash, token_generation, registered_at)
  SELECT n + 1, 'crowd-' || n, 'crowd-' || n, 'x', lower(hex(randomblob(8))), CAST(? AS INTEGER) FROM numbers`
const insertSessions = `${numbers}
  INSERT INTO portcullis_sessions (id, user_id, created_at, authenticated_at, rotated_at, expires_at, absolute_expires_at)
  SELECT lower(hex(randomblob(8))), n / CAST(? AS INTEGER) + 1, now, now, now, now + 2592000 + n, now + 7776000
  FROM numbers, (SELECT CAST(? AS INTEGER) AS now)`

/** A login, and the requests that follow it. */
async function playRound({ server, times }: Crowd): Promise<void> {
  const client = createClientOf(server.baseUrl)
  const account = { email: freshEmail(), password: 'a good password' }
  const timed = async (name: string, request: () => ReturnType<typeof client.health>) => {
    const startedAt = performance.now()
    const answer = await request()
    if (answer.status >= 300) throw new Error(`${name} answers ${answer.status}: ${answer.text}`)
    times.set(name, [...(times.get(name) ?? []), performance.now() - startedAt])
    return answer
  }
  await timed('register', () => client.register(account))
  const { refreshToken } = tokensOf(await timed('login', () => client.login(account)))
  const { token } = tokensOf(await timed('refresh', () => client.refresh(refreshToken)))
  await timed('status', () => client.status(token))
  await timed('list', () => client.sessions(token))
  await timed('logout', () => client.logout(token))
  const last = tokensOf(await client.login(account)).token
  await timed('logout everywhere', () => client.logoutEverywhere(last))
}

function renderCrowds(crowds: readonly Crowd[]): string {
  const [first] = crowds
  const medianOf = (crowd: Crowd | undefined, name: string) =>
    quantile(crowd?.times.get(name) ?? [], 0.5)
  const names = [...(first?.times.keys() ?? [])]
  const rows = crowds.map((crowd) => [
    renderCount(crowd.count),
    ...names.map((name) => {
      const ms = medianOf(crowd, name)
      return `${ms.toFixed(1)} (${(ms / medianOf(first, name)).toFixed(2)})`
    }),
  ])
  return renderTable(['sessions', ...names], rows)
}
