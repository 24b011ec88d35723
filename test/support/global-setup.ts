// Real sqld with fresh databases, for the tests inside workerd, which cannot start processes.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@libsql/client/node'
import type { TestProject } from 'vitest/node'
import { findFreePort } from '../../scripts/ports.ts'
import { startSqld } from '../../scripts/sqld.ts'
import { applyMigrations } from '../../src/service/store/node/apply-migrations.ts'
import { startMailApi } from './mail-api.ts'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const migrated = await startDatabase(applyMigrations)
  const empty = await startDatabase(async () => {})
  const fromTheFuture = await startDatabase(migrateBeyondThisVersion)
  const mailApi = await startMailApi()
  project.provide('mailApiUrl', mailApi.url)
  project.provide('databaseUrl', migrated.url)
  project.provide('emptyDatabaseUrl', empty.url)
  project.provide('futureDatabaseUrl', fromTheFuture.url)
  project.provide('wycheproof', readWycheproof())
  return async () => {
    await Promise.all([migrated.stop(), empty.stop(), fromTheFuture.stop(), mailApi.stop()])
  }
}

async function startDatabase(prepare: (client: Client) => Promise<void>) {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  const sqld = await startSqld({ port: await findFreePort(), directory })
  const client = createClient({ url: sqld.url })
  await prepare(client)
  client.close()
  const stop = async () => {
    await sqld.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  return { url: sqld.url, stop }
}

/** The schema of a later version that no longer serves the current one. */
async function migrateBeyondThisVersion(client: Client): Promise<void> {
  await applyMigrations(client)
  await client.execute(
    "INSERT INTO portcullis_migrations (version, name, oldest_schema_served, applied_at) VALUES (999, 'later', 999, 0)",
  )
}

function readWycheproof() {
  const folder = new URL('../../../shared/wycheproof/', import.meta.url)
  if (!existsSync(folder)) {
    console.warn(`Left out: the vectors of Wycheproof, for ${folder.pathname} is not there.`)
    return undefined
  }
  const read = (name: string) => readFileSync(new URL(`${name}_test.json`, folder), 'utf8')
  return {
    jws: read('json_web_signature'),
    ecdsa: read('ecdsa_secp256r1_sha256_p1363'),
    ed25519: read('ed25519'),
    hmac: read('hmac_sha256'),
  }
}
