// The SECRET_KEY of a developer's machine, in .dev.vars, where wrangler looks for secrets and git
// does not.

import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { Failure } from '../../src/cli/failure.ts'

/**
 * The key in `file`; a fresh random one is written there when there is none. What else the file
 * holds stays as it is.
 */
export function ensureSecretKey(file: string): string {
  const text = readIfThere(file)
  const existing = parseEnv(text).SECRET_KEY
  if (existing) return existing
  const secretKey = randomBytes(32).toString('base64url')
  const lineBreak = text === '' || text.endsWith('\n') ? '' : '\n'
  append(file, `${lineBreak}SECRET_KEY="${secretKey}"\n`)
  console.log(`Wrote a random SECRET_KEY into ${file}.`)
  return secretKey
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
