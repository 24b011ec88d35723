// Finds which keys were in use when a backup was restored, for `migrate --restored`. The old keys
// come from a file. They are compared with the keys that the issuer publishes now. So a key that
// still signs is never revoked.

import { readFileSync } from 'node:fs'
import { insecure } from '../service/config/database-url.ts'
import { variableText } from '../service/config/variable-text.ts'
import { keySetUrl, parseIssuer } from '../token/issuer.ts'
import { isObject } from '../token/json.ts'
import { parseJwkSetEntries } from '../token/jwk.ts'
import { isInsecureUrl } from '../token/loopback.ts'
import { Failure } from './failure.ts'
import { createPrivateFile } from './private-file.ts'

/** Where to find the keys. */
export interface KeyPlaces {
  readonly issuer?: string
  readonly file?: string
}

export interface KeysInUse {
  /** The keys to revoke. */
  readonly keyIds: readonly string[]
  /** The keys that the issuer publishes now; undefined when it was not asked. */
  readonly published: readonly string[] | undefined
}

/** The file that keeps the published set until new keys are deployed. */
const savedFile = 'keys-before-restore.json'
const timeoutMs = 10_000
const maxKeys = 64
const deploy =
  'deploy new ones (`portcullis keys generate --file new-signing-keys.json`, then `wrangler secret put SIGNING_KEYS < new-signing-keys.json`)'

/**
 * The keys that were in use. None of them is published any more.
 *
 * @throws Failure with a message that says what to do first
 */
export async function findKeysInUse({ issuer, file }: KeyPlaces): Promise<KeysInUse> {
  if (issuer === undefined && file === undefined) {
    throw new Failure(
      'Say which keys were in use before: pass --file with the old signing-keys.json, and --issuer with the URL of the service. Without the file, --issuer saves the keys that are published now.',
      'usage',
    )
  }
  const keyIds = file === undefined ? undefined : readKeyIds(file)
  const set = issuer === undefined ? undefined : await fetchKeySet(issuer)
  if (set && !keyIds && set.keyIds.length > 0) return saveKeySet(set)
  refusePublished(keyIds ?? [], set)
  return { keyIds: keyIds ?? [], published: set?.keyIds }
}

interface PublishedSet {
  readonly url: string
  readonly text: string
  readonly keyIds: readonly string[]
}

function refusePublished(keyIds: readonly string[], set: PublishedSet | undefined): void {
  const still = keyIds.filter((keyId) => set?.keyIds.includes(keyId))
  if (still.length === 0) return
  throw new Failure(
    `These keys are still published at ${set?.url}: ${still.join(', ')}. First ${deploy}. Then run this again. A cache may show the old set for a minute. Nothing was changed.`,
  )
}

/** Saves the published set, and fails. The published set alone does not show which keys are old. */
function saveKeySet({ url, text, keyIds }: PublishedSet): never {
  try {
    // Does not follow a link, and replaces no file.
    createPrivateFile(savedFile, text)
  } catch {
    throw new Failure(
      `${savedFile} cannot be made. If it is there from an earlier run, pass it: --file ${savedFile}. Nothing was changed.`,
    )
  }
  throw new Failure(
    `The keys that are published at ${url} are now in ${savedFile}: ${keyIds.join(', ')}. If new keys are deployed already, these are the wrong ones: delete that file, and pass the old set with --file. Otherwise ${deploy}, and run this again, with --file ${savedFile} as well. Nothing was changed.`,
  )
}

function readKeyIds(file: string): readonly string[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new Failure(`${file} cannot be read: check --file.`)
  }
  const keyIds = parseKeyIds(text)
  if (keyIds && keyIds.length > 0) return keyIds
  throw new Failure(
    `${file} must be a JWK Set with a kid in each key, such as signing-keys.json: check --file.`,
  )
}

async function fetchKeySet(issuer: string): Promise<PublishedSet> {
  const parsed = parseIssuer(issuer)
  if (!parsed.ok) throw new Failure(`--issuer ${parsed.error}.`, 'usage')
  if (isInsecureUrl(issuer) && variableText(process.env.INSECURE_HTTP) !== 'allow') {
    throw new Failure(`--issuer ${insecure}`, 'usage')
  }
  const url = keySetUrl(parsed.value)
  const text = await fetchText(url)
  const keyIds = parseKeyIds(text)
  if (keyIds) return { url, text, keyIds }
  throw new Failure(`What answers at ${url} is no JWK Set with a kid in each key: check --issuer.`)
}

async function fetchText(url: string): Promise<string> {
  const headers = { Accept: 'application/json', 'Cache-Control': 'no-cache' }
  const signal = AbortSignal.timeout(timeoutMs)
  const answer = await fetch(url, { headers, signal, redirect: 'manual' }).catch(() => undefined)
  const text = answer?.ok ? await answer.text().catch(() => undefined) : undefined
  if (text !== undefined) return text
  const what = answer ? `answers with status ${answer.status}` : 'cannot be reached'
  throw new Failure(
    `${url} ${what}: check --issuer, and that the service runs. Where it cannot run yet, pass --file alone.`,
    answer && answer.status < 500 ? 'failure' : 'unreachable',
  )
}

function isKeyId(kid: unknown): kid is string {
  return typeof kid === 'string' && kid !== ''
}

/** The key ids in a private or public JWK Set; undefined when the text is not such a set. */
function parseKeyIds(text: string): readonly string[] | undefined {
  const entries = parseJwkSetEntries(text)
  const keyIds = entries?.map((entry) => (isObject(entry) ? entry.kid : undefined))
  if (!keyIds || keyIds.length > maxKeys || !keyIds.every(isKeyId)) return undefined
  return [...new Set(keyIds)]
}
