import { env } from 'cloudflare:test'
import { expect, it } from 'vitest'
import { findLastMigration } from '../../src/store/migrations.ts'
import { openRemoteDatabase } from '../../src/store/remote-database.ts'

it('talks', async () => {
  const db = openRemoteDatabase({
    databaseUrl: env.TEST_DATABASE_URL,
    databaseAuthToken: undefined,
    databaseTimeoutMs: 1000,
    databaseHasReplicas: false,
  })
  expect(await findLastMigration(db)).toEqual({ version: 1, oldestSchemaServed: 1 })
})
