// portcullis migrate: migrates the database of TURSO_DATABASE_URL to the schema of this version.
// Run it before you deploy.

import type { Command } from 'commander'
import type { Migration } from '../service/store/node/apply-migrations.ts'
import { databaseAddress, loadDatabaseClient } from './database-client.ts'
import { Failure } from './failure.ts'
import { findKeysInUse, type KeyPlaces, type KeysInUse } from './keys-in-use.ts'
import { addDatabaseOption, addJsonOption } from './options.ts'
import { areRefused } from './report.ts'

/** Adds the command `migrate`. */
export function addMigrateCommand(program: Command): void {
  const command = program
    .command('migrate')
    .description('Applies pending migrations. It may run again, and twice at once.')
    .option('--check', 'change nothing; exit 3 when migrations are pending', false)
    .option(
      '--restored',
      'begins a new history of revocations, and revokes the old keys; for use after a backup was restored and new keys were deployed',
      false,
    )
    .option('--file <file>', 'with --restored: the JWK Set of the keys that were in use before')
    .option(
      '--issuer <url>',
      'with --restored: the URL of the service, to see which keys it publishes',
    )
    .allowExcessArguments(false)
  addJsonOption(addDatabaseOption(command)).action(runMigrate)
}

interface MigrateOptions extends KeyPlaces {
  readonly check: boolean
  readonly restored: boolean
  readonly url?: string
  readonly json: boolean
}

async function runMigrate(options: MigrateOptions): Promise<void> {
  const { check, json } = options
  const address = databaseAddress(options.url)
  refuseContradictions(options)
  const { findPending, migrate } = await loadCommands()
  if (check) return tellPending(await findPending(address), json)
  // This check comes before any change.
  const keys = options.restored ? await findKeysInUse(options) : undefined
  const applied = await migrate(address, json ? console.error : console.log)
  if (!json) console.log('The database is up to date.')
  if (keys) await beginNewHistory(address, keys, json)
  if (!json) return
  const revoked = keys && { revoked_keys: keys.keyIds }
  console.log(JSON.stringify({ applied: applied.map(factsOf), ...revoked }))
}

function loadCommands() {
  return loadDatabaseClient(() => import('./migrate-database.ts'))
}

function refuseContradictions({ check, restored, file, issuer }: MigrateOptions): void {
  if (check && restored) {
    throw new Failure(
      '--check changes nothing, and --restored does: leave one of them out.',
      'usage',
    )
  }
  if (!restored && (file !== undefined || issuer !== undefined)) {
    throw new Failure(
      '--file and --issuer belong to --restored: add it, or leave them out.',
      'usage',
    )
  }
}

async function beginNewHistory(
  address: ReturnType<typeof databaseAddress>,
  keys: KeysInUse,
  json: boolean,
): Promise<void> {
  const { beginNewHistoryIn } = await loadCommands()
  await beginNewHistoryIn(address, keys.keyIds)
  if (!json) console.log(explainNewHistory(keys))
}

function factsOf({ version, name }: Migration) {
  return { version, name }
}

function explainNewHistory({ keyIds, published }: KeysInUse): string {
  const lines = [
    'A new history of revocations has begun. Guards load it, and keep every revocation that they know.',
    keyIds.length > 0
      ? `Revoked the keys ${keyIds.join(', ')}: their tokens ${areRefused}`
      : 'The service publishes no keys: SECRET_KEY signs its tokens, and a new SECRET_KEY ends them. If it had SIGNING_KEYS before, run this again with --file.',
    ...(published ? [] : [unchecked]),
    ...(published?.length === 0 && keyIds.length > 0 ? [nothingPublished] : []),
    'New accounts skip 1,000,000 ids. So they do not get the ids of accounts that the backup does not have.',
    'Sessions that were ended after the backup was made can be refreshed until SECRET_KEY is new. If it is not new yet, put a new one (`wrangler secret put SECRET_KEY`), remove PREVIOUS_SECRET_KEY, and deploy.',
  ]
  return lines.join('\n')
}

const nothingPublished =
  'The service publishes no keys at all: check --issuer, and that the service has SIGNING_KEYS.'
const unchecked =
  'It was not checked whether new keys are deployed: pass --issuer to check that. While one of these keys signs, every new token is refused, too.'

function tellPending(pending: readonly Migration[], json: boolean): void {
  if (json) console.log(JSON.stringify({ pending: pending.map(factsOf) }))
  if (pending.length > 0) {
    const names = pending.map(({ version, name }) => `${version}, ${name}`).join('; ')
    throw new Failure(
      `Migrations are pending: ${names}. Run \`portcullis migrate\` without --check, then deploy.`,
      'pending',
    )
  }
  if (!json) console.log('The database is up to date.')
}
