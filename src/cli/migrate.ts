// portcullis migrate: brings the database of TURSO_DATABASE_URL to the schema of this version. Run it
// before deploying.

import type { Command } from 'commander'
import { databaseAddress, loadDatabaseClient } from './database-client.ts'
import { Failure } from './failure.ts'
import type { Migration } from './migrations.ts'

/** Adds `migrate`. */
export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('Applies pending migrations. Idempotent, and safe when run twice at once.')
    .option('--check', 'change nothing; exit 1 when migrations are pending', false)
    .option('--restored', 'after a backup was restored: the revocation feed begins anew', false)
    .option('--url <url>', 'the database', process.env.TURSO_DATABASE_URL)
    .allowExcessArguments(false)
    .action(runMigrate)
}

interface MigrateOptions {
  readonly check: boolean
  readonly restored: boolean
  readonly url?: string
}

async function runMigrate({ check, restored, url }: MigrateOptions): Promise<void> {
  const address = databaseAddress(url)
  if (check && restored) throw new Failure('--check changes nothing: leave it out, or --restored.')
  const { findPending, migrate, replaceEpoch } = await loadDatabaseClient(
    () => import('./migrate-database.ts'),
  )
  if (check) return tellPending(await findPending(address))
  await migrate(address, console.log)
  console.log('The database is up to date.')
  if (!restored) return
  await replaceEpoch(address)
  console.log(
    'The revocation feed begins anew: guards load it, and forget nothing that they knew.\n' +
      'The backup has forgotten the revocations since it was made. So that no older token outlives\n' +
      'them, put a new SECRET_KEY and new SIGNING_KEYS (`portcullis keys generate`), and deploy.',
  )
}

function tellPending(pending: readonly Migration[]): void {
  if (pending.length > 0) {
    const names = pending.map(({ version, name }) => `${version}, ${name}`).join('; ')
    throw new Failure(`Migrations are pending: ${names}. Run it without --check, then deploy.`)
  }
  console.log('The database is up to date.')
}
