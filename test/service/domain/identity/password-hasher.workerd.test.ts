import bcrypt from 'bcryptjs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemRuntime } from '../../../../src/runtime/runtime.ts'
import { createPasswordHasher } from '../../../../src/service/domain/identity/password-hasher.ts'
import foreign from '../../../vectors/foreign-hashes.json'
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

describe('checking a password', () => {
  const short = 'a good password'
  const long = 'a good and long password, '.repeat(4)
  const at = (cost: number) => createPasswordHasher(cost, systemRuntime)
  afterEach(() => vi.restoreAllMocks())

  /** Makes a `$2y$` hash of a `$2b$` one: the algorithm is the same. */
  const asPhp = (hash: string) => hash.replace('$2b$', '$2y$')
  /** The first hash in the vectors of a system. */
  const moved = (system: string, family?: string) => async () => {
    const isWanted = (one: (typeof foreign.vectors)[number]) =>
      one.system === system && (family === undefined || one.family === family)
    return String(foreign.vectors.find(isWanted)?.hash)
  }

  /** The costs of the hashes that a check makes. The hashes are real. */
  async function costsOf(password: string, storedHash: string | undefined): Promise<number[]> {
    const compare = vi.spyOn(bcrypt, 'compare')
    const hash = vi.spyOn(bcrypt, 'hash')
    const hashAtOnce = vi.spyOn(bcrypt, 'hashSync')
    await at(8).verify(password, storedHash)
    const stored = compare.mock.calls.map(([, given]) => given)
    const more = [...hash.mock.calls, ...hashAtOnce.mock.calls].map(([, salt]) => String(salt))
    return [...stored, ...more].map((text) => Number(text.split('$')[2]))
  }

  it.each([
    ['no account', async () => undefined, [8]],
    ['the configured cost', () => at(8).hash(short), [8]],
    ['cost 7', () => at(7).hash(short), [7, 7]],
    ['cost 4', () => bcrypt.hash(short, 4), [4, 4, 5, 6, 7]],
    ['a higher cost', () => at(9).hash(short), [9]],
    ['a long password', () => at(8).hash(long), [8]],
    ['a long password at cost 6', () => at(6).hash(long), [6, 6, 7]],
  ])('is the work of the configured cost, right or wrong: %s', async (_, stored, costs) => {
    const storedHash = await stored()
    for (const password of [short, long, 'wrong', '']) {
      vi.restoreAllMocks()
      expect(await costsOf(password, storedHash)).toEqual(costs)
    }
  })

  it.each([
    ['$2a$ of cost 4', moved('bcrypt, $2a$'), [4, 4, 5, 6, 7]],
    ['$2y$ of cost 5', moved('PHP, $2y$'), [5, 5, 6, 7]],
    ["Django's bcrypt of cost 4", moved('Django', 'bcrypt'), [4, 4, 5, 6, 7]],
    ["Django's bcrypt-sha256 of cost 4", moved('Django', 'bcrypt-sha256'), [4, 4, 5, 6, 7]],
    ["passlib's bcrypt-sha256, version 1", moved('passlib, version 1'), [4, 4, 5, 6, 7]],
    ['$2y$ of the configured cost', () => at(8).hash(short).then(asPhp), [8]],
    ['$2y$ of a higher cost', () => at(9).hash(short).then(asPhp), [9]],
  ])('is the same work for a hash that moved in: %s', async (_, stored, costs) => {
    const storedHash = await stored()
    const right = foreign.vectors.find(({ hash }) => hash === storedHash)?.password ?? short
    expect(await at(8).verify(right, storedHash)).toBe(true)
    for (const password of [right, 'wrong', '']) {
      vi.restoreAllMocks()
      expect(await costsOf(password, storedHash)).toEqual(costs)
    }
  })

  it.each([
    ['no hash', async () => 'no hash'],
    // bcryptjs does no work for text of another length.
    ['a bcrypt hash that is cut', async () => (await at(8).hash(short)).slice(0, -1)],
    ['bcrypt of cost 16', async () => (await at(8).hash(short)).replace('$08$', '$16$')],
    ['argon2id that nothing verifies', moved('argon2-cffi')],
    ['PBKDF2 of too many rounds', async () => `pbkdf2:sha256:600000$salt$${'0a'.repeat(32)}`],
    ['too long a text', async () => '$'.repeat(100_000)],
  ])(
    'is one hash of the configured cost for one that cannot be verified: %s',
    async (_, stored) => {
      const storedHash = await stored()
      for (const password of [short, long, '']) {
        vi.restoreAllMocks()
        expect(await costsOf(password, storedHash)).toEqual([8])
      }
      expect(await at(8).verify(short, storedHash)).toBe(false)
    },
  )
})

describe('checking a password that was not typed in its normal form', () => {
  const at = (cost: number) => createPasswordHasher(cost, systemRuntime)
  const typed = 'gru\u0308n und gut'
  const password = typed.normalize('NFC')
  const asPhp = (hash: string) => hash.replace('$2b$', '$2y$')
  afterEach(() => vi.restoreAllMocks())

  /** The work of a check, in hashes of the configured cost: 8. The hashes are real. */
  async function workOf(given: string, storedHash: string | undefined): Promise<number> {
    const calls = (['compare', 'hash', 'hashSync'] as const).map((name) => vi.spyOn(bcrypt, name))
    await at(8).verify(given, storedHash, typed)
    const salts = calls.flatMap(({ mock }) => mock.calls.map(([, salt]) => String(salt)))
    vi.restoreAllMocks()
    return salts.reduce((sum, salt) => sum + 2 ** (Number(salt.split('$')[2]) - 8), 0)
  }

  it.each([
    ['no account', async () => undefined],
    ['the configured cost', () => at(8).hash(password)],
    ['a wrong password', () => at(8).hash('another')],
    ['a lower cost', () => at(5).hash(password)],
    ['a long password', () => at(8).hash('long '.repeat(20))],
    ['$2y$ that matches', () => at(8).hash(password).then(asPhp)],
    ['$2y$ that matches what was typed', () => at(8).hash(typed).then(asPhp)],
    ['$2y$ that matches neither', () => at(8).hash('another').then(asPhp)],
    ['$2y$ of a lower cost', () => at(5).hash('another').then(asPhp)],
    ['a hash that cannot be verified', async () => 'no hash'],
  ])('is the work of two hashes of the configured cost: %s', async (_, stored) => {
    expect(await workOf(password, await stored())).toBe(2)
  })

  it('is one hash where the text cannot be a password', async () => {
    for (const stored of [undefined, await at(8).hash(''), asPhp(await at(8).hash('x')), 'no hash'])
      expect(await workOf('', stored)).toBe(1)
  })

  it('accepts the normal form of every hash, and the typed one only of a hash that moved in', async () => {
    const own = await Promise.all([password, typed].map((text) => at(4).hash(text)))
    const verified = [...own, ...own.map(asPhp)].map((hash) => at(4).verify(password, hash, typed))
    expect(await Promise.all(verified)).toEqual([true, false, true, true])
  })
})

describe('the configured form', () => {
  const five = createPasswordHasher(5, systemRuntime)

  it.each([
    ['short', 'a good password'],
    ['of 72 bytes', 'é'.repeat(36)],
    ['of 73 bytes', `${'é'.repeat(36)}x`],
    ['with a NUL', 'pw\0other'],
  ])('is what is stored for a password, at the configured cost alone: %s', async (_, password) => {
    expect(five.hasConfiguredForm(password, await five.hash(password))).toBe(true)
    for (const cost of [4, 6]) {
      const other = await createPasswordHasher(cost, systemRuntime).hash(password)
      expect(five.hasConfiguredForm(password, other)).toBe(false)
    }
  })

  it('is another one for a long password than for a short one', async () => {
    const [short, long] = ['a good password', 'x'.repeat(73)]
    expect(five.hasConfiguredForm(short, await five.hash(long))).toBe(false)
    expect(five.hasConfiguredForm(long, await five.hash(short))).toBe(false)
    // A version until 0.5 has stored a plain hash of a password with a NUL.
    expect(five.hasConfiguredForm('pw\0other', await bcrypt.hash('pw\0other', 5))).toBe(false)
  })

  it.each(['$2a$', '$2y$', '$5$', 'pbkdf2_sha256$', ''])(
    'does not begin with %j',
    async (start) => {
      const stored = (await five.hash('a good password')).replace('$2b$', start)
      expect(five.hasConfiguredForm('a good password', stored)).toBe(false)
    },
  )
})
