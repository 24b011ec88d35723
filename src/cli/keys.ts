// portcullis keys: manages the private key set of the secret SIGNING_KEYS. A Worker's secret can be
// written but not read back. So the owner keeps the set in a file or in another place.

import { type Command, Option } from 'commander'
import { systemRuntime } from '../runtime/runtime.ts'
import { variableText } from '../service/config/variable-text.ts'
import {
  activeKeyKnownFrom,
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
import { addDatabaseOption, addJsonOption, addVariables } from './options.ts'
import { areRefused, formatInstant, renderTable, report } from './report.ts'

interface KeyOptions {
  readonly file?: string
  readonly json: boolean
}

/** Adds the command `keys` with its five subcommands. */
export function addKeysCommand(program: Command): void {
  const keys = program
    .command('keys')
    .description('Makes, rotates and shows the private key set of the secret SIGNING_KEYS.')
  const add = (name: string, description: string) =>
    addJsonOption(keys.command(name).description(description))
  add('generate', 'Makes a set of an active key and the next one, and prints it.')
    .option('--file <file>', 'writes the set there, instead of printing it')
    .addOption(
      new Option('--algorithm <name>', 'the algorithm of both keys')
        .choices(['ES256', 'EdDSA'])
        .default('ES256'),
    )
    .action(generate)
  addSet(
    add('rotate', 'Makes the next key active, retires the active one, and adds a new next key.'),
  ).action(rotate)
  addSet(
    add('retire', 'Drops the retired keys whose last token has expired, or the named key at once.'),
  )
    .argument('[kid]', 'a key to drop at once; its tokens become invalid')
    .action(retire)
  addSet(
    addDatabaseOption(
      add(
        'revoke',
        'Revokes every token that a key has signed: in the service at once, in guards within their bounds.',
      ),
    ),
  )
    .argument('<kid>', 'the kid of the key, such as one that has leaked')
    .option('--unchecked', 'revokes the key without looking for it in the key set', false)
    .action(revoke)
  addSet(add('show', 'Shows which keys there are, and nothing secret.')).action(show)
}

function addSet(command: Command): Command {
  const described = command.option(
    '--file <file>',
    'the file of the key set (default: the set in SIGNING_KEYS)',
  )
  return addVariables(described, 'SIGNING_KEYS', 'the key set, if there is no --file')
}

async function generate({
  file,
  json,
  algorithm,
}: KeyOptions & { algorithm: KeyPairAlgorithm }): Promise<void> {
  const [active, next] = await Promise.all([generatePair(algorithm), generatePair(algorithm)])
  const warnings = file
    ? [`Keep ${file} out of version control: whoever reads it can sign tokens.`]
    : []
  finish(createKeyFile(file), createSigningKeys(active, next), { json, warnings })
}

async function rotate({ file, json }: KeyOptions): Promise<void> {
  const store = await openKeyStore(file)
  const now = systemRuntime.now()
  const fresh = await generatePair(activeKeyOf(store.keys)?.alg ?? 'ES256')
  const rotated = rotateSigningKeys(store.keys, fresh, now)
  if (!store.keys.some(({ state }) => state === 'next')) {
    return finish(store, rotated, { json, warnings: [onlyNextMade] })
  }
  const deployFrom = activeKeyKnownFrom(rotated, now)
  const warnings = deployFrom === undefined ? [] : [explainTooEarly(rotated, deployFrom)]
  finish(store, rotated, { json, warnings, deployFrom })
}

const onlyNextMade =
  'There was no next key; now there is one. Deploy it, and rotate again after 15 minutes.'

function explainTooEarly(rotated: readonly SigningJwk[], deployFrom: number): string {
  return `It is too early to deploy this set: guards may not know its active key ${activeKeyOf(rotated)?.kid} yet. Wait until ${formatInstant(deployFrom)}, and at least 15 minutes after you deployed the previous set. Do not wait if the previous active key may have leaked.`
}

async function retire(kid: string | undefined, { file, json }: KeyOptions): Promise<void> {
  const store = await openKeyStore(file)
  if (kid === undefined) {
    const left = dropExpiredKeys(store.keys, systemRuntime.now())
    return left.length < store.keys.length
      ? finish(store, left, { json })
      : tellNothingRetired(store, json)
  }
  const left = dropKey(store.keys, kid)
  if (left.ok) return finish(store, left.value, { json, warnings: warningsOfDropping(store, kid) })
  throw new Failure(
    left.error === 'active'
      ? `The key ${kid} is active. First run \`keys rotate\`, and deploy the set. Then retire the key.`
      : `There is no key ${kid} in the set; \`keys show\` lists its keys.`,
  )
}

function warningsOfDropping({ keys }: KeyStore, kid: string): string[] {
  const key = keys.find((candidate) => candidate.kid === kid)
  const endsAt = key && lastTokenExpiresAt(key)
  if (key?.state !== 'retired' || (endsAt ?? Number.POSITIVE_INFINITY) <= systemRuntime.now()) {
    return []
  }
  const until = endsAt === undefined ? '' : `, until ${formatInstant(endsAt)} at the latest`
  return [`The key ${kid} may still have valid tokens${until}. Deploying this set ends them.`]
}

/** Prints the set even without a change, because a pipe may expect it. */
function tellNothingRetired({ file, keys, write }: KeyStore, json: boolean): void {
  if (file === undefined) write(keys)
  const sentence = `\n${renderKeys(keys)}\n\nNo key can be retired yet: nothing was changed, and there is nothing to deploy.`
  tell(file, json ? JSON.stringify(factsOf(keys)) : sentence, json)
}

async function show({ file, json }: KeyOptions): Promise<void> {
  const { keys } = await openKeyStore(file)
  report(json, factsOf(keys), renderKeys(keys))
}

/** With `unchecked`, revokes a key even if it is in no set any more. */
async function revoke(
  kid: string,
  { file, url, json, unchecked }: KeyOptions & { url?: string; unchecked: boolean },
): Promise<void> {
  const address = databaseAddress(url)
  const key = unchecked ? undefined : await findKey(kid, file)
  const { revokeKeyIn } = await loadDatabaseClient(() => import('./revoke-key.ts'))
  await revokeKeyIn(address, kid)
  if (json) return console.log(JSON.stringify({ revoked: kid, state: key?.state ?? null }))
  console.error(`Revoked: the tokens of ${kid} ${areRefused}`)
  if (key?.state !== 'active') return
  console.error(
    'This key still signs, so nobody can log in. Run `keys rotate`, and deploy the set now.',
  )
}

/** A mistyped key id would revoke nothing, and nobody would notice. */
async function findKey(kid: string, file: string | undefined): Promise<SigningJwk> {
  const isSetAtHand = file !== undefined || variableText(process.env.SIGNING_KEYS)
  const keys = isSetAtHand ? (await openKeyStore(file)).keys : []
  const key = keys.find((candidate) => candidate.kid === kid)
  if (key) return key
  throw new Failure(
    isSetAtHand
      ? `There is no key ${kid} in the set; \`keys show\` lists its keys. To revoke a key that is not in the set, pass --unchecked.`
      : `There is no key set to look for the key ${kid} in: pass it with --file. To revoke the key without that, pass --unchecked.`,
    isSetAtHand ? 'failure' : 'usage',
  )
}

async function generatePair(algorithm: KeyPairAlgorithm) {
  const pair = await generateKeyPair(algorithm, systemRuntime)
  return { ...pair, created_at: systemRuntime.now() }
}

interface FinishOptions {
  readonly json: boolean
  readonly warnings?: readonly string[]
  /** In seconds since 1970. Default: now. */
  readonly deployFrom?: number | undefined
}

/** Secret output goes only to the store. Text for people goes to the standard error. */
function finish(
  store: Pick<KeyStore, 'file' | 'write'>,
  keys: readonly SigningJwk[],
  { json, warnings = [], deployFrom }: FinishOptions,
): void {
  store.write(keys)
  if (json) {
    tell(store.file, JSON.stringify({ ...factsOf(keys), warnings }), json)
    return
  }
  for (const warning of warnings) console.error(warning)
  const from = store.file === undefined ? ', and paste the line above' : ` < ${store.file}`
  const when = deployFrom === undefined ? '' : ` from ${formatInstant(deployFrom)} on`
  console.error(
    `\n${renderKeys(keys)}\n\nDeploy the set${when} with: npx wrangler secret put SIGNING_KEYS${from}\n` +
      'Guards see a new key within 10 minutes. Wait 15 minutes before the next rotation.',
  )
}

/**
 * Prints the report on the standard error. As JSON, on the standard output, unless the set is
 * printed there.
 */
function tell(file: string | undefined, text: string, json: boolean): void {
  if (json && file !== undefined) console.log(text)
  else console.error(text)
}

function factsOf(keys: readonly SigningJwk[]) {
  return {
    keys: keys.map((key) => {
      const endsAt = lastTokenExpiresAt(key)
      const retirable = endsAt === undefined ? null : formatInstant(endsAt)
      return { kid: key.kid, alg: key.alg, state: key.state, retirable_on: retirable }
    }),
  }
}

function renderKeys(keys: readonly SigningJwk[]): string {
  const rows = keys.map((key) => [key.kid, key.alg, key.state, describeEnd(key)])
  return renderTable([['kid', 'alg', 'state', 'may be retired from'], ...rows])
}

function describeEnd(key: SigningJwk): string {
  const endsAt = lastTokenExpiresAt(key)
  if (endsAt === undefined) return '-'
  return endsAt <= systemRuntime.now() ? 'now' : formatInstant(endsAt)
}
