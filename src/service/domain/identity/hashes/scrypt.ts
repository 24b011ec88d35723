// scrypt (RFC 7914) of Django, Werkzeug and Better Auth, by node:crypto, which Workers and Deno
// have. It is looked up at the first hash, so that nothing is loaded at start-up. Workers refuse
// more than N·r·p = 2^20.

import { encodeUtf8 } from '../../../../crypto/utf8.ts'
import { type Result, refuse, succeed } from '../../../../errors/reasons.ts'
import { decodeBase64, decodeHex, isSameDigest, readable } from './encodings.ts'
import type { PasswordHashFamily, StoredHash } from './password-hash-family.ts'

/** The work of a hash, by the names of RFC 7914 §2. */
interface Work {
  readonly N: number
  readonly r: number
  readonly p: number
}

interface NodeCrypto {
  scrypt(
    password: Uint8Array,
    salt: Uint8Array,
    bytes: number,
    options: Work & { readonly maxmem: number },
    done: (error: unknown, key: Uint8Array) => void,
  ): void
}

const maxWork = 2 ** 20
/** Beyond these the work is not in N·r·p, but in the hashing before and after. */
const maxR = 64
const maxP = 16
const digestBytes = 64
const betterAuthWork: Work = { N: 16_384, r: 16, p: 1 }

const django = /^scrypt\$(\d{1,12})\$([^$]{1,128})\$(\d{1,12})\$(\d{1,12})\$([A-Za-z0-9+/]+={0,2})$/
const werkzeug = /^scrypt:(\d{1,12}):(\d{1,12}):(\d{1,12})\$([^$]{1,128})\$([0-9a-f]+)$/
const betterAuth = /^([0-9a-f]{32}):([0-9a-f]{128})$/

/** `scrypt:32768:8:1$…`, `scrypt$16384$…` and Better Auth's `salt:key`. */
export const scryptFamily: PasswordHashFamily = {
  name: 'scrypt',
  parse(text) {
    const [ofBetterAuth, salt = '', key = ''] = betterAuth.exec(text) ?? []
    if (ofBetterAuth !== undefined) {
      // The salt is used as it is written. Better Auth hashes the compatible form of a password.
      const normalize = (password: string) => password.normalize('NFKC')
      return check(betterAuthWork, salt, decodeHex(key), normalize)
    }
    if (!/^scrypt[$:]/.test(text)) return undefined
    return readDjango(text) ?? readWerkzeug(text) ?? refuse(damaged)
  },
}

const damaged =
  'The scrypt hash is cut or damaged. Possible are the forms of Django, Werkzeug and Better Auth.'

function readDjango(text: string): Result<StoredHash, string> | undefined {
  const [whole, N, salt = '', r, p, digest = ''] = django.exec(text) ?? []
  if (whole === undefined) return undefined
  return check({ N: Number(N), r: Number(r), p: Number(p) }, salt, decodeBase64(digest))
}

function readWerkzeug(text: string): Result<StoredHash, string> | undefined {
  const [whole, N, r, p, salt = '', digest = ''] = werkzeug.exec(text) ?? []
  if (whole === undefined) return undefined
  return check({ N: Number(N), r: Number(r), p: Number(p) }, salt, decodeHex(digest))
}

function check(
  work: Work,
  salt: string,
  digest: Uint8Array | undefined,
  normalize = (password: string) => password,
): Result<StoredHash, string> {
  const { N, r, p } = work
  if (N * r * p > maxWork) {
    const given = `N=${readable(N)}, r=${readable(r)}, p=${readable(p)}`
    return refuse(`scrypt with ${given}: Workers verify at most N·r·p = ${readable(maxWork)}.`)
  }
  // N is smaller than 2^(16r) (RFC 7914 §2). Libraries throw otherwise.
  const isPower = N >= 2 && (N & (N - 1)) === 0 && Math.log2(N) < 16 * r
  if (r < 1 || r > maxR || p < 1 || p > maxP || !isPower) {
    return refuse(
      `The numbers of the scrypt hash are not possible: N is a power of two, r is 1 to ${maxR}, and p is 1 to ${maxP}.`,
    )
  }
  if (digest?.length !== digestBytes) return refuse(damaged)
  return succeed({
    async verify(password) {
      return isSameDigest(await derive(normalize(password), salt, work), digest)
    },
  })
}

function derive(password: string, salt: string, { N, r, p }: Work): Promise<Uint8Array> {
  // What the algorithm needs, and some more for the library's own.
  const options = { N, r, p, maxmem: 128 * r * (N + p + 2) + 2 ** 16 }
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: 'node:crypto'): NodeCrypto }
  }
  const { scrypt } = process.getBuiltinModule('node:crypto')
  return new Promise((resolve, reject) => {
    scrypt(encodeUtf8(password), encodeUtf8(salt), digestBytes, options, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}
