// What may be stored as a password hash, and what happens to the rest.

import bcrypt from 'bcryptjs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { argon2id } from '../../../../src/argon2.ts'
import { systemRuntime } from '../../../../src/runtime/runtime.ts'
import { createPasswordHasher } from '../../../../src/service/domain/identity/password-hasher.ts'
import { checkStoredHash } from '../../../../src/service/domain/identity/stored-hash.ts'
import betterAuth from '../../../vectors/better-auth.json'
import foreign from '../../../vectors/foreign-hashes.json'
import passlib from '../../../vectors/passlib.json'

const unsupported: string[] = []
const onUnsupported = (family: string) => unsupported.push(family)
const hasher = createPasswordHasher(4, systemRuntime, { families: [argon2id], onUnsupported })

const hex = (bytes: number) => 'ab'.repeat(bytes)
const salt22 = 'n79VH.0Q2TMWmt3Oqt9uku'
const sum31 = 'BTX3NXGzm3VXbJe2F5R2pmrUcvooyHi'
const argon = (numbers: string, salt = 'c2FsdHNhbHQ', tag = 'YWJjZGVmZ2hpamtsbW5vcA') =>
  `$argon2id$v=19$${numbers}$${salt}$${tag}`
const salt64 = 'A'.repeat(86)

const accepted: readonly [family: string, hash: string][] = [
  ['bcrypt', `$2b$04$${salt22}${sum31}`],
  ['bcrypt', `$2a$15$${salt22}${sum31}`],
  ['bcrypt', `$2y$10$${salt22}${sum31}`],
  ['bcrypt', `bcrypt$$2b$12$${salt22}${sum31}`],
  ['bcrypt-sha256', `$bcrypt-sha256$v=2,t=2b,r=15$${salt22}$${sum31}`],
  ['bcrypt-sha256', `$bcrypt-sha256$2a,12$${salt22}$${sum31}`],
  ['bcrypt-sha256', `bcrypt_sha256$$2b$12$${salt22}${sum31}`],
  ['pbkdf2', `pbkdf2:sha256:100000$salt$${hex(32)}`],
  ['pbkdf2', `pbkdf2:sha1:1$${'s'.repeat(128)}$${hex(20)}`],
  ['scrypt', `scrypt:131072:8:1$salt$${hex(64)}`],
  ['scrypt', `scrypt:32768:1:16$salt$${hex(64)}`],
  ['scrypt', `scrypt:16:64:1$salt$${hex(64)}`],
  ['scrypt', `${hex(16)}:${hex(64)}`],
  ['argon2id', argon('m=65536,t=8,p=16')],
  ['argon2id', argon('m=8,t=65536,p=1', salt64, salt64)],
]

const refused: readonly [hash: string, says: string][] = [
  ['', 'The form of the hash is not known.'],
  ['x'.repeat(513), 'longer than 512 characters'],
  [`$2b$04$${salt22}${sum31}${' '.repeat(500)}`, 'longer than 512 characters'],
  [`pbkdf2_sha256$1000$s\0lt$${hex(32)}`, 'other characters than those of printable ASCII'],
  [`scrypt:1024:8:1$s\nlt$${hex(64)}`, 'other characters than those of printable ASCII'],
  [`pbkdf2:sha256:1000$s\u00e4lt$${hex(32)}`, 'other characters than those of printable ASCII'],
  ['5f4dcc3b5aa765d61d8327deb882cf99', 'The form of the hash is not known.'],
  ['sha256$salt$abcdef', 'The form of the hash is not known.'],
  [`$2b$03$${salt22}${sum31}`, 'bcrypt with cost 3: possible are costs 4 to 15.'],
  [`$2b$16$${salt22}${sum31}`, 'bcrypt with cost 16: possible are costs 4 to 15.'],
  [`$2y$99$${salt22}${sum31}`, 'cost 99'],
  [`$2x$10$${salt22}${sum31}`, 'a faulty library'],
  [`$2$10$${salt22}${sum31}`, 'cut or damaged'],
  [`$2b$10$${salt22}${sum31.slice(1)}`, 'cut or damaged'],
  [`$2b$10$${salt22}${sum31}\n`, 'printable ASCII'],
  [`$2b$1e$${salt22}${sum31}`, 'cut or damaged'],
  [`$bcrypt-sha256$v=2,t=2b,r=31$${salt22}$${sum31}`, 'bcrypt-sha256 with cost 31'],
  [`$bcrypt-sha256$v=3,t=2b,r=12$${salt22}$${sum31}`, 'cut or damaged'],
  [`bcrypt_sha256$$2b$16$${salt22}${sum31}`, 'bcrypt-sha256 with cost 16'],
  [`pbkdf2:sha256:100001$salt$${hex(32)}`, 'PBKDF2 with 100,001 rounds: Workers verify at most'],
  [`pbkdf2:sha256:999999999999$salt$${hex(32)}`, '999,999,999,999 rounds'],
  [`pbkdf2:sha256:0$salt$${hex(32)}`, 'cut or damaged'],
  [`pbkdf2:sha256$salt$${hex(32)}`, 'does not say its rounds'],
  [`pbkdf2:md5:1000$salt$${hex(16)}`, 'Possible are sha1, sha256 and sha512.'],
  [`pbkdf2:constructor:1000$salt$${hex(16)}`, 'Possible are sha1, sha256 and sha512.'],
  [`pbkdf2:sha256:1000$salt$${hex(1)}`, 'cut or damaged'],
  [`pbkdf2:sha256:1000$${'s'.repeat(129)}$${hex(32)}`, 'cut or damaged'],
  ['pbkdf2_sha256$1000$salt$YWJj', 'cut or damaged'],
  [`scrypt:262144:8:1$salt$${hex(64)}`, 'scrypt with N=262,144, r=8, p=1: Workers verify at most'],
  [`scrypt:1048576:1:1$salt$${hex(64)}`, 'N is a power of two'],
  [`scrypt:1000:8:1$salt$${hex(64)}`, 'N is a power of two'],
  [`scrypt:999999999999:0:1$salt$${hex(64)}`, 'N is a power of two'],
  [`scrypt:2:1:524288$salt$${hex(64)}`, 'p is 1 to 16'],
  [`scrypt:2:65:1$salt$${hex(64)}`, 'r is 1 to 64'],
  [`scrypt:1024:8:0$salt$${hex(64)}`, 'N is a power of two'],
  [`scrypt:1024:8:1$salt$${hex(32)}`, 'cut or damaged'],
  [`${hex(16)}:${hex(32)}`, 'The form of the hash is not known.'],
  [argon('m=65537,t=1,p=1'), 'argon2id with m=65,537: possible are at most 65,536 KiB.'],
  [argon('m=65536,t=9,p=1'), 'possible is m × t of at most 524,288.'],
  [argon('m=1024,t=1,p=17'), 'p is 1 to 16'],
  [argon('m=7,t=1,p=1'), 'm is at least 8 × p'],
  [argon('m=8,t=0,p=1'), 't is at least 1'],
  [argon('m=8,t=1,p=1', 'c2FsdA'), 'a salt has 8 to 64 bytes'],
  [argon('m=8,t=1,p=1', 'c2FsdHNhbHQ', 'YWJj'), 'a tag 16 to 64'],
  [argon('m=8,t=1,p=1').replace('argon2id', 'argon2i'), 'not argon2id of version 19'],
  [argon('m=8,t=1,p=1').replace('v=19', 'v=16'), 'not argon2id of version 19'],
  ...foreign.refused.map(({ hash, says }): [string, string] => [hash, says]),
]

describe('a text for the password hash of an account', () => {
  it.each(accepted)('may be %s: %s', (family, hash) => {
    expect(checkStoredHash(hash, [argon2id])).toEqual({ ok: true, value: { family } })
  })

  it.each(refused)('is refused with a sentence: %s', async (hash, says) => {
    const checked = checkStoredHash(hash, [argon2id])
    expect(checked).toEqual({ ok: false, error: expect.stringContaining(says) })
    unsupported.length = 0
    expect(await hasher.verify('a password', hash)).toBe(false)
    expect(unsupported).toHaveLength(1)
  })

  it('is refused with half a character in it, which a database would keep unreadable', () => {
    const checked = checkStoredHash(`pbkdf2:sha256:1000$\ud800$${hex(32)}`)
    expect(checked).toEqual({ ok: false, error: expect.stringContaining('printable ASCII') })
  })

  it('is never shown in the sentence', () => {
    for (const [hash] of refused) {
      const checked = checkStoredHash(hash)
      const secrets = hash.split(/[$:,]/).filter((part) => part.length > 16)
      for (const secret of secrets) expect(!checked.ok && checked.error).not.toContain(secret)
    }
  })

  it('may be of argon2id, and says what the service then needs', () => {
    const value = { family: 'argon2id', needs: 'portcullis/argon2' }
    expect(checkStoredHash(argon('m=8,t=1,p=1'))).toEqual({ ok: true, value })
  })

  it('may be of a family of the application, which comes first', async () => {
    const verify = async (password: string) => password === 'right'
    const parse = (text: string) =>
      text.startsWith('$2b$own') ? { ok: true as const, value: { verify } } : undefined
    const own = { name: 'own', parse }
    expect(checkStoredHash('$2b$own', [own])).toEqual({ ok: true, value: { family: 'own' } })
    const { verify: check } = createPasswordHasher(4, systemRuntime, { families: [own] })
    expect([await check('right', '$2b$own'), await check('wrong', '$2b$own')]).toEqual([
      true,
      false,
    ])
  })
})

describe('a salt whose last character has bits that bcrypt ignores', () => {
  it.each([
    ['$2b$', (salt: string, sum: string) => `$2b$04$${salt}${sum}`],
    ['$2y$', (salt: string, sum: string) => `$2y$04$${salt}${sum}`],
  ])('matches as bcrypt does: %s', async (_, form) => {
    const salt = 'n79VH.0Q2TMWmt3Oqt9uk'
    const sum = (await bcrypt.hash('a password', `$2b$04$${salt}u`)).slice(-31)
    for (const last of ['u', 'v', '9']) {
      const hash = form(salt + last, sum)
      expect(checkStoredHash(hash)).toEqual({ ok: true, value: { family: 'bcrypt' } })
      expect([await hasher.verify('a password', hash), last]).toEqual([true, last])
      expect(await hasher.verify('another password', hash)).toBe(false)
    }
  })
})

describe('a family of the application that throws', () => {
  const fail = (): never => {
    throw new Error('old$secret is broken')
  }
  const broken = (name: string, begins: string, parse: () => ReturnType<typeof fail>) => ({
    name,
    parse: (text: string) => (text.startsWith(begins) ? parse() : undefined),
  })
  const value = (verify: () => Promise<boolean>) => () =>
    ({ ok: true, value: { verify } }) as unknown as never
  const families = [
    broken('reading', 'parse$', fail),
    broken('at once', 'sync$', value(fail)),
    broken(
      'later',
      'async$',
      value(async () => fail()),
    ),
  ]

  it.each(['parse$', 'sync$', 'async$'])(
    'lets nobody in, and does not put the error into the log: %s',
    async (begins) => {
      const problems: string[] = []
      const { verify } = createPasswordHasher(4, systemRuntime, {
        families,
        onUnsupported: (family, problem) => problems.push(`${family}: ${problem}`),
      })
      expect(await verify('a password', `${begins}secret`)).toBe(false)
      expect(await verify('a password', `${begins}secret`, 'typed')).toBe(false)
      expect(await verify('', `${begins}secret`)).toBe(false)
      // Both the normal form and what was typed are tried, except when the hash cannot be read.
      expect(problems).toHaveLength(begins === 'parse$' ? 3 : 4)
      expect(new Set(problems)).toEqual(
        new Set([expect.stringMatching(/^(reading|at once|later): Its code threw an error\.$/)]),
      )
    },
  )

  it('gives a sentence before the hash is stored, where it cannot be read', () => {
    expect(checkStoredHash('parse$secret', families)).toEqual({
      ok: false,
      error: 'Its code threw an error.',
    })
  })
})

describe('a hash that is stored, whatever it is', () => {
  it('of scrypt never makes the library throw within the bounds', async () => {
    for (let r = 1; r <= 64; r *= 4) {
      for (let N = 2; N * r <= 2 ** 14; N *= 2) {
        const hash = `scrypt:${N}:${r}:${Math.min(16, 2 ** 14 / (N * r))}$salt$${hex(64)}`
        expect([checkStoredHash(hash).ok, hash]).toEqual([N < 2 ** (16 * r), hash])
        expect(await hasher.verify('a password', hash)).toBe(false)
      }
    }
  })

  const genuine = [
    ...[...foreign.vectors, ...betterAuth.vectors],
    ...[...passlib.bcrypt, ...passlib.bcryptSha256],
  ].map(({ hash }) => hash)
  /** Whether it takes little time, so that many can be tried. */
  const isQuick = (hash: string) =>
    !/^\$2.\$(0[89]|1)|(2[aby],|r=|2[aby]\$)(\d{2}|[89])|[m$:=](\d{5,})[,$:]/.test(hash)

  it('gives no throw and no match: genuine hashes that were changed', async () => {
    const change = fc.record({
      hash: fc.constantFrom(...genuine),
      at: fc.nat(140),
      length: fc.nat(8),
      put: fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('$', ':', '0', '99999999', '\0')),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ hash, at, length, put }) => {
        const changed = hash.slice(0, at) + put + hash.slice(at + length)
        fc.pre(isQuick(changed))
        expect(await hasher.verify('another password', changed)).toBe(false)
      }),
      { numRuns: 400 },
    )
  })

  it('gives no throw and no match: genuine hashes that were cut', async () => {
    for (const hash of new Set(genuine.filter((_, index) => index % 8 === 0))) {
      for (let length = 0; length < hash.length; length += 7) {
        const cut = hash.slice(0, length)
        if (isQuick(cut)) expect(await hasher.verify('another password', cut)).toBe(false)
      }
    }
  })

  const anyText = fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 600 })
    .map((units) => String.fromCharCode(...units))

  it('neither throws nor matches for any text, also with halves of characters', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          anyText,
          anyText.map((text) => `pbkdf2:sha256:1$${text}$${hex(32)}`),
        ),
        async (text) => {
          expect(await hasher.verify('a password', text)).toBe(false)
        },
      ),
      { numRuns: 300 },
    )
  })
})
