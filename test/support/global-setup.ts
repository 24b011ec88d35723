// One sqld with one fresh, migrated database for the tests inside workerd, which cannot start processes.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client/node'
import type { TestProject } from 'vitest/node'
import { applyMigrations } from '../../scripts/migrations.ts'
import { findFreePort } from '../../scripts/ports.ts'
import { startSqld } from '../../scripts/sqld.ts'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  const sqld = await startSqld({ port: await findFreePort(), directory })
  await applyMigrations(createClient({ url: sqld.url }))
  project.provide('databaseUrl', sqld.url)
  project.provide('wycheproofJws', readWycheproofJws())
  return async () => {
    await sqld.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

function readWycheproofJws(): string | undefined {
  const file = new URL('../../../shared/wycheproof/json_web_signature_test.json', import.meta.url)
  if (existsSync(file)) return readFileSync(file, 'utf8')
  console.warn(`Left out: the JWS vectors of Wycheproof, for ${file.pathname} is not there.`)
  return undefined
}
