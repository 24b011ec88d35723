// The SECRET_KEY of a developer's machine, in .dev.vars, where wrangler looks for secrets and git does not.

import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/** The key in `file`; a fresh random one is written there when there is none. What else the file holds stays as it is. */
export function ensureSecretKey(file: string): string {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const existing = parseEnv(text).SECRET_KEY
  if (existing) return existing
  const secretKey = randomBytes(32).toString('base64url')
  const lineBreak = text === '' || text.endsWith('\n') ? '' : '\n'
  appendFileSync(file, `${lineBreak}SECRET_KEY="${secretKey}"\n`, { mode: 0o600 })
  console.log(`Wrote a random SECRET_KEY into ${file}.`)
  return secretKey
}
