// portcullis migrate: brings the database of TURSO_DATABASE_URL to the schema of this version. Run
// it before deploying.

import type { Command } from 'commander'
import type { Migration } from '../service/store/node/apply-migrations.ts'
import { databaseAddress, loadDatabaseClient } from './database-client.ts'
import { Failure } from './failure.ts'
import { findKeysInUse, type KeyPlaces, type KeysInUse } from './keys-in-use.ts'

/** Adds `migrate`. */
export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('Applies pending migrations. Idempotent, and safe when run twice at once.')
    .option('--check', 'change nothing; exit 1 when migrations are pending', false)
    .option(
      '--restored',
      'after a backup was restored, and new keys were deployed: the revocation feed begins anew, and the old keys are revoked',
      false,
    )
    .option('--file <file>', 'with --restored: a JWK Set with the keys that were in use before')
    .option('--issuer <url>', 'with --restored: the service, to see which keys it publishes')
    .option('--url <url>', 'the database (default: TURSO_DATABASE_URL)')
    .allowExcessArguments(false)
    .action(runMigrate)
}

interface MigrateOptions extends KeyPlaces {
  readonly check: boolean
  readonly restored: boolean
  readonly url?: string
}

async function runMigrate({ check, restored, url, ...places }: MigrateOptions): Promise<void> {
  const address = databaseAddress(url)
  if (check && restored) throw new Failure('--check changes nothing: leave it out, or --restored.')
  if (!restored && (places.file !== undefined || places.issuer !== undefined)) {
    throw new Failure('--file and --issuer belong to --restored: add it, or leave them out.')
  }
  const { findPending, migrate, beginNewHistoryIn } = await loadDatabaseClient(
    () => import('./migrate-database.ts'),
  )
  if (check) return tellPending(await findPending(address))
  // Before anything is changed.
  const keys = restored ? await findKeysInUse(places) : undefined
  await migrate(address, console.log)
  console.log('The database is up to date.')
  if (!keys) return
  await beginNewHistoryIn(address, keys.keyIds)
  console.log(explainNewHistory(keys))
}

function explainNewHistory({ keyIds, published }: KeysInUse): string {
  const lines = [
    'The revocation feed begins anew: guards load it, and forget nothing that they knew.',
    keyIds.length > 0
      ? `Revoked the keys ${keyIds.join(', ')}: the service refuses their tokens now, guards within their bounds.`
      : 'The service publishes no keys: SECRET_KEY signs its tokens, and a new SECRET_KEY ends them. If it had SIGNING_KEYS before, run this again with --file.',
    ...(published ? [] : [unchecked]),
    ...(published?.length === 0 && keyIds.length > 0 ? [nothingPublished] : []),
    'Accounts that are registered from now on skip 1,000,000 ids: those that the backup has forgotten are not given away again.',
    'Sessions that were ended after the backup was made can be refreshed until SECRET_KEY is new: if it is not yet, put a new one (`wrangler secret put SECRET_KEY`), and deploy.',
  ]
  return lines.join('\n')
}

const nothingPublished =
  'The service publishes no keys at all: is that the right --issuer, and does it have SIGNING_KEYS?'
const unchecked =
  'Not checked: whether new keys are deployed. While one of these keys signs, every new token is refused, too. Pass --issuer to check it.'

function tellPending(pending: readonly Migration[]): void {
  if (pending.length > 0) {
    const names = pending.map(({ version, name }) => `${version}, ${name}`).join('; ')
    throw new Failure(`Migrations are pending: ${names}. Run it without --check, then deploy.`)
  }
  console.log('The database is up to date.')
}
