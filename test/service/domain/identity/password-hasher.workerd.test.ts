import bcrypt from 'bcryptjs'
import { describe, expect, it } from 'vitest'
import { systemRuntime } from '../../../../src/runtime/runtime.ts'
import { createPasswordHasher } from '../../../../src/service/domain/identity/password-hasher.ts'
import vectors from '../../../vectors/passlib.json'

const hasher = createPasswordHasher(4, systemRuntime)
const all = [...vectors.bcrypt, ...vectors.bcryptSha256]

describe('passwords against passlib', () => {
  it.each(all)('accepts the password of $name', async ({ password, hash }) => {
    expect(await hasher.verify(password, hash)).toBe(true)
  })

  it.each(all)('refuses another password for $name', async ({ password, hash }) => {
    expect(await hasher.verify(`${password.slice(0, -1)}!`, hash)).toBe(false)
    expect(await hasher.verify(`${password}!`, hash)).toBe(false)
  })

  it.each(all)('hashes $name as passlib does', async ({ password, salt, hash }) => {
    const cost = Number(/(?:r=|\$2b\$)(\d+)/.exec(hash)?.[1])
    const randomBytes = () => Uint8Array.from(bcrypt.decodeBase64(salt, 16))
    expect(await createPasswordHasher(cost, { randomBytes }).hash(password)).toBe(hash)
  })
})

describe('passwords', () => {
  it('are hashed with plain bcrypt up to 72 bytes, and with bcrypt-sha256 beyond', async () => {
    expect(await hasher.hash('é'.repeat(36))).toMatch(/^\$2b\$04\$[./A-Za-z0-9]{53}$/)
    expect(await hasher.hash(`${'é'.repeat(36)}x`)).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=4\$/)
  })

  it('get a new salt for every hash', async () => {
    expect(await hasher.hash('123456')).not.toBe(await hasher.hash('123456'))
  })

  it('are not cut to the 72 bytes of a plain hash', async () => {
    const stored = await hasher.hash('p'.repeat(72))
    expect(await hasher.verify('p'.repeat(73), stored)).toBe(false)
  })

  it.each(['pw\0pw', 'pw\0', 'pw\0pw\0', 'pw\0'.repeat(24), 'pw\0pw\0p'])(
    'include everything after a NUL: %j',
    async (password) => {
      expect(await hasher.verify(password, await hasher.hash('pw'))).toBe(false)
      const stored = await hasher.hash(password)
      expect(stored).toContain('$bcrypt-sha256$')
      expect(await hasher.verify(password, stored)).toBe(true)
      expect(await hasher.verify('pw', stored)).toBe(false)
    },
  )

  it('match with a NUL against a plain hash of a version until 0.5', async () => {
    const stored = await bcrypt.hash('pw\0other', 4)
    expect(await hasher.verify('pw\0other', stored)).toBe(true)
    expect(await hasher.verify('pw', stored)).toBe(false)
  })

  it('are never empty, whatever is stored', async () => {
    const nuls = '\0'.repeat(8)
    const stored = [nuls, ''].map((password) => bcrypt.hash(password, 4))
    for (const hash of [...(await Promise.all(stored)), await hasher.hash('')])
      expect(await hasher.verify('', hash)).toBe(false)
    const hash = await hasher.hash(nuls)
    expect([await hasher.verify(nuls, hash), await hasher.verify('', hash)]).toEqual([true, false])
  })

  it('never match without a hash, even where a guess might find the password', async () => {
    expect(await hasher.verify('', undefined)).toBe(false)
    expect(await hasher.verify('123456', undefined)).toBe(false)
  })
})
