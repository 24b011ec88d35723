// PBKDF2 (RFC 8018) of Django, Werkzeug and passlib, by Web Crypto. Production Workers refuse more
// than 100,000 rounds, although workerd on a developer's machine does not.

import { encodeUtf8 } from '../../../../crypto/utf8.ts'
import { type Result, refuse, succeed } from '../../../../errors/reasons.ts'
import { decodeBareBase64, decodeBase64, decodeHex, isSameDigest, readable } from './encodings.ts'
import type { PasswordHashFamily, StoredHash } from './password-hash-family.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** What was read from the text. Bytes that could not be decoded are undefined. */
interface Parts {
  readonly hash: string
  readonly rounds: string | undefined
  readonly salt: Bytes | undefined
  readonly digest: Bytes | undefined
}

const maxRounds = 100_000
/** The name in the text → the name for Web Crypto, and the size of the digest. */
const hashes: ReadonlyMap<string, readonly [name: string, bytes: number]> = new Map([
  ['sha1', ['SHA-1', 20]],
  ['sha256', ['SHA-256', 32]],
  ['sha512', ['SHA-512', 64]],
])

const django = /^pbkdf2_(sha1|sha256)\$(\d{1,12})\$([^$]{1,128})\$([A-Za-z0-9+/]+={0,2})$/
const werkzeug = /^pbkdf2:(\w{1,16})(?::(\d{1,12}))?\$([^$]{1,128})\$([0-9a-f]+)$/
const passlib =
  /^\$pbkdf2(?:-(sha256|sha512))?\$(\d{1,12})\$([A-Za-z0-9./]{1,128})\$([A-Za-z0-9./]+)$/

/** `pbkdf2_sha256$…`, `pbkdf2:sha256:…` and `$pbkdf2-sha256$…`, with SHA-1 and SHA-512, too. */
export const pbkdf2Family: PasswordHashFamily = {
  name: 'pbkdf2',
  parse(text) {
    if (!/^(?:pbkdf2[_:]|\$pbkdf2[-$])/.test(text)) return undefined
    const parts = readDjango(text) ?? readWerkzeug(text) ?? readPasslib(text)
    return parts ? check(parts) : refuse(damaged)
  },
}

const damaged =
  'The PBKDF2 hash is cut or damaged. Possible are the forms of Django, Werkzeug and passlib.'

function readDjango(text: string): Parts | undefined {
  const [whole, hash = '', rounds, salt = '', digest = ''] = django.exec(text) ?? []
  return whole === undefined
    ? undefined
    : { hash, rounds, salt: encodeUtf8(salt), digest: decodeBase64(digest) }
}

function readWerkzeug(text: string): Parts | undefined {
  const [whole, hash = '', rounds, salt = '', digest = ''] = werkzeug.exec(text) ?? []
  return whole === undefined
    ? undefined
    : { hash, rounds, salt: encodeUtf8(salt), digest: decodeHex(digest) }
}

function readPasslib(text: string): Parts | undefined {
  const [whole, hash = 'sha1', rounds, salt = '', digest = ''] = passlib.exec(text) ?? []
  if (whole === undefined) return undefined
  const decode = (bytes: string) => decodeBareBase64(bytes.replaceAll('.', '+'))
  return { hash, rounds, salt: decode(salt), digest: decode(digest) }
}

function check({ hash, rounds, salt, digest }: Parts): Result<StoredHash, string> {
  const [algorithm, bytes] = hashes.get(hash) ?? []
  if (algorithm === undefined) {
    return refuse('PBKDF2 with this hash is not possible. Possible are sha1, sha256 and sha512.')
  }
  if (rounds === undefined) {
    return refuse('The PBKDF2 hash does not say its rounds, as in pbkdf2:sha256:50000$…')
  }
  const iterations = Number(rounds)
  if (iterations > maxRounds) {
    return refuse(
      `PBKDF2 with ${readable(rounds)} rounds: Workers verify at most ${readable(maxRounds)}.`,
    )
  }
  if (iterations < 1 || !salt || !digest || digest.length !== bytes) return refuse(damaged)
  return succeed({
    async verify(password) {
      const parameters = { name: 'PBKDF2', hash: algorithm, salt, iterations }
      return isSameDigest(await derive(password, parameters, digest.length), digest)
    },
  })
}

async function derive(
  password: string,
  parameters: { name: string; hash: string; salt: Bytes; iterations: number },
  bytes: number,
): Promise<Uint8Array> {
  const uses = ['deriveBits'] as const
  const key = await crypto.subtle.importKey('raw', encodeUtf8(password), 'PBKDF2', false, [...uses])
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, bytes * 8))
}
