// Where a private key set is kept between two commands: a file that only its owner can read, or the
// environment and the standard output.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { parseSigningKeys, type SigningJwk } from '../token/signing-key.ts'
import { Failure } from './failure.ts'

export interface KeyStore {
  readonly keys: readonly SigningJwk[]
  /** Undefined where the set is printed. */
  readonly file: string | undefined
  /** Replaces the set as a whole, or prints it on one line. */
  write(keys: readonly SigningJwk[]): void
}

/** The set of the file, or of SIGNING_KEYS. */
export function openKeyStore(file: string | undefined): KeyStore {
  const text = file === undefined ? process.env.SIGNING_KEYS : readKeyFile(file)
  if (!text) {
    throw new Failure('Say where the set is: pass --file, or set SIGNING_KEYS in the environment.')
  }
  const keys = parseSigningKeys(text)
  if (!keys.ok) throw new Failure(`${file ?? 'SIGNING_KEYS'} ${keys.reason}.`)
  return { keys: keys.value, file, write: (changed) => writeKeys(file, changed) }
}

/** A place for a first set; a file that is there already is not touched. */
export function createKeyFile(file: string | undefined): Pick<KeyStore, 'file' | 'write'> {
  if (file !== undefined && existsSync(file)) {
    throw new Failure(`${file} exists, and is left as it is: \`keys rotate\` changes it.`)
  }
  return { file, write: (keys) => writeKeys(file, keys) }
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new Failure(`${file} cannot be read: make it with \`keys generate --file ${file}\`.`)
  }
}

function writeKeys(file: string | undefined, keys: readonly SigningJwk[]): void {
  const text = `${JSON.stringify({ keys })}\n`
  if (file === undefined) {
    process.stdout.write(text)
    return
  }
  const beside = `${file}.new`
  try {
    writeFileSync(beside, text, { mode: 0o600 })
    renameSync(beside, file)
  } catch {
    rmSync(beside, { force: true })
    throw new Failure(`${file} cannot be written: check its folder, or choose another --file.`)
  }
}
