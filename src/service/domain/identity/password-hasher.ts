// Stored passwords. A password of up to 72 bytes without NUL is hashed with bcrypt. All others use
// passlib's bcrypt-sha256 (version 2), which hashes HMAC-SHA-256(salt, password) instead. So no
// byte is ever cut, or taken for the end. The stored text says which of the two it is.

import bcrypt from 'bcryptjs'
import { byteLength, encodeUtf8 } from '../../../crypto/utf8.ts'
import type { Runtime } from '../../../runtime/runtime.ts'

/**
 * Hashes and verifies passwords at one cost. A password is text already in its normal form (NFC).
 */
export interface PasswordHasher {
  /** The text to store: `$2b$…` or `$bcrypt-sha256$v=2,…`, with a fresh salt. */
  hash(password: string): Promise<string>
  /**
   * Whether `password` is the one behind `storedHash`. Without a hash (no such account) the answer
   * is no, after the same work at the configured cost. So the time tells a stranger nothing. The
   * same holds for the empty password, which stands for every password that no account can have.
   */
  verify(password: string, storedHash: string | undefined): Promise<boolean>
}

const saltBytes = 16
const saltCharacters = 22
/** bcrypt reads no more than this. */
const bcryptMaxBytes = 72
const bcryptSha256 =
  /^\$bcrypt-sha256\$v=2,t=2b,r=(\d{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/

/** A hasher of the given bcrypt cost (4 to 14: the work doubles with every step). */
export function createPasswordHasher(
  cost: number,
  runtime: Pick<Runtime, 'randomBytes'>,
): PasswordHasher {
  const nobodysHash = `${bcryptPrefix(cost)}${'.'.repeat(saltCharacters)}${'.'.repeat(31)}`

  return {
    async hash(password) {
      const salt = bcrypt.encodeBase64(runtime.randomBytes(saltBytes), saltBytes)
      if (byteLength(password) <= bcryptMaxBytes && !password.includes('\0'))
        return bcrypt.hash(password, bcryptPrefix(cost) + salt)
      const hashed = await hashLongPassword(password, cost, salt)
      return `$bcrypt-sha256$v=2,t=2b,r=${cost}$${salt}$${checksumOf(hashed)}`
    },

    async verify(password, storedHash = nobodysHash) {
      const long = bcryptSha256.exec(storedHash)
      const matches = long
        ? await verifyLongPassword(password, long)
        : await bcrypt.compare(password, storedHash)
      // For bcrypt the empty password is the same as NULs alone. Those may be behind a plain hash
      // of 0.5.
      if (password === '') return false
      if (long) return matches
      // bcrypt reads only the first 72 bytes, so a longer password is never the one behind a plain
      // hash.
      const isWhole = byteLength(password) <= bcryptMaxBytes && !isRepetition(password)
      return matches && isWhole && storedHash !== nobodysHash
    },
  }
}

/**
 * Whether a password only repeats its beginning after each NUL. For bcrypt `pw\0pw` is the same as
 * `pw`, because bcrypt reads its key repeatedly, with a NUL between. Other passwords with a NUL may
 * be behind the plain hashes of versions until 0.5.
 */
function isRepetition(password: string): boolean {
  const [beginning = ''] = password.split('\0')
  return password !== beginning && `${beginning}\0`.repeat(bcryptMaxBytes + 1).startsWith(password)
}

async function verifyLongPassword(password: string, stored: RegExpExecArray): Promise<boolean> {
  const [, cost = '', salt = '', checksum = ''] = stored
  const key = await longPasswordKey(password, salt)
  return bcrypt.compare(key, bcryptPrefix(Number(cost)) + salt + checksum)
}

async function hashLongPassword(password: string, cost: number, salt: string): Promise<string> {
  return bcrypt.hash(await longPasswordKey(password, salt), bcryptPrefix(cost) + salt)
}

async function longPasswordKey(password: string, salt: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', encodeUtf8(salt), algorithm, false, ['sign'])
  const mac = await crypto.subtle.sign('HMAC', key, encodeUtf8(password))
  return btoa(String.fromCharCode(...new Uint8Array(mac)))
}

function bcryptPrefix(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$`
}

function checksumOf(bcryptHash: string): string {
  return bcryptHash.slice(-31)
}
