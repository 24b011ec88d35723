// Counts the rows of the feed after the same endings, with 0.4 and with this version. Each version
// runs on workerd over a database of its own.

import { renderTable } from '../../scripts/docs/markdown.ts'
import { createClientOf, freshEmail, type Tokens, tokensOf } from '../../test/support/client.ts'
import { type ServedDatabase, startDatabase } from '../../test/support/database.ts'
import { takeEarlierVersion } from '../../test/support/earlier-version.ts'
import { testSettings } from '../../test/support/settings.ts'
import { serveOnWorkerd } from '../../test/support/workerd.ts'
import { bundleWorker } from '../support/bundle.ts'
import { renderCount } from '../support/table.ts'

const accounts = 200
const sessionsEach = 5
const idleSeconds = 1_500
const halfLifeSeconds = 450

interface Version {
  readonly name: string
  readonly bundle: string
  readonly start: () => Promise<ServedDatabase>
  /** The columns of a session's row that are set back, as if time had passed. */
  readonly columns: readonly string[]
}

/** @param directory for the bundles */
export async function measureFeedRows(directory: string): Promise<string> {
  const earlier = await takeEarlierVersion()
  const columns = ['rotated_at']
  const versions: Version[] = [
    {
      name: '0.4',
      bundle: earlier.bundle,
      start: () => startDatabase(earlier.applyMigrations),
      columns,
    },
    {
      name: '0.5',
      bundle: bundleWorker(directory, 'src/worker.ts'),
      start: () => startDatabase(),
      columns: [...columns, 'tokens_expire_at'],
    },
  ]
  try {
    const rows: string[][] = []
    for (const version of versions) rows.push(await measure(version))
    return [
      `${accounts} accounts with ${sessionsEach} sessions each: one was refreshed ${halfLifeSeconds / 60} minutes ago, the others have been idle for ${idleSeconds / 60}. Access tokens live 15 minutes. Each account ends its other sessions one by one, and then its own by the refresh token.`,
      renderTable(['version', 'sessions ended', 'rows', 'a row is kept, on average'], rows),
    ].join('\n\n')
  } finally {
    earlier.remove()
  }
}

async function measure({ name, bundle, start, columns }: Version): Promise<string[]> {
  const database = await start()
  const server = await serveOnWorkerd(bundle, { ...testSettings, TURSO_DATABASE_URL: database.url })
  const client = createClientOf(server.baseUrl)
  const passTime = (seconds: number, { refreshToken }: Tokens) =>
    database.query(
      `UPDATE portcullis_sessions SET ${columns.map((column) => `${column} = ${column} - ${seconds}`)} WHERE id = ?`,
      idOf(refreshToken),
    )

  async function playAccount(): Promise<void> {
    const account = { email: freshEmail(), password: 'a good password' }
    const current = tokensOf(await client.register(account))
    const others: Tokens[] = []
    while (others.length < sessionsEach - 1) others.push(tokensOf(await client.login(account)))
    await passTime(halfLifeSeconds, current)
    for (const other of others) await passTime(idleSeconds, other)
    for (const { refreshToken } of others)
      await client.endSession(current.token, idOf(refreshToken))
    await client.revoke(current.refreshToken)
  }

  try {
    for (let played = 0; played < accounts; played += 1) await playAccount()
    const [ended] = await database.query(
      'SELECT count(*) AS n FROM portcullis_sessions WHERE revoked_at IS NOT NULL',
    )
    const [feed] = await database.query(
      'SELECT count(*) AS n, avg(expires_at - revoked_at) AS kept FROM portcullis_revoked_tokens',
    )
    const kept = `${Math.round(Number(feed?.kept))} s`
    return [name, renderCount(Number(ended?.n)), renderCount(Number(feed?.n)), kept]
  } finally {
    await Promise.all([server.stop(), database.stop()])
  }
}

function idOf(refreshToken: string): string {
  return refreshToken.split('.')[0] ?? ''
}
