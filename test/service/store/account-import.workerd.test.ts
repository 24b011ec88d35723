import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import { acceptAccount, type MovingAccount } from '../../../src/service/domain/accounts/move-in.ts'
import { createPasswordHasher } from '../../../src/service/domain/identity/password-hasher.ts'
import {
  findEmailHolders,
  insertMovedUsers,
  type MovedUser,
} from '../../../src/service/store/account-import.ts'
import { findAccountByEmail } from '../../../src/service/store/account-listing.ts'
import { freshEmail } from '../../support/client.ts'
import { recordStatements } from '../../support/query-plans.ts'
import {
  createCountingDatabase,
  createTestService,
  database,
  post,
  testEntry,
} from '../../support/service.ts'

const password = 'the password of before'
const hash = await createPasswordHasher(4, systemRuntime).hash(password)
const { app } = await createTestService()
const client = createClient({ url: inject('databaseUrl') })

function movedUser(account: Partial<MovingAccount> = {}): MovedUser {
  const moving = { email: freshEmail(), hash, roles: [], ...account }
  const accepted = acceptAccount({ runtime: systemRuntime }, moving, 'public')
  if (!accepted.ok) throw new Error(accepted.error.reason)
  return accepted.value.user
}
const loginStatus = async (email: string) =>
  (await post(app, '/auth/login', { email, password })).status

describe('accounts that move in', () => {
  it('log in with their old passwords, and keep their roles and times', async () => {
    const [plain, full] = [
      movedUser(),
      movedUser({ roles: ['b', 'admin', 'a'], registeredAt: 7, emailVerifiedAt: 9 }),
    ]
    expect(await insertMovedUsers(database, [plain, full], testEntry)).toEqual(['nobody', 'nobody'])
    expect([await loginStatus(plain.email), await loginStatus(full.email)]).toEqual([200, 200])
    expect(await findAccountByEmail(database, full.spellings)).toMatchObject({
      ...{ email: full.email, roles: ['admin', 'a', 'b'], disabledAt: null },
      ...{ registeredAt: 7, emailVerifiedAt: 9 },
    })
    const { registeredAt, emailVerifiedAt } =
      (await findAccountByEmail(database, plain.spellings)) ?? {}
    expect(Math.abs(Number(registeredAt) - systemRuntime.now())).toBeLessThan(60)
    expect(emailVerifiedAt).toBeNull()
  })

  it('stay disabled', async () => {
    const users = [movedUser({ disabledAt: 5 }), movedUser({ disabledAt: 'now' })]
    await insertMovedUsers(database, users, testEntry)
    for (const { email, spellings } of users) {
      expect(await loginStatus(email)).toBe(404)
      const found = await findAccountByEmail(database, spellings)
      expect(found?.disabledAt).toBeGreaterThan(4)
    }
  })

  it('each have a token generation of their own', () => {
    const generations = Array.from({ length: 100 }, () => movedUser().tokenGeneration)
    expect(new Set(generations).size).toBe(100)
  })

  it('never change an account that exists, in whatever spelling', async () => {
    const domain = `bücher-${freshEmail().split('@')[0]}.example`
    const spelled = movedUser({ email: `Ada@${domain}` })
    // An account of 0.5 has its domain in Unicode.
    const sql =
      'INSERT INTO portcullis_users (email, email_normalized, password_hash, token_generation, registered_at) VALUES (?, ?, ?, ?, 1)'
    const normalized = `ada@${domain}`
    await client.execute({ sql, args: [normalized, normalized, 'x', '0123456789abcdef'] })
    expect(spelled.emailNormalized).not.toBe(normalized)
    const other = movedUser()
    expect(await insertMovedUsers(database, [spelled, other], testEntry)).toEqual([
      'other',
      'nobody',
    ])
    const asked = [movedUser(), spelled, other]
    expect(await findEmailHolders(database, asked, testEntry)).toEqual(['nobody', 'other', 'moved'])
    const rows = await client.execute({
      sql: 'SELECT password_hash FROM portcullis_users WHERE email_normalized IN (?, ?)',
      args: [normalized, spelled.emailNormalized],
    })
    expect(rows.rows.map((row) => row.password_hash)).toEqual(['x'])
  })

  it('are told from accounts that a stranger has registered, also after a deletion', async () => {
    const [moved, registered] = [movedUser(), movedUser()]
    const { email } = registered
    expect((await post(app, '/auth/register', { email, password })).status).toBe(201)
    const both = [moved, registered]
    expect(await insertMovedUsers(database, both, testEntry)).toEqual(['nobody', 'other'])
    for (const again of [insertMovedUsers, findEmailHolders])
      expect(await again(database, both, testEntry)).toEqual(['moved', 'other'])
    const args = [moved.emailNormalized]
    await client.execute({ sql: 'DELETE FROM portcullis_users WHERE email_normalized = ?', args })
    const registering = { email: moved.email, password }
    expect((await post(app, '/auth/register', registering)).status).toBe(201)
    expect(await insertMovedUsers(database, [moved], testEntry)).toEqual(['other'])
  })

  it('do not get an email that an account can take back', async () => {
    const [other, moved] = [movedUser(), movedUser()]
    await post(app, '/auth/register', { email: other.email, password })
    await insertMovedUsers(database, [moved], testEntry)
    const undo = `INSERT INTO portcullis_codes (id, purpose, user_id, address, password_version,
      created_at, code_expires_at, link_expires_at, new_email, new_email_normalized)
      SELECT hex(randomblob(8)), 'undo_email_change', id, 'x', 1, 1, 1, unixepoch() + 60, email,
      email_normalized FROM portcullis_users WHERE email_normalized IN (?, ?)`
    const both = [other.emailNormalized, moved.emailNormalized]
    await client.execute({ sql: undo, args: both })
    const rename = `UPDATE portcullis_users SET email = id, email_normalized = id
      WHERE email_normalized IN (?, ?)`
    await client.execute({ sql: rename, args: both })
    for (const ask of [insertMovedUsers, findEmailHolders])
      expect(await ask(database, [other, moved], testEntry)).toEqual(['other', 'moved'])
    const expire = `UPDATE portcullis_codes SET link_expires_at = unixepoch()
      WHERE new_email_normalized IN (?, ?)`
    await client.execute({ sql: expire, args: both })
    const holders = await insertMovedUsers(database, [other, moved], testEntry)
    expect(holders).toEqual(['nobody', 'nobody'])
  })

  it('fit into one batch, also 500 of the largest', async () => {
    const largest = Array.from({ length: 500 }, (_, place) => {
      const email = `${'\u200B'}${'\v'.repeat(250)}${place}.${freshEmail()}`
      const roles = Array.from({ length: 16 }, (_, role) => `${role + 10}`.padEnd(61, 'x'))
      return { ...movedUser({ email, roles }), passwordHash: '"'.repeat(512) }
    })
    expect(JSON.stringify(largest).length).toBeGreaterThan(1_900_000)
    const holders = await insertMovedUsers(database, largest, testEntry)
    expect(new Set(holders)).toEqual(new Set(['nobody']))
  })

  it('are made once, where an email comes twice: the first counts', async () => {
    const email = freshEmail()
    const [first, second] = [
      movedUser({ email: email.toUpperCase(), roles: ['first'] }),
      movedUser({ email, roles: ['second'] }),
    ]
    expect(await insertMovedUsers(database, [first, second], testEntry)).toEqual([
      'nobody',
      'moved',
    ])
    expect(await findAccountByEmail(database, second.spellings)).toMatchObject({ roles: ['first'] })
  })

  it('are made once by ten imports at once, in one round trip each', async () => {
    const emails = Array.from({ length: 20 }, freshEmail)
    const counting = createCountingDatabase()
    const made = await Promise.all(
      Array.from({ length: 10 }, () =>
        insertMovedUsers(
          counting,
          emails.map((email) => movedUser({ email })),
          testEntry,
        ),
      ),
    )
    expect(made.flat().filter((holder) => holder === 'nobody')).toHaveLength(20)
    expect(made.flat()).not.toContain('other')
    expect(counting.roundTrips).toBe(10)
  })

  it('are found by an index', async () => {
    const { recording, stepsOf } = recordStatements(client)
    const users = [movedUser(), movedUser()]
    for (const ask of [
      () => insertMovedUsers(recording, users, testEntry),
      () => findEmailHolders(recording, users, testEntry),
    ]) {
      const steps = await stepsOf(ask)
      expect(steps.join('\n')).toMatch(/SEARCH had USING .*INDEX/)
      expect(steps.join('\n')).toMatch(/SEARCH kept USING .*INDEX/)
      expect(steps.join('\n')).toMatch(/SEARCH portcullis_audit_events USING .*INDEX/)
      expect(steps.filter((step) => /SCAN (portcullis_|had|kept)/.test(step))).toEqual([])
    }
  })
})

describe('an account that cannot move in', () => {
  const refusalOf = (account: Partial<MovingAccount>) => {
    const moving = { email: freshEmail(), hash, roles: [], ...account }
    const accepted = acceptAccount({ runtime: systemRuntime }, moving, 'public')
    return accepted.ok ? undefined : accepted.error.reason
  }

  it.each([
    [{ email: 'ada' }, 'email_malformed'],
    [{ email: 'ada@localhost' }, 'email_malformed'],
    [{ hash: '5f4dcc3b5aa765d61d8327deb882cf99' }, 'hash_unfit'],
    [{ hash: hash.slice(1) }, 'hash_unfit'],
    [{ roles: ['super user'] }, 'role_malformed'],
    [{ roles: Array.from({ length: 65 }, (_, number) => `role-${number}`) }, 'roles_too_long'],
  ] as const)('is refused: %j', (account, reason) => {
    expect(refusalOf(account)).toBe(reason)
  })
})
