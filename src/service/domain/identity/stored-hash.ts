// Which stored password hashes are known, and what may be stored. Accounts bring the hashes of the
// system that they come from. A login verifies them, and then stores a hash of this service.

import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import { createArgon2idFamily } from './hashes/argon2id.ts'
import { bcryptFamily } from './hashes/bcrypt.ts'
import { bcryptSha256Family } from './hashes/bcrypt-sha256.ts'
import type { PasswordHashFamily, StoredHash } from './hashes/password-hash-family.ts'
import { pbkdf2Family } from './hashes/pbkdf2.ts'
import { scryptFamily } from './hashes/scrypt.ts'

/** A stored text that was read. */
export interface ReadHash {
  /** The name of its family, or 'unknown'. */
  readonly family: string
  /** The hash, or a sentence that says what is wrong and what is possible. */
  readonly hash: Result<StoredHash, string>
}

/** No form needs more. Longer texts are not read. */
const maxCharacters = 512
const printableAscii = /^[\x20-\x7e]*$/

/** What is said of a family whose code throws. Only those of applications may. */
export const familyThrew = 'Its code threw an error.'

const families: readonly PasswordHashFamily[] = [
  bcryptFamily,
  bcryptSha256Family,
  pbkdf2Family,
  scryptFamily,
  createArgon2idFamily(),
]

/**
 * Whether this text may be stored as the password hash of an account, and its family. The error is
 * a sentence that says what is wrong and what is possible. It never shows the hash. `needs` names
 * what the service must be given to verify it: `portcullis/argon2`. No hash is computed. Never
 * throws.
 *
 * @param extra the families of `passwordHashes`. They come before those that are always known
 *
 * @example
 * ```ts
 * import { checkStoredHash } from 'portcullis/server'
 *
 * export function familyOf(hash: string): string {
 *   const checked = checkStoredHash(hash)
 *   return checked.ok ? checked.value.family : checked.error
 * }
 * ```
 */
export function checkStoredHash(
  text: string,
  extra: readonly PasswordHashFamily[] = [],
): Result<{ readonly family: string; readonly needs?: string }, string> {
  const { family, hash } = readStoredHash(text, extra)
  if (!hash.ok) return hash
  const { needs } = hash.value
  return succeed(needs === undefined ? { family } : { family, needs })
}

/** Reads a stored text. Never throws. */
export function readStoredHash(text: string, extra: readonly PasswordHashFamily[]): ReadHash {
  if (text.length > maxCharacters) {
    return unknown(`The hash is longer than ${maxCharacters} characters, which no known form is.`)
  }
  // SQLite stores what is not Unicode as it is, and then no client can read the row.
  if (!printableAscii.test(text)) {
    return unknown('The hash has other characters than those of printable ASCII.')
  }
  for (const family of [...extra, ...families]) {
    const hash = parseWithoutThrow(family, text)
    if (hash) return { family: family.name, hash }
  }
  const known = families.map(({ name }) => name).join(', ')
  return unknown(`The form of the hash is not known. Known are ${known}.`)
}

/** The error of a family may have the hash in it, so nobody sees it. */
function parseWithoutThrow({ parse }: PasswordHashFamily, text: string): ReturnType<typeof parse> {
  try {
    return parse(text)
  } catch {
    return refuse(familyThrew)
  }
}

function unknown(problem: string): ReadHash {
  return { family: 'unknown', hash: refuse(problem) }
}
