import { describe, expect, it } from 'vitest'
import { readMembers } from '../../src/cli/import-members.ts'

const now = 1_800_000_000
const required = { email: 'ada@example.com', hash: 'a hash' }
const read = (members: object) =>
  readMembers(new Map(Object.entries({ ...required, ...members })), now)
const accountOf = (members: object) => {
  const account = read(members)
  if (!account.ok) throw new Error(account.error.sentence)
  return account.value
}
const reasonOf = (members: object) => {
  const account = read(members)
  return account.ok ? undefined : account.error.reason
}

describe('the members of an entry', () => {
  it('are optional but for email and hash', () => {
    expect(accountOf({})).toEqual({
      ...required,
      roles: [],
      registeredAt: undefined,
      disabledAt: undefined,
      emailVerifiedAt: undefined,
    })
    expect(accountOf({ roles: '', verified: null, disabled: '' })).toEqual(accountOf({}))
    expect(reasonOf({ email: null })).toBe('email_missing')
    expect(reasonOf({ hash: '' })).toBe('hash_missing')
  })

  it.each([
    [{ email: 7 }, 'email_malformed'],
    [{ hash: ['a hash'] }, 'hash_malformed'],
    [{ password_hash: 'another hash' }, 'hash_malformed'],
    [{ roles: { admin: true } }, 'roles_malformed'],
    [{ roles: ['a', 7] }, 'roles_malformed'],
    [{ roles: true }, 'roles_malformed'],
  ])('have their forms: %j is left out as %s', (members, reason) => {
    expect(reasonOf(members)).toBe(reason)
  })

  it('may have their other names', () => {
    const { hash: _, ...email } = required
    const account = readMembers(new Map(Object.entries({ ...email, password_hash: 'x' })), now)
    expect(account).toMatchObject({ ok: true, value: { hash: 'x' } })
    expect(accountOf({ password_hash: required.hash }).hash).toBe(required.hash)
    expect(accountOf({ created_at: 1 }).registeredAt).toBe(1)
    expect(accountOf({ verified_at: 7 }).emailVerifiedAt).toBe(7)
    expect(accountOf({ disabled_at: 7 }).disabledAt).toBe(7)
  })

  it('have roles as a list, or as one text', () => {
    expect(accountOf({ roles: ['b', 'a'] }).roles).toEqual(['b', 'a'])
    expect(accountOf({ roles: ' b  a ' }).roles).toEqual(['b', 'a'])
  })

  it.each([
    [1_700_000_000, 1_700_000_000],
    ['1700000000', 1_700_000_000],
    [1_700_000_000.9, 1_700_000_000],
    ['1700000000.123456', 1_700_000_000],
    [1_700_000_000_123, 1_700_000_000],
    ['1700000000123', 1_700_000_000],
    [100_000_000_000, 100_000_000],
    [0, 0],
    ['2023-11-14T22:13:20Z', 1_700_000_000],
    ['2023-11-14t22:13:20.999z', 1_700_000_000.999],
    ['2023-11-14 22:13:20+00', 1_700_000_000],
    ['2023-11-15T03:43:20+05:30', 1_700_000_000],
    ['2023-11-14 17:13:20.5-0500', 1_700_000_000.5],
    ['2024-02-29T00:00:00Z', 1_709_164_800],
    [now + 86_400, now + 86_400],
  ])('have times in three forms: %j', (time, seconds) => {
    expect(accountOf({ registered_at: time }).registeredAt).toBe(Math.floor(seconds))
  })

  it.each([
    '2023-11-14',
    '2023-11-14T22:13:20',
    '2023-11-14 22:13:20',
    '2023-02-30T00:00:00Z',
    '2023-13-01T00:00:00Z',
    '2023-11-14T25:00:00Z',
    '1969-12-31T23:59:59Z',
    '14/11/2023',
    '1e9',
    '-5',
    -5,
    1_700_000_000_123_456,
    now + 86_401,
    (now + 86_401) * 1_000,
    Number.NaN,
    true,
    {},
    [1_700_000_000],
    'x',
  ])('have no other times: %j', (time) => {
    expect(reasonOf({ registered_at: time })).toBe('registered_malformed')
  })

  it.each([true, 'true', 't', 'TRUE', 'yes', 1, '1'])('say with %j that something is so', (yes) => {
    expect(accountOf({ disabled: yes }).disabledAt).toBe('now')
    expect(accountOf({ verified: yes }).emailVerifiedAt).toBe('now')
  })

  it.each([false, 'false', 'f', 'no', 0, '0', null, ''])('say with %j that it is not so', (no) => {
    expect(accountOf({ disabled: no, verified: no })).toMatchObject({
      disabledAt: undefined,
      emailVerifiedAt: undefined,
    })
  })

  it('take an email as verified at the registration, where only that is known', () => {
    expect(accountOf({ verified: true, registered_at: 7 }).emailVerifiedAt).toBe(7)
    expect(accountOf({ verified: 9, registered_at: 7 }).emailVerifiedAt).toBe(9)
  })

  it('may say both that and when, but must not contradict themselves', () => {
    expect(accountOf({ disabled: true, disabled_at: 7 }).disabledAt).toBe(7)
    expect(accountOf({ created_at: '7', registered_at: 7 }).registeredAt).toBe(7)
    expect(reasonOf({ disabled: false, disabled_at: 7 })).toBe('disabled_malformed')
    expect(reasonOf({ verified: true, verified_at: false })).toBe('verified_malformed')
    expect(reasonOf({ created_at: 8, registered_at: 7 })).toBe('registered_malformed')
  })

  it('never throw, whatever a member is', () => {
    const hostile = JSON.parse(
      '[{"toString":1},{"__proto__":{"length":1}},[[[]]],{"valueOf":null},"\\ud800"]',
    )
    for (const value of hostile) {
      for (const name of ['email', 'hash', 'roles', 'verified', 'disabled', 'registered_at']) {
        expect(() => read({ [name]: value })).not.toThrow()
      }
    }
  })
})
