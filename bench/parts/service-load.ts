// Measures requests per second and latency of the service's routes, and of a route that does
// nothing.

import autocannon from 'autocannon'
import { renderTable } from '../../scripts/docs/markdown.ts'
import { createClientOf, type Tokens } from '../../test/support/client.ts'
import { startDatabase } from '../../test/support/database.ts'
import { createKeySet } from '../../test/support/issuing-service.ts'
import { testSettings } from '../../test/support/settings.ts'
import { serveOnWorkerd } from '../../test/support/workerd.ts'
import { bundleWorker } from '../support/bundle.ts'
import { renderCount } from '../support/table.ts'
import { issuer } from '../support/tokens.ts'

const connections = 100
const seconds = Number(process.env.BENCH_SECONDS ?? 5)

interface Load {
  readonly name: string
  readonly url: string
  /** What one connection sends again and again. */
  readonly createRequest: () => autocannon.Request
}

/** @param directory for the bundles */
export async function measureService(directory: string): Promise<string> {
  const database = await startDatabase()
  const bare = await serveOnWorkerd(bundleWorker(directory, 'bench/workers/bare.ts'), {})
  const service = await serveOnWorkerd(bundleWorker(directory, 'src/worker.ts'), {
    ...testSettings,
    ISSUER: issuer,
    SIGNING_KEYS: await createKeySet(),
    TURSO_DATABASE_URL: database.url,
  })
  try {
    const rows: string[][] = []
    for (const load of await listLoads(bare.baseUrl, service.baseUrl)) {
      rows.push(await measure(load))
    }
    return [
      `${connections} connections, ${seconds} s each, bcrypt cost ${testSettings.BCRYPT_COST}`,
      renderTable(['route', 'requests/s', 'p50 (ms)', 'p99 (ms)', 'failed'], rows),
    ].join('\n\n')
  } finally {
    await Promise.all([bare.stop(), service.stop(), database.stop()])
  }
}

async function listLoads(bare: string, url: string): Promise<Load[]> {
  const account = { email: 'bench@example.com', password: 'a good password' }
  const { body } = await createClientOf(url).register(account)
  const status = { Authorization: `Bearer ${body.auth_token}` }
  const headers = { 'Content-Type': 'application/json' }
  const post = { method: 'POST', headers } as const
  let accounts = 0
  const freshBody = () => JSON.stringify({ ...account, email: `bench-${accounts++}@example.com` })
  return [
    { name: 'bare Hono route', url: bare, createRequest: () => ({ path: '/' }) },
    {
      name: 'GET /auth/status',
      url,
      createRequest: () => ({ path: '/auth/status', headers: status }),
    },
    {
      name: 'POST /auth/register',
      url,
      createRequest: () => ({
        ...post,
        path: '/auth/register',
        setupRequest: (request) => ({ ...request, body: freshBody() }),
      }),
    },
    {
      name: 'POST /auth/login',
      url,
      createRequest: () => ({ ...post, path: '/auth/login', body: JSON.stringify(account) }),
    },
    await createRefreshLoad(url, post),
  ]
}

/**
 * Each request refreshes the session that has waited longest, with the token of its last answer.
 * The reason: one session may be refreshed 60 times in a minute.
 */
async function createRefreshLoad(
  url: string,
  post: Pick<autocannon.Request, 'method' | 'headers'>,
): Promise<Load> {
  const client = createClientOf(url)
  const sessions: { refreshToken: string }[] = []
  // A few at a time: more would find the queue for hashes full.
  while (sessions.length < 10 * connections) {
    const some = Array.from({ length: 50 }, (): Promise<Tokens> => client.tokens())
    sessions.push(...(await Promise.all(some)))
  }
  const createRequest = (): autocannon.Request => {
    let session = { refreshToken: '' }
    return {
      ...post,
      path: '/auth/refresh',
      setupRequest(request) {
        session = sessions.shift() ?? session
        return { ...request, body: JSON.stringify({ refresh_token: session.refreshToken }) }
      },
      onResponse(status, body) {
        if (status === 200) session.refreshToken = JSON.parse(body).refresh_token
        sessions.push(session)
      },
    }
  }
  return { name: 'POST /auth/refresh', url, createRequest }
}

async function measure({ name, url, createRequest }: Load): Promise<string[]> {
  const options: autocannon.Options = {
    url,
    connections,
    setupClient: (client) => client.setRequests([createRequest()]),
  }
  await autocannon({ ...options, duration: 1 })
  const result = await autocannon({ ...options, duration: seconds })
  const { requests, latency, non2xx, errors, timeouts } = result
  return [
    name,
    renderCount(requests.average),
    String(latency.p50),
    String(latency.p99),
    `${non2xx + errors + timeouts} of ${requests.total}`,
  ]
}
