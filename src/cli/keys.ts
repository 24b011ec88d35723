// portcullis keys: the private key set that goes into the secret SIGNING_KEYS. A secret of a Worker
// can be written and never read, so the set is kept in a file, or wherever else its owner keeps it.

import { type Command, Option } from 'commander'
import { systemRuntime } from '../runtime/runtime.ts'
import { variableText } from '../service/config/variable-text.ts'
import {
  createSigningKeys,
  dropExpiredKeys,
  dropKey,
  lastTokenExpiresAt,
  rotateSigningKeys,
} from '../service/domain/keys/rotation.ts'
import type { KeyPairAlgorithm } from '../token/jwk.ts'
import { generateKeyPair } from '../token/key-pair.ts'
import { activeKeyOf, type SigningJwk } from '../token/signing-key.ts'
import { databaseAddress, loadDatabaseClient } from './database-client.ts'
import { Failure } from './failure.ts'
import { createKeyFile, type KeyStore, openKeyStore } from './key-store.ts'

interface KeyOptions {
  readonly file?: string
}

const fileOption = [
  '--file <file>',
  'keeps the set; without it, it is read from SIGNING_KEYS',
] as const

/** Adds `keys` with its five commands. */
export function addKeysCommand(program: Command): void {
  const keys = program
    .command('keys')
    .description('Makes, rotates and shows the private key set of the secret SIGNING_KEYS.')
  keys
    .command('generate')
    .description('Makes a set of an active key and the next one, and prints it.')
    .option('--file <file>', 'writes the set there, instead of printing it')
    .addOption(
      new Option('--algorithm <name>', 'of both keys').choices(['ES256', 'EdDSA']).default('ES256'),
    )
    .action(generate)
  keys
    .command('rotate')
    .description('The next key signs, the active one is retired, and a new one is the next.')
    .option(...fileOption)
    .action(rotate)
  keys
    .command('retire')
    .description('Drops the retired keys whose last token has expired, or the named key at once.')
    .argument('[kid]', 'a key to drop at once; its tokens become invalid')
    .option(...fileOption)
    .action(retire)
  keys
    .command('revoke')
    .description('Takes back every token that a key has signed, everywhere, within the bounds.')
    .argument('<kid>', 'the key that others may have')
    .option('--file <file>', 'the set that the key is looked up in; without it, SIGNING_KEYS')
    .option('--url <url>', "the service's database (default: TURSO_DATABASE_URL)")
    .action(revoke)
  keys
    .command('show')
    .description('Shows which keys there are, and nothing secret.')
    .option(...fileOption)
    .action(async (options: KeyOptions) =>
      console.log(renderKeys((await openKeyStore(options.file)).keys)),
    )
}

async function generate({
  file,
  algorithm,
}: KeyOptions & { algorithm: KeyPairAlgorithm }): Promise<void> {
  const [active, next] = await Promise.all([generatePair(algorithm), generatePair(algorithm)])
  finish(createKeyFile(file), createSigningKeys(active, next))
  if (file) console.error(`Keep ${file} out of version control: whoever reads it can sign tokens.`)
}

async function rotate({ file }: KeyOptions): Promise<void> {
  const store = await openKeyStore(file)
  const fresh = await generatePair(activeKeyOf(store.keys)?.alg ?? 'ES256')
  if (!store.keys.some(({ state }) => state === 'next')) {
    console.error(
      'There was no next key; now there is one. Deploy it, and rotate again after 15 minutes.',
    )
  }
  finish(store, rotateSigningKeys(store.keys, fresh, systemRuntime.now()))
}

async function retire(kid: string | undefined, { file }: KeyOptions): Promise<void> {
  const store = await openKeyStore(file)
  if (kid === undefined) return finish(store, dropExpiredKeys(store.keys, systemRuntime.now()))
  const left = dropKey(store.keys, kid)
  if (left.ok) return finish(store, left.value)
  throw new Failure(
    left.error === 'active'
      ? `The key ${kid} signs: rotate first, deploy that, and retire it then.`
      : `There is no key ${kid} in the set; \`keys show\` lists them.`,
  )
}

/** A key that is in no set any more can be revoked as well: then there is nothing to look it up in. */
async function revoke(kid: string, { file, url }: KeyOptions & { url?: string }): Promise<void> {
  const address = databaseAddress(url)
  const isSetAtHand = file !== undefined || variableText(process.env.SIGNING_KEYS)
  const set = isSetAtHand ? (await openKeyStore(file)).keys : undefined
  const key = set?.find((candidate) => candidate.kid === kid)
  if (set && !key) {
    throw new Failure(
      `There is no key ${kid} in the set; \`keys show\` lists them. Without a set, any key is revoked.`,
    )
  }
  const { revokeKeyIn } = await loadDatabaseClient(() => import('./revoke-key.ts'))
  await revokeKeyIn(address, kid)
  console.error(
    `Revoked: the service refuses the tokens of ${kid} now, guards within their bounds.`,
  )
  if (key?.state !== 'active') return
  console.error('It still signs, so nobody can log in: `keys rotate`, and deploy the set now.')
}

function generatePair(algorithm: KeyPairAlgorithm) {
  return generateKeyPair(algorithm, systemRuntime)
}

/** What is secret goes to the store alone; what is for people goes beside it. */
function finish(store: Pick<KeyStore, 'file' | 'write'>, keys: readonly SigningJwk[]): void {
  store.write(keys)
  const from = store.file === undefined ? ', and paste the line above' : ` < ${store.file}`
  console.error(
    `\n${renderKeys(keys)}\n\nDeploy it with: npx wrangler secret put SIGNING_KEYS${from}\n` +
      'Guards see a new key within 10 minutes: wait 15 before the next rotation.',
  )
}

function renderKeys(keys: readonly SigningJwk[]): string {
  const rows = keys.map((key) => [key.kid, key.alg, key.state, describeEnd(key)])
  const table = [['kid', 'alg', 'state', 'may be retired from'], ...rows]
  const widths = table[0]?.map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  )
  const line = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
      .join('  ')
      .trimEnd()
  return table.map(line).join('\n')
}

function describeEnd(key: SigningJwk): string {
  const endsAt = lastTokenExpiresAt(key)
  if (endsAt === undefined) return '-'
  return endsAt <= systemRuntime.now() ? 'now' : new Date(endsAt * 1_000).toISOString()
}
