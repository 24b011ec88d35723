// portcullis migrate: brings the database of TURSO_DATABASE_URL to the schema of this version. Run it
// before deploying.

import type { Command } from 'commander'
import { Failure } from './failure.ts'
import type { Migration } from './migrations.ts'

/** Adds `migrate`. */
export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('Applies pending migrations. Idempotent, and safe when run twice at once.')
    .option('--check', 'change nothing; exit 1 when migrations are pending', false)
    .option('--url <url>', 'the database', process.env.TURSO_DATABASE_URL)
    .allowExcessArguments(false)
    .action(runMigrate)
}

async function runMigrate({ check, url }: { check: boolean; url?: string }): Promise<void> {
  if (!url) {
    throw new Failure(
      'Say which database: set TURSO_DATABASE_URL (and TURSO_AUTH_TOKEN), or pass --url.',
    )
  }
  const { findPending, migrate } = await loadDatabaseClient()
  const address = { url, authToken: process.env.TURSO_AUTH_TOKEN }
  if (check) return tellPending(await findPending(address))
  await migrate(address, console.log)
  console.log('The database is up to date.')
}

/** The client of the database is an optional peer of the package: guards do without. */
async function loadDatabaseClient() {
  try {
    return await import('./migrate-database.ts')
  } catch (error) {
    if (!/Cannot find (package|module)/.test(`${error}`)) throw error
    throw new Failure(
      'The client of the database is not installed: run `npm install @libsql/client drizzle-orm`.',
    )
  }
}

function tellPending(pending: readonly Migration[]): void {
  if (pending.length > 0) {
    const names = pending.map(({ version, name }) => `${version}, ${name}`).join('; ')
    throw new Failure(`Migrations are pending: ${names}. Run it without --check, then deploy.`)
  }
  console.log('The database is up to date.')
}
