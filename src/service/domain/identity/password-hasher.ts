// Stored passwords. A password of up to 72 bytes without NUL is hashed with bcrypt. All others use
// passlib's bcrypt-sha256 (version 2), which hashes HMAC-SHA-256(salt, password) instead. So no
// byte is ever cut, or taken for the end. The stored text says which of the two it is. To check any
// password takes the same work as one hash of the configured cost, if the stored hash is no dearer.
// Accounts that moved in have hashes of other systems (stored-hash.ts).

import bcrypt from 'bcryptjs'
import { noPassword } from '../../../crypto/no-password.ts'
import { byteLength } from '../../../crypto/utf8.ts'
import type { Runtime } from '../../../runtime/runtime.ts'
import { costsToAdd } from './hash-costs.ts'
import { saltedKey } from './hashes/bcrypt-sha256.ts'
import type { HashProblem, PasswordHashFamily, StoredHash } from './hashes/password-hash-family.ts'
import { familyThrew, readStoredHash } from './stored-hash.ts'

/**
 * Hashes and verifies passwords at one cost. A password is text already in its normal form (NFC).
 */
export interface PasswordHasher {
  /** The text to store: `$2b$…` or `$bcrypt-sha256$v=2,…`, with a fresh salt. */
  hash(password: string): Promise<string>
  /**
   * Whether `password` is the one behind `storedHash`. Without a hash (no such account) the answer
   * is no. The same holds for an account without a password. And for the empty password, which
   * stands for every password that no account can have. In all these cases this is the work of one
   * hash of the configured cost. So it is with every bcrypt hash up to that cost. A stored hash of
   * a higher cost takes longer.
   *
   * A hash of another kind than bcrypt takes the time of its own family. If a hash cannot be
   * verified, the answer is no, after the work of one hash at the configured cost. Never throws,
   * whatever is stored.
   *
   * @param typed the password before it was normalized. Other systems hash that, so a hash that
   * moved in may match either of the two. If they differ, every check is twice the work
   */
  verify(password: string, storedHash: string | undefined, typed?: string): Promise<boolean>
  /**
   * Whether `storedHash` is of the form and cost that `hash` gives to this password. Whatever is
   * not should be replaced after a right password. No work.
   */
  hasConfiguredForm(password: string, storedHash: string): boolean
}

/** What the hasher knows of hashes that moved in. */
export interface ForeignHashes {
  /** Families in addition to those that are always known. They come first. */
  readonly families?: readonly PasswordHashFamily[] | undefined
  /** Is told that a hash cannot be verified: its family, and why. */
  readonly onUnsupported?: ((family: string, problem: string) => void) | undefined
}

type ForeignHash = Partial<StoredHash> & { readonly family: string }

const saltBytes = 16
const saltCharacters = 22
/** bcrypt reads no more than this. */
const bcryptMaxBytes = 72
/** The plain hashes of this service. Its salts end with one of four characters: 16 bytes do. */
const plainBcrypt = /^\$2b\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}$/
const bcryptSha256 =
  /^\$bcrypt-sha256\$v=2,t=2b,r=([4-9]|1[0-5])\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/
/** bcryptjs holds the thread for up to 100 ms: as long as a hash of this cost takes. */
const maxCostAtOnce = 10
/** The salt of work whose result nobody needs. */
const anySalt = '.'.repeat(saltCharacters)

/** A hasher of the given bcrypt cost (4 to 14: the work doubles with every step). */
export function createPasswordHasher(
  cost: number,
  runtime: Pick<Runtime, 'randomBytes'>,
  foreign: ForeignHashes = {},
): PasswordHasher {
  const nobodysHash = `${bcryptPrefix(cost)}${anySalt}${'.'.repeat(31)}`

  /** Without a password of the account, the work is the same. */
  const hashToVerify = (stored = noPassword) => (stored === noPassword ? nobodysHash : stored)

  /** Other systems hash a password as it is typed. An empty one takes the time of a wrong one. */
  async function verifyForeign(password: string, typed: string, stored: string): Promise<boolean> {
    const found = foreignHash(stored, foreign)
    const matches = await matchesForeign(password || '\0', found)
    if (!isTypedApart(password, typed)) return matches && password !== ''
    // Always both, so that the time does not tell which of them matches.
    return (await matchesForeign(typed, found)) || matches
  }

  /** Whether this text is behind a hash that moved in. If nothing verifies it: no, after a hash. */
  async function matchesForeign(text: string, { family, verify, bcryptCost }: ForeignHash) {
    if (bcryptCost !== undefined) await makeUp(text, costsToAdd(bcryptCost, cost))
    const matches = verify && (await verifyWithoutThrow(verify, text))
    if (typeof matches === 'boolean') return matches
    if (matches) foreign.onUnsupported?.(family, matches.problem)
    await bcrypt.compare(text, nobodysHash)
    return false
  }

  return {
    async hash(password) {
      const salt = bcrypt.encodeBase64(runtime.randomBytes(saltBytes), saltBytes)
      if (fitsBcrypt(password)) return bcrypt.hash(password, bcryptPrefix(cost) + salt)
      const hashed = await hashLongPassword(password, cost, salt)
      return `$bcrypt-sha256$v=2,t=2b,r=${cost}$${salt}$${checksumOf(hashed)}`
    },

    async verify(password, stored, typed = password) {
      const storedHash = hashToVerify(stored)
      const long = bcryptSha256.exec(storedHash)
      const [, storedCost] = long ?? plainBcrypt.exec(storedHash) ?? []
      if (!storedCost) return verifyForeign(password, typed, storedHash)
      const more = costsToAdd(Number(storedCost), cost)
      const matches = await matchesBcrypt(password, storedHash, long, more)
      // A hash that moved in takes a second one then.
      if (isTypedApart(password, typed)) await bcrypt.compare(typed, nobodysHash)
      // For bcrypt the empty password is the same as NULs alone. Those may be behind a plain hash
      // of 0.5.
      if (password === '') return false
      if (long) return matches
      // bcrypt reads only the first 72 bytes, so a longer password is never the one behind a plain
      // hash.
      const isWhole = byteLength(password) <= bcryptMaxBytes && !isRepetition(password)
      return matches && isWhole && storedHash !== nobodysHash
    },

    hasConfiguredForm(password, storedHash) {
      if (fitsBcrypt(password))
        return plainBcrypt.test(storedHash) && storedHash.startsWith(bcryptPrefix(cost))
      return Number(bcryptSha256.exec(storedHash)?.[1]) === cost
    },
  }
}

/** The error of a family may have the hash or the password in it, so nobody sees it. */
async function verifyWithoutThrow(
  verify: NonNullable<StoredHash['verify']>,
  text: string,
): Promise<boolean | HashProblem> {
  try {
    return await verify(text)
  } catch {
    return { problem: familyThrew }
  }
}

/** Whether a hash that moved in may be the one of another text than the normal form. */
function isTypedApart(password: string, typed: string): boolean {
  return password !== '' && typed !== password
}

/** A hash that moved in. If it cannot be verified, this says so, and gives nothing. */
function foreignHash(
  storedHash: string,
  { families = [], onUnsupported }: ForeignHashes,
): ForeignHash {
  const { family, hash } = readStoredHash(storedHash, families)
  if (hash.ok && hash.value.verify) return { family, ...hash.value }
  onUnsupported?.(family, hash.ok ? `It needs ${hash.value.needs}.` : hash.error)
  return { family }
}

/** Whether bcrypt reads all of a password, and nothing twice. */
function fitsBcrypt(password: string): boolean {
  return byteLength(password) <= bcryptMaxBytes && !password.includes('\0')
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

/**
 * Whether bcrypt gives the stored hash, after more hashes at these costs. The key of a long
 * password is made for every password, so that the time does not tell which kind is stored.
 */
async function matchesBcrypt(
  password: string,
  storedHash: string,
  long: RegExpExecArray | null,
  more: readonly number[],
): Promise<boolean> {
  const [, cost = '', salt = anySalt, checksum = ''] = long ?? []
  const key = await saltedKey(password, salt)
  await makeUp(password, more)
  return long
    ? bcrypt.compare(key, bcryptPrefix(Number(cost)) + salt + checksum)
    : bcrypt.compare(password, storedHash)
}

/** Hashes at these costs, whose results nobody needs. */
async function makeUp(password: string, costs: readonly number[]): Promise<void> {
  // bcryptjs releases the thread at the end of an asynchronous hash, and each release takes time.
  // So the short ones do not release it.
  for (const one of costs) {
    const anyHash = bcryptPrefix(one) + anySalt
    if (one <= maxCostAtOnce) bcrypt.hashSync(password, anyHash)
    else await bcrypt.hash(password, anyHash)
  }
}

async function hashLongPassword(password: string, cost: number, salt: string): Promise<string> {
  return bcrypt.hash(await saltedKey(password, salt), bcryptPrefix(cost) + salt)
}

function bcryptPrefix(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$`
}

function checksumOf(bcryptHash: string): string {
  return bcryptHash.slice(-31)
}
