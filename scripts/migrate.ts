// npm run migrate: brings the database of TURSO_DATABASE_URL to the schema of this version. Run it
// before deploying.

import { Command } from 'commander'
import { Failure, runCommand } from './failure.ts'
import { findPending, migrate } from './migrate-database.ts'

await runCommand(async () => {
  const { check, url } = new Command('npm run migrate --')
    .description('Applies pending migrations. Idempotent, and safe when run twice at once.')
    .option('--check', 'change nothing; exit 1 when migrations are pending', false)
    .option('--url <url>', 'the database', process.env.TURSO_DATABASE_URL)
    .allowExcessArguments(false)
    .parse()
    .opts<{ check: boolean; url?: string }>()
  if (!url) {
    throw new Failure(
      'Say which database: set TURSO_DATABASE_URL (and TURSO_AUTH_TOKEN), or pass --url.',
    )
  }
  const address = { url, authToken: process.env.TURSO_AUTH_TOKEN }
  if (check) return tellPending(await findPending(address))
  await migrate(address, console.log)
  console.log('The database is up to date.')
})

function tellPending(pending: Awaited<ReturnType<typeof findPending>>): void {
  if (pending.length > 0) {
    const names = pending.map(({ version, name }) => `${version}, ${name}`).join('; ')
    throw new Failure(`Migrations are pending: ${names}. Run \`npm run migrate\`, then deploy.`)
  }
  console.log('The database is up to date.')
}
