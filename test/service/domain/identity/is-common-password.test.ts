// The whole dictionary is only here: the Worker has hashes of its beginning.

import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { longCommonPasswords } from '../../../../scripts/common-passwords.ts'
import { commonPasswords } from '../../../../src/service/domain/identity/common-passwords.ts'
import { isCommonPassword } from '../../../../src/service/domain/identity/is-common-password.ts'

const ranked = longCommonPasswords()
const has15Characters = (password: string) => Array.from(password).length >= 15

describe('the list of common passwords', () => {
  it('has each of the 3,000 commonest of at least 8 characters, in any case', () => {
    const listed = ranked.slice(0, 3_000)
    expect(listed.slice(0, 3)).toEqual(['password', '12345678', '123456789'])
    expect(listed.filter((password) => !isCommonPassword(password))).toEqual([])
    expect(listed.filter((password) => !isCommonPassword(password.toUpperCase()))).toEqual([])
  })

  it('has hardly any other: of 3,000 that follow, and of 100,000 random ones', () => {
    const next = ranked.slice(3_000, 6_000).filter((password) => !has15Characters(password))
    expect(next.length).toBeGreaterThan(2_900)
    expect(next.filter(isCommonPassword).length).toBeLessThanOrEqual(1)
    const random = Array.from({ length: 100_000 }, () => randomBytes(9).toString('base64'))
    expect(random.filter(isCommonPassword).length).toBeLessThanOrEqual(10)
  })

  it('has all of the dictionary with at least 15 characters, as PASSWORD_POLICY=nist asks', () => {
    const long = ranked.filter(has15Characters)
    expect(long).toHaveLength(41)
    expect(long).toContain('1qaz2wsx3edc4rfv')
    expect(long.filter((password) => !isCommonPassword(password))).toEqual([])
  })

  it.each([
    'password\u200b',
    '\ufeffpassword',
    'pass\u00adword',
    'pass\u0000word\u007f',
    'password\u3164\ufe0f',
    'pass\u{e0041}word',
    'password ',
    ' password',
    'p a s s\tw\u00a0o\u3000r d',
  ])('has it with characters in it that nobody sees: %j', (password) => {
    expect(isCommonPassword(password)).toBe(true)
  })

  it('has no text that is too long, empty, or of other scripts', () => {
    for (const password of ['', 'a good password', 'пароль12', 'password'.repeat(100)]) {
      expect(isCommonPassword(password), password).toBe(false)
    }
  })

  it('takes at most 8 KiB of the Worker', () => {
    expect(gzipSync(commonPasswords).length).toBeLessThan(8 * 1024)
  })
})
