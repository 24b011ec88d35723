// Password hashes of other systems, made by their own libraries (test/vectors).

import { describe, expect, it } from 'vitest'
import { argon2id } from '../../../../src/argon2.ts'
import { systemRuntime } from '../../../../src/runtime/runtime.ts'
import { createPasswordHasher } from '../../../../src/service/domain/identity/password-hasher.ts'
import { checkStoredHash } from '../../../../src/service/domain/identity/stored-hash.ts'
import betterAuth from '../../../vectors/better-auth.json'
import foreign from '../../../vectors/foreign-hashes.json'

const unsupported: string[] = []
const onUnsupported = (family: string) => unsupported.push(family)
const hasher = createPasswordHasher(4, systemRuntime, { families: [argon2id], onUnsupported })
const vectors = [...foreign.vectors, ...betterAuth.vectors]
const of = (family: string) => vectors.filter((one) => one.family === family)
const byteLength = (text: string) => new TextEncoder().encode(text).length
/** The system cut the password of this hash after 72 bytes. */
const isCut = ({ family, password }: { family: string; password: string }) =>
  family === 'bcrypt' && byteLength(password) > 72

describe('hashes of other systems', () => {
  it('are of every family, and each has passwords of every kind', () => {
    for (const [family, least] of [
      ...[['bcrypt', 21] as const, ['bcrypt-sha256', 16] as const, ['pbkdf2', 60] as const],
      ...[['scrypt', 30] as const, ['argon2id', 40] as const],
    ])
      expect([family, of(family).length >= least]).toEqual([family, true])
  })

  it.each(vectors)('match the password: $system, $name', async (vector) => {
    const { family, password, hash } = vector
    const checked = checkStoredHash(hash)
    expect(checked.ok && checked.value.family).toBe(family)
    expect(await hasher.verify(password.normalize('NFC'), hash, password)).toBe(true)
  })

  it.each(vectors)('match no other password: $system, $name', async (vector) => {
    const { password, hash } = vector
    const nfc = password.normalize('NFC')
    expect(await hasher.verify(`!${nfc.slice(1)}`, hash)).toBe(false)
    expect(await hasher.verify('', hash)).toBe(false)
    expect(await hasher.verify('', hash, password)).toBe(false)
    if (isCut(vector)) return
    expect(await hasher.verify(`${nfc.slice(0, -1)}?`, hash)).toBe(false)
    // 72 bytes are all that bcrypt reads.
    if (byteLength(nfc) !== 72) expect(await hasher.verify(`${nfc}?`, hash)).toBe(false)
  })

  it.each(vectors)(
    'match nothing when a character of them is changed: $system, $name',
    async (vector) => {
      const { password, hash } = vector
      const place = hash.search(/[$:][^$:]*$/) + 5
      const other = hash[place] === 'a' ? 'b' : 'a'
      const changed = hash.slice(0, place) + other + hash.slice(place + 1)
      expect(await hasher.verify(password.normalize('NFC'), changed, password)).toBe(false)
    },
  )

  it('are known by their form, and none of these was unsupported', () => {
    expect(unsupported).toEqual([])
  })

  it('of bcrypt match a longer password by its first 72 bytes, as the other system did', async () => {
    const [vector] = foreign.vectors.filter((one) => one.system === 'bcrypt, $2a$' && isCut(one))
    const { password = '', hash = '' } = vector ?? {}
    expect(await hasher.verify(`${password.slice(0, 72)} and more`, hash)).toBe(true)
    expect(await hasher.verify(password.slice(0, 71), hash)).toBe(false)
    // $2b$ may be a hash of this service, which never cuts.
    expect(await hasher.verify(password, hash.replace('$2a$', '$2b$'))).toBe(false)
  })

  it('of bcrypt never match a password with a NUL, which bcrypt would read again', async () => {
    const [{ hash, password } = { hash: '', password: '' }] = foreign.vectors.filter(
      ({ system, name }) => system === 'PHP, $2y$' && name === 'two-byte characters',
    )
    expect(await hasher.verify(password, hash)).toBe(true)
    expect(await hasher.verify(`${password}\0${password}`, hash)).toBe(false)
    expect(await hasher.verify(`${password}\0`, hash)).toBe(false)
  })

  it('match the password as it was typed, where that is not its normal form', async () => {
    const typed = 'Vie\u0302\u0323t Nam'
    const nfc = typed.normalize('NFC')
    const salt = 'c2FsdHNhbHRzYWx0'
    const hash = `pbkdf2_sha256$1$${salt}$${await pbkdf2(typed, salt)}`
    expect(await hasher.verify(nfc, hash, typed)).toBe(true)
    expect(await hasher.verify(nfc, hash, nfc)).toBe(false)
    expect(await hasher.verify(nfc, hash, `${typed}!`)).toBe(false)
    const hashOfNfc = `pbkdf2_sha256$1$${salt}$${await pbkdf2(nfc, salt)}`
    expect(await hasher.verify(nfc, hashOfNfc, typed)).toBe(true)
  })
})

async function pbkdf2(password: string, salt: string): Promise<string> {
  const encode = (text: string) => new TextEncoder().encode(text)
  const key = await crypto.subtle.importKey('raw', encode(password), 'PBKDF2', false, [
    'deriveBits',
  ])
  const parameters = { name: 'PBKDF2', hash: 'SHA-256', salt: encode(salt), iterations: 1 }
  const bits = await crypto.subtle.deriveBits(parameters, key, 256)
  return btoa(String.fromCharCode(...new Uint8Array(bits)))
}
