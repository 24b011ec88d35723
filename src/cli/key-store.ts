// Where a private key set is kept between two commands. It is a file that only its owner can read,
// or the environment and the standard output.

import { readFileSync } from 'node:fs'
import { variableText } from '../service/config/variable-text.ts'
import { parseSigningKeys, type SigningJwk } from '../token/signing-key.ts'
import { Failure } from './failure.ts'
import {
  createPrivateFile,
  findOtherName,
  replacePrivateFile,
  warnOfReaders,
} from './private-file.ts'

export interface KeyStore {
  readonly keys: readonly SigningJwk[]
  /** Undefined when the set is printed. */
  readonly file: string | undefined
  /** Replaces the set as a whole, or prints it on one line. */
  write(keys: readonly SigningJwk[]): void
}

/** The set from the file, or from SIGNING_KEYS. Warns when others can read the file. */
export async function openKeyStore(file: string | undefined): Promise<KeyStore> {
  const text = file === undefined ? variableText(process.env.SIGNING_KEYS) : readKeyFile(file)
  if (!text) {
    throw new Failure(
      'Say where the key set is: pass --file, or set SIGNING_KEYS in the environment.',
      'usage',
    )
  }
  const keys = await parseSigningKeys(text)
  if (!keys.ok) throw new Failure(`${file ?? 'SIGNING_KEYS'} ${keys.error}.`)
  const warning = file && warnOfReaders(file)
  if (warning) console.error(warning)
  return { keys: keys.value, file, write: (changed) => writeKeys(file, changed, replaceKeyFile) }
}

/** A place for a first set. An existing file is not changed. */
export function createKeyFile(file: string | undefined): Pick<KeyStore, 'file' | 'write'> {
  return { file, write: (keys) => writeKeys(file, keys, createPrivateFile) }
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new Failure(`${file} cannot be read: make it with \`keys generate --file ${file}\`.`)
  }
}

function writeKeys(
  file: string | undefined,
  keys: readonly SigningJwk[],
  write: (file: string, text: string) => void,
): void {
  const text = `${JSON.stringify({ keys })}\n`
  if (file === undefined) {
    process.stdout.write(text)
    return
  }
  try {
    write(file, text)
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(
      isExisting(error)
        ? `${file} exists already, and was not changed. \`keys rotate\` changes it. For a new set, choose another --file.`
        : `${file} cannot be written: check its folder, or choose another --file.`,
    )
  }
}

/**
 * Refuses a file that has another name. That name would keep the old set, and its readers would
 * sign with it.
 */
function replaceKeyFile(file: string, text: string): void {
  const link = findOtherName(file)
  if (link === 'symbolic link') {
    throw new Failure(`${file} is a symbolic link: pass the file that it leads to as --file.`)
  }
  if (link) {
    throw new Failure(
      `${file} has another name (a hard link) that would keep the old set: delete that link, or copy the file. Nothing was changed.`,
    )
  }
  replacePrivateFile(file, text)
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}
