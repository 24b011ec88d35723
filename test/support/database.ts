// Fresh, migrated databases.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createClient } from '@libsql/client/node'
import { findFreePort } from '../../scripts/ports.ts'
import { type Sqld, startSqld } from '../../scripts/sqld.ts'
import { applyMigrations } from '../../src/service/store/node/apply-migrations.ts'

export interface TestDatabase {
  readonly url: string
  query(sql: string, ...args: (string | number)[]): Promise<Record<string, unknown>[]>
  stop(): Promise<void>
}

export interface ServedDatabase extends TestDatabase {
  readonly sqld: Sqld
  readonly directory: string
}

/**
 * sqld over an empty folder of its own, with the schema of this version, or the one of `migrate`.
 */
export async function startDatabase(migrate = applyMigrations): Promise<ServedDatabase> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-sqld-'))
  const sqld = await startSqld({ port: await findFreePort(), directory })
  const database = await migrated(sqld.url, migrate)
  const stop = async () => {
    await sqld.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  return { ...database, sqld, directory, stop }
}

/** A database file in a folder of its own. */
export async function createDatabaseFile(): Promise<TestDatabase> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-file-'))
  const database = await migrated(`file:${join(directory, 'portcullis.db')}`)
  const stop = async () => rmSync(directory, { recursive: true, force: true })
  return { ...database, stop }
}

/** sqld answers 429 while it has no connection free, and nothing was done. Asks again, as we do. */
async function whenNotBusy<T>(ask: () => Promise<T>): Promise<T> {
  for (let asked = 1; ; asked += 1) {
    try {
      return await ask()
    } catch (error) {
      if (asked === 5 || !/status 429/.test(String(error))) throw error
      await setTimeout(asked * 200)
    }
  }
}

async function migrated(
  url: string,
  migrate = applyMigrations,
): Promise<Omit<TestDatabase, 'stop'>> {
  const client = createClient({ url, timeout: 5_000 })
  await migrate(client)
  const query = async (sql: string, ...args: (string | number)[]) => {
    const { rows } = await whenNotBusy(() => client.execute({ sql, args }))
    return rows.map((row) => ({ ...row }))
  }
  return { url, query }
}
