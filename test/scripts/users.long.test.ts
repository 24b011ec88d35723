import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freshEmail, tokensOf } from '../support/client.ts'
import { claimsOf } from '../support/guarded.ts'
import { startIssuingService } from '../support/issuing-service.ts'
import { runNpm } from './commands.ts'

let service: Awaited<ReturnType<typeof startIssuingService>>
beforeAll(async () => {
  service = await startIssuingService(inject('bundle'))
})
afterAll(() => service?.stop())

const users = (...args: string[]) =>
  runNpm('admin', ['users', ...args], { TURSO_DATABASE_URL: service.database.url })

async function register() {
  const account = { email: freshEmail(), password: 'a good password' }
  return { ...account, ...tokensOf(await service.client.register(account)) }
}
const codeOf = async (token: string) => (await service.client.status(token)).body.code
const rolesOf = (token: string) => (claimsOf(token) as unknown as { roles: string[] }).roles

describe('npm run admin -- users', () => {
  it('gives roles, which hold from then on: tokens that say otherwise are revoked', async () => {
    const account = await register()
    const { stdout, status } = users(
      'set-roles',
      account.email.toUpperCase(),
      'viewer',
      'editor',
      'admin',
    )
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining('has the roles admin, editor, viewer'),
    ])
    expect(await codeOf(account.token)).toBe('token_revoked')
    const next = tokensOf(await service.client.refresh(account.refreshToken))
    expect(rolesOf(next.token)).toEqual(['admin', 'editor', 'viewer'])
    expect((await service.client.status(next.token)).body.data).toMatchObject({ admin: true })
    expect(users('set-roles', account.email, 'admin', 'editor', 'viewer').status).toBe(0)
    expect(await codeOf(next.token)).toBeUndefined()
    expect(users('set-roles', account.email).stdout).toContain('has no roles')
    expect(await codeOf(next.token)).toBe('token_revoked')
    const last = tokensOf(await service.client.refresh(next.refreshToken))
    expect(rolesOf(last.token)).toEqual([])
  })

  it('adds a role and removes one, beside those that there are', async () => {
    const { email } = await register()
    expect(users('add-role', email, 'viewer', 'admin').stdout).toContain('the roles admin, viewer;')
    expect(users('add-role', email, 'editor').stdout).toContain('the roles admin, editor, viewer;')
    expect(users('remove-role', email, 'admin').stdout).toContain('has the roles editor, viewer;')
    expect(users('remove-role', email, 'editor', 'viewer').stdout).toContain('has no roles;')
  })

  it('gives no more roles than a token has room for, and the account logs in afterwards', async () => {
    const account = await register()
    const roles = Array.from({ length: 70 }, (_, number) => `role-${number}`)
    const { status, stderr } = users('set-roles', account.email, ...roles)
    expect([status, stderr]).toEqual([1, expect.stringContaining('an account may have 64')])
    expect(users('add-role', account.email, ...roles.slice(0, 64)).status).toBe(0)
    expect(users('add-role', account.email, 'one-more').status).toBe(1)
    expect((await service.client.login(account)).status).toBe(200)
  })

  it('stores the role admin once, where the version before looks for it', async () => {
    const { email } = await register()
    users('set-roles', email, 'viewer', 'admin', 'editor', 'editor')
    const sql = 'SELECT admin, other_roles FROM portcullis_users WHERE email = ?'
    expect(await service.database.query(sql, email)).toEqual([
      { admin: 1, other_roles: 'editor viewer' },
    ])
  })

  it('disables an account: its tokens and sessions are over, and nobody logs in until it is enabled', async () => {
    const account = await register()
    expect(users('disable', account.email).stdout).toContain('is disabled')
    expect(await codeOf(account.token)).toBe('token_revoked')
    expect((await service.client.refresh(account.refreshToken)).body.code).toBe('session_revoked')
    expect((await service.client.login(account)).body.code).toBe('invalid_credentials')
    expect(users('enable', account.email).stdout).toContain('can log in')
    expect(await codeOf(account.token)).toBe('token_revoked')
    expect((await service.client.refresh(account.refreshToken)).body.code).toBe('session_revoked')
    expect((await service.client.login(account)).status).toBe(200)
  })

  it('tells the guards in the feed, until the last token of the account has expired', async () => {
    const account = await register()
    users('disable', account.email)
    const sql = 'SELECT expires_at FROM portcullis_revoked_tokens WHERE id = ?'
    const rows = await service.database.query(sql, claimsOf(account.token).gen)
    expect(rows).toEqual([{ expires_at: claimsOf(account.token).exp }])
  })

  it('revokes sessions, and lets the user log in again', async () => {
    const account = await register()
    expect(users('revoke-sessions', account.email).stdout).toContain('logged out everywhere')
    expect(await codeOf(account.token)).toBe('token_revoked')
    expect((await service.client.refresh(account.refreshToken)).body.code).toBe('session_revoked')
    expect((await service.client.login(account)).status).toBe(200)
  })

  it.each([
    [['disable', 'nobody@example.com'], 'No account has the email nobody@example.com.'],
    [['set-roles', 'a@b.c', 'super user'], 'super user is no role'],
    [['add-role', 'a@b.c'], "missing required argument 'role'"],
    [['set-role', 'a@b.c', 'admin'], '`users set-roles EMAIL [ROLE…]` replaces all roles.'],
    [['disable'], "missing required argument 'email'"],
    [
      ['enable', 'a@b.c', '--url', 'http://127.0.0.1:9'],
      'The account was not changed: the database',
    ],
  ])('%j says what is wrong', (args, sentence) => {
    const { status, stderr } = users(...args)
    expect(status).toBe(1)
    expect(stderr).toContain(sentence)
    expect(stderr).not.toMatch(/^ +at /m)
  })
})
