import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Client, createClient } from '@libsql/client/node'
import { getTableConfig } from 'drizzle-orm/sqlite-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { type Sqld, startSqld } from '../../scripts/sqld.ts'
import { schemaVersion } from '../../src/service/store/migrations.ts'
import { applyMigrations, readMigrations } from '../../src/service/store/node/apply-migrations.ts'
import { createDatabaseFile } from '../../src/service/store/node/database-file.ts'
import * as schema from '../../src/service/store/schema.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'portcullis-migrate-'))
let sqld: Sqld

beforeAll(async () => {
  sqld = await startSqld({ port: await findFreePort(), directory: join(directory, 'sqld') })
})
afterAll(async () => {
  await sqld?.stop()
  rmSync(directory, { recursive: true, force: true })
})

const command = (...args: string[]) => ['run', '--silent', 'migrate', '--', ...args]

function migrate(...args: string[]) {
  const result = spawnSync('npm', command(...args), {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { status: result.status, said: `${result.stdout}${result.stderr}`.trim() }
}

describe.each(['a file', 'sqld'])('npm run migrate on %s', (kind) => {
  const urlOf = () => (kind === 'sqld' ? sqld.url : `file:${join(directory, 'database.db')}`)
  const count = readMigrations().length

  it('says what is pending and changes nothing', () => {
    const { status, said } = migrate('--check', '--url', urlOf())
    expect(status).toBe(3)
    expect(said).toMatch(/^Migrations are pending: 1, accounts_and_revocations/)
    if (kind === 'a file') expect(existsSync(join(directory, 'database.db'))).toBe(false)
  })

  it('lists what is pending in JSON', () => {
    const [first = ''] = migrate('--check', '--json', '--url', urlOf()).said.split('\n')
    const { pending } = JSON.parse(first)
    expect(pending).toHaveLength(count)
    expect(pending[0]).toEqual({ version: 1, name: 'accounts_and_revocations' })
  })

  it('applies every migration once when three processes run at once', async () => {
    const runs = await Promise.all(
      Array.from({ length: 3 }, () =>
        outputOf(spawn('npm', command('--url', urlOf()), { cwd: root })),
      ),
    )
    expect(runs.map(({ status }) => status)).toEqual([0, 0, 0])
    const applied = runs.flatMap(({ output }) => output.match(/^Applied migration \d+/gm) ?? [])
    expect(applied).toHaveLength(count)
  })

  it('changes nothing the second time', () => {
    expect(migrate('--url', urlOf())).toEqual({ status: 0, said: 'The database is up to date.' })
    expect(migrate('--check', '--url', urlOf())).toEqual({
      status: 0,
      said: 'The database is up to date.',
    })
    expect(migrate('--json', '--url', urlOf())).toEqual({ status: 0, said: '{"applied":[]}' })
    expect(migrate('--check', '--json', '--url', urlOf()).said).toBe('{"pending":[]}')
  })

  it('creates the tables of the code, column by column', async () => {
    const client = createClient({ url: urlOf() })
    for (const table of Object.values(schema)) {
      const { name, columns } = getTableConfig(table)
      expect(await columnsOf(client, name)).toEqual(
        columns.map((column) => ({
          name: column.name,
          type: column.getSQLType().toUpperCase(),
          notNull: column.notNull ? 1 : 0,
        })),
      )
      const { rows } = await client.execute(
        `SELECT strict FROM pragma_table_list WHERE name = '${name}'`,
      )
      expect([name, rows[0]?.strict]).toEqual([name, 1])
    }
    client.close()
  })
})

describe('npm run migrate on the schema of a later version', () => {
  const url = `file:${join(directory, 'later.db')}`
  const enter = async (oldestSchemaServed: number) => {
    createDatabaseFile(url)
    const client = createClient({ url })
    await applyMigrations(client)
    const sql = "INSERT OR REPLACE INTO portcullis_migrations VALUES (999, 'later', ?, 0)"
    await client.execute({ sql, args: [oldestSchemaServed] })
    client.close()
  }

  it('changes nothing where that schema serves this version', async () => {
    await enter(1)
    expect(migrate('--url', url)).toEqual({ status: 0, said: 'The database is up to date.' })
  })

  it('refuses a schema that does not', async () => {
    await enter(999)
    for (const args of [[], ['--check']]) {
      const { status, said } = migrate(...args, '--url', url)
      expect([status, said]).toEqual([
        1,
        expect.stringContaining('A later version of Portcullis has migrated'),
      ])
    }
  })
})

describe('eight simultaneous migrations', () => {
  it('record and report every migration once', async () => {
    const own = await startSqld({ port: await findFreePort(), directory: join(directory, 'race') })
    const told: number[] = []
    const clients = Array.from({ length: 8 }, () => createClient({ url: own.url }))
    try {
      const runs = clients.map((client) => applyMigrations(client, (m) => told.push(m.version)))
      expect((await Promise.allSettled(runs)).map(({ status }) => status)).toEqual(
        clients.map(() => 'fulfilled'),
      )
      expect(told).toEqual(readMigrations().map(({ version }) => version))
    } finally {
      for (const client of clients) client.close()
      await own.stop()
    }
  })
})

describe('the migrations', () => {
  it('end with the version that the service requires', () => {
    expect(readMigrations().at(-1)?.version).toBe(schemaVersion)
  })

  it('are numbered from 1 without gaps, and serve no schema later than their own', () => {
    for (const [place, { version, oldestSchemaServed }] of readMigrations().entries()) {
      expect(version).toBe(place + 1)
      expect(oldestSchemaServed).toBeLessThanOrEqual(version)
    }
  })
})

async function columnsOf(client: Client, table: string) {
  const { rows } = await client.execute(
    `SELECT name, type, "notnull" FROM pragma_table_info('${table}')`,
  )
  return rows.map((row) => ({ name: row.name, type: row.type, notNull: row.notnull }))
}

function outputOf(
  child: ReturnType<typeof spawn>,
): Promise<{ status: number | null; output: string }> {
  let output = ''
  child.stdout?.on('data', (text) => {
    output += text
  })
  child.stderr?.on('data', (text) => {
    output += text
  })
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, output })))
}
