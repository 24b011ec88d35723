// The secrets of a developer's machine, SECRET_KEY and SIGNING_KEYS. They are in .dev.vars, where
// wrangler finds them and git ignores them. SIGNING_KEYS lets another Worker verify tokens from the
// start.

import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { Failure } from '../../src/cli/failure.ts'
import { findOtherName, replacePrivateFile } from '../../src/cli/private-file.ts'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { createSigningKeys } from '../../src/service/domain/keys/rotation.ts'
import { generateKeyPair } from '../../src/token/key-pair.ts'
import { keepPrivate } from '../keep-private.ts'

export type Secrets = Readonly<Record<string, string>>

/**
 * The secrets in `file`. Missing ones are generated at random and written. Secrets that the user
 * gives (`given`) are not read from the file. A given SECRET_KEY is meant to sign: with it, only
 * given SIGNING_KEYS are used. The rest of the file stays as it is.
 */
export async function ensureSecrets(file: string, given: Secrets): Promise<Secrets> {
  if (given.SECRET_KEY !== undefined) return {}
  const text = readIfThere(file)
  const existing = parseEnv(text)
  const secrets: Record<string, string> = {}
  const added: string[] = []
  for (const [name, create] of Object.entries(creators)) {
    if (given[name] !== undefined) continue
    secrets[name] = existing[name] || (await create())
    if (!existing[name]) added.push(name)
  }
  if (added.length === 0) keepPrivate(file)
  else writeSecrets(file, text, added.map((name) => `${name}='${secrets[name]}'\n`).join(''))
  for (const name of added) console.log(`Wrote a random ${name} into ${file}.`)
  return secrets
}

const creators = { SECRET_KEY: async () => createSecretKey(), SIGNING_KEYS: createKeySet }

function createSecretKey(): string {
  return randomBytes(32).toString('base64url')
}

async function createKeySet(): Promise<string> {
  const generate = () => generateKeyPair('ES256', systemRuntime)
  return JSON.stringify({ keys: createSigningKeys(await generate(), await generate()) })
}

function readIfThere(file: string): string {
  try {
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  } catch {
    throw new Failure(`${file} cannot be read: change its permissions, or pass --var SECRET_KEY:…`)
  }
}

function writeSecrets(file: string, text: string, lines: string): void {
  const link = findOtherName(file)
  if (link) {
    throw new Failure(
      `${file} is a ${link}, so no secrets are written to it: put a file there, or pass --var SECRET_KEY:…`,
    )
  }
  const lineBreak = text === '' || text.endsWith('\n') ? '' : '\n'
  try {
    replacePrivateFile(file, `${text}${lineBreak}${lines}`)
  } catch {
    throw new Failure(
      `${file} cannot be written: change its permissions, or pass --var SECRET_KEY:…`,
    )
  }
}
