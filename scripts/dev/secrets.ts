// The secrets of a developer's machine, in .dev.vars, where wrangler looks for them and git does not:
// SECRET_KEY, and SIGNING_KEYS, so that another Worker can verify tokens from the first minute.

import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { Failure } from '../../src/cli/failure.ts'
import { generateKeyPair } from '../../src/domain/keys/key-pair.ts'
import { createSigningKeys } from '../../src/domain/keys/rotation.ts'
import { systemRuntime } from '../../src/runtime.ts'

export type Secrets = Readonly<Record<string, string>>

/**
 * The secrets in `file`, with fresh random ones written where there are none; those that the user
 * has given (`given`) are not looked for. Whoever gives a SECRET_KEY wants to see it sign: with it,
 * there are no other keys than given ones. What else the file holds stays as it is.
 */
export async function ensureSecrets(file: string, given: Secrets): Promise<Secrets> {
  if (given.SECRET_KEY !== undefined) return {}
  const secrets: Record<string, string> = {
    SECRET_KEY: await ensureSecret(file, 'SECRET_KEY', async () => createSecretKey()),
  }
  if (given.SIGNING_KEYS === undefined) {
    secrets.SIGNING_KEYS = await ensureSecret(file, 'SIGNING_KEYS', createKeySet)
  }
  return secrets
}

async function ensureSecret(
  file: string,
  name: string,
  create: () => Promise<string>,
): Promise<string> {
  const text = readIfThere(file)
  const existing = parseEnv(text)[name]
  if (existing) return existing
  const secret = await create()
  const lineBreak = text === '' || text.endsWith('\n') ? '' : '\n'
  append(file, `${lineBreak}${name}='${secret}'\n`)
  console.log(`Wrote a random ${name} into ${file}.`)
  return secret
}

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

function append(file: string, line: string): void {
  try {
    appendFileSync(file, line, { mode: 0o600 })
    // The mode above is for a file that is new; from now on this one holds a secret, too.
    chmodSync(file, 0o600)
  } catch {
    throw new Failure(
      `${file} cannot be written: change its permissions, or pass --var SECRET_KEY:…`,
    )
  }
}
