// One sqld with one fresh, migrated database for the tests inside workerd, which cannot start processes.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client/node'
import type { TestProject } from 'vitest/node'
import { applyMigrations } from '../../scripts/migrations.ts'
import { findFreePort } from '../../scripts/ports.ts'
import { startSqld } from '../../scripts/sqld.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  const sqld = await startSqld({ port: await findFreePort(), directory })
  await applyMigrations(createClient({ url: sqld.url }))
  project.provide('databaseUrl', sqld.url)
  return async () => {
    await sqld.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
