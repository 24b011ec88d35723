import { describe, expect, it } from 'vitest'
import { passwordPolicyOf } from '../../../../src/service/config/password-settings.ts'
import { parseEmail } from '../../../../src/service/domain/identity/email.ts'
import { passwordProblem } from '../../../../src/service/domain/identity/password-policy.ts'

const asDefault = passwordPolicyOf('default', undefined)
const issuer = 'https://login.acme-games.example.co.uk/auth'
const compared = (email: string) => parseEmail(email, 'any')?.emailNormalized
const problemOf = (password: string, email = 'ada.lovelace+shop@mathematics.org') =>
  passwordProblem(asDefault, password, { email: compared(email), issuer })

describe('the length of a new password', () => {
  it.each([
    ['development', 6],
    ['default', 8],
    ['nist', 15],
  ] as const)('is at least that of the policy %s: %i characters', (name, least) => {
    const policy = passwordPolicyOf(name, undefined)
    const password = 'qh4 zr8 vx1 pl5 kd9'
    expect(passwordProblem(policy, password.slice(0, least - 1), {})).toBe(
      `Give a password of at least ${least} characters.`,
    )
    expect(passwordProblem(policy, password.slice(0, least), {})).toBeUndefined()
  })

  it('counts code points, not UTF-16 units or bytes', () => {
    expect(problemOf('🦊🐝🌵🍕🚲🎲🔔')).toBe('Give a password of at least 8 characters.')
    expect(problemOf('🦊🐝🌵🍕🚲🎲🔔🧲')).toBeUndefined()
  })

  it('is all that the policy development looks at', () => {
    const policy = passwordPolicyOf('development', undefined)
    for (const password of ['123456', 'password', 'aaaaaaaa', 'portcullis']) {
      expect(passwordProblem(policy, password, { issuer })).toBeUndefined()
    }
  })
})

describe('a password that is easy to guess', () => {
  it.each([
    'password',
    'PassWord',
    'ｐａｓｓｗｏｒｄ',
    '12345678',
    'qwertyuiop',
    'trustno1',
    'iloveyou',
  ])('is refused as one of the commonest, however it is written: %s', (password) => {
    expect(problemOf(password)).toMatch(/^This password is one of the commonest,/)
  })

  it.each([
    'aaaaaaaaaaaaa',
    'xyxyxyxyx',
    'abcabcabca',
    'wxYZwxyzWXYZ',
    '7a_,7a_,7a',
    '🦊🐝🦊🐝🦊🐝🦊🐝',
    '        ',
    'ab'.repeat(200),
    'abcdeabcde',
    'tabletabletable',
    'horse horse horse ho',
    '  ada  ada  ada ',
    '\u200b'.repeat(9),
    '\u00ad\u2060\u180e\u3164\u115f\ufe0f\ufeff\u0001 ',
    '       a',
  ])('is refused as a repetition: %j', (password) => {
    expect(problemOf(password)).toMatch(/^This password only repeats some characters,/)
  })

  it.each([
    '123456789012345',
    '9876543210987654',
    'abcdefghijklmnop',
    'PONMLKJIHGFEDCBA',
    '3456789defghijk',
    'abcdefghgfedcba',
    'aaaaaaaabbbbbbbb',
    'aaaa 1111',
    'клмнопрстуфхцчш',
  ])('is refused if its characters only follow each other: %s', (password) => {
    expect(problemOf(password)).toMatch(/^This password only repeats some characters,/)
  })

  it.each(['passwordpassword', 'qwertyqwertyqwerty', 'iloveyouiloveyou', '1qaz2wsx3edc4rfv'])(
    'is refused with at least 15 characters, too: %s',
    (password) => {
      const policy = passwordPolicyOf('nist', undefined)
      expect(passwordProblem(policy, password, {})).toMatch(/^This password (is one|only repeats)/)
    },
  )

  it.each([
    'ada.lovelace',
    'ADA.Lovelace',
    'lovelace12',
    'lovelace1!x',
    'lovelace - - - -',
    '_ada_lovelace_',
    'mathematics.org',
    '12lovelace',
    'lovelaceada',
    'mathematics',
    'lovelace@mathematics',
    'ada.lovelace+shop@mathematics.org',
    'portcullis',
    'Portcullis1',
    'acme-games',
    'ACMEgames99',
    'love\u200blace',
    'l o v e l a c e',
    'example-acme',
    'shop-games-a',
  ])('is refused if little else is in it than the email or the service: %s', (password) => {
    expect(problemOf(password)).toMatch(/^This password is made of your email or the name/)
  })

  it('is refused if it is the domain of the email, in Unicode', () => {
    for (const password of ['münchner', 'Münchner.1']) {
      expect(problemOf(password, 'ada@münchner.de'), password).toMatch(/^This password is made of/)
    }
  })

  it.each([
    'lovelace and a horse',
    'lovelace-1815',
    'a good password',
    'correct horse battery',
    'portcullis gate',
    'organize',
    'fourfour8',
    'abcabcabcd',
    'abcdeabcdx',
    'abcd1234wxyz',
    'a\u200bgood pass\u00adword',
    'passwörter',
    '._.-+@-._ -.',
    'lovelace🦊🐝🌵🍕',
  ])('is not taken for one that has something of its own: %s', (password) => {
    expect(problemOf(password)).toBeUndefined()
  })

  it.each(['jo@ab.de', 'ada@mail.example.museum', 'x+y+z@a.b.c.d', "o'neil_1@localhost"])(
    'is not found in the parts of %s that are short or public',
    (email) => {
      for (const password of ['museum of ab', 'neither nor', 'de facto 42', 'joabjoabde']) {
        expect(problemOf(password, email), password).toBeUndefined()
      }
    },
  )

  it('is not found in the last label of the domain, or of the host', () => {
    const acme = 'https://auth.acme.cloud'
    const of = (password: string, email: string) =>
      passwordProblem(asDefault, password, { email: compared(email), issuer: acme })
    for (const password of ['online-123', 'cloud-123', 'onlinecloud']) {
      expect(of(password, 'ada@example.online'), password).toBeUndefined()
    }
    const made = ['example.online', 'acme.cloud', 'auth.acme.cloud', 'online.acme']
    for (const password of [...made, 'ada@example.online']) {
      const email = password === 'online.acme' ? 'ada.online@example.online' : 'ada@example.online'
      expect(of(password, email), password).toMatch(/^This password is made of/)
    }
  })

  it('is found without an email, and without an issuer', () => {
    expect(passwordProblem(asDefault, 'acme-games', { issuer })).toMatch(/^This password is made/)
    expect(passwordProblem(asDefault, 'portcullis', {})).toMatch(/^This password is made/)
    expect(passwordProblem(asDefault, 'acme-games', { issuer: '' })).toBeUndefined()
  })

  it('gets a sentence that does not repeat it and says what would do', () => {
    for (const password of ['trustno1', 'xyxyxyxyx', 'lovelace12', 'aB1']) {
      expect(problemOf(password)).not.toContain(password)
      expect(problemOf(password)).toMatch(/(Choose another one, such as|Give a password of)/)
    }
  })

  it('is judged in a moment, even at 1,024 bytes with a long email', () => {
    const email = compared(`${'abcd.'.repeat(12)}abcd@${'abcde.'.repeat(30)}org`)
    const beganAt = performance.now()
    for (let times = 0; times < 100; times += 1) {
      passwordProblem(asDefault, `x${'abcd'.repeat(255)}`, { email, issuer })
    }
    expect(performance.now() - beganAt).toBeLessThan(1_000)
  })
})
