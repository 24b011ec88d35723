import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freshEmail, tokensOf } from '../support/client.ts'
import { startDatabase } from '../support/database.ts'
import { claimsOf } from '../support/guarded.ts'
import { startIssuingService } from '../support/issuing-service.ts'
import { runNpm } from './commands.ts'

let service: Awaited<ReturnType<typeof startIssuingService>>
let settings: Record<string, string>
beforeAll(async () => {
  service = await startIssuingService(inject('bundle'))
  settings = { TURSO_DATABASE_URL: service.database.url, BCRYPT_COST: '5' }
})
afterAll(() => service?.stop())

const users = (...args: string[]) => runNpm('admin', ['users', ...args], settings)

async function register() {
  const account = { email: freshEmail(), password: 'a good password' }
  return { ...account, ...tokensOf(await service.client.register(account)) }
}
const codeOf = async (token: string) => (await service.client.status(token)).body.code
const rolesOf = (token: string) => (claimsOf(token) as unknown as { roles: string[] }).roles

describe('npm run admin -- users', () => {
  it('sets roles that hold from then on: tokens with other roles are revoked', async () => {
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

  it('adds a role and removes one, and keeps the others', async () => {
    const { email } = await register()
    expect(users('add-role', email, 'viewer', 'admin').stdout).toContain('the roles admin, viewer.')
    expect(users('add-role', email, 'editor').stdout).toContain('the roles admin, editor, viewer.')
    expect(users('remove-role', email, 'admin').stdout).toContain('has the roles editor, viewer.')
    expect(users('remove-role', email, 'editor', 'viewer').stdout).toContain('has no roles.')
  })

  it('reports that nothing changed where the roles are the same, with an exit code for scripts', async () => {
    const { email, token } = await register()
    const none = users('remove-role', email, 'zzz')
    expect([none.status, none.stdout]).toEqual([0, `${email} has no roles: nothing was changed.\n`])
    expect(await codeOf(token)).toBeUndefined()
    const add = () => JSON.parse(users('add-role', email, 'viewer', '--json').stdout)
    expect(add()).toEqual({ email, roles: ['viewer'], changed: true })
    expect(add()).toEqual({ email, roles: ['viewer'], changed: false })
    expect(users('set-roles', email, 'viewer').stdout).toBe(
      `${email} has the roles viewer: nothing was changed.\n`,
    )
    expect(users('set-roles', email).stdout).toBe(
      `${email} has no roles. Tokens issued before now are refused: by the service at once, by guards within their bounds.\n`,
    )
  })

  it('gives no more roles than fit into a token, and the account logs in afterwards', async () => {
    const account = await register()
    const roles = Array.from({ length: 70 }, (_, number) => `role-${number}`)
    const { status, stderr } = users('set-roles', account.email, ...roles)
    expect([status, stderr]).toEqual([1, expect.stringContaining('An account may have 64 roles')])
    expect(users('add-role', account.email, ...roles.slice(0, 64)).status).toBe(0)
    expect(users('add-role', account.email, 'one-more').status).toBe(1)
    expect((await service.client.login(account)).status).toBe(200)
  })

  it('creates an account that logs in, with the password from the standard input', async () => {
    const account = { email: freshEmail(), password: 'a good passwörd' }
    const create = (...args: string[]) =>
      runNpm('admin', ['users', 'create', ...args], settings, `${account.password}\n`)
    const { status, stdout } = create(
      '--role',
      'editor',
      '--role',
      'admin',
      account.email,
      '--json',
    )
    const id = expect.any(Number)
    const made = { user_id: id, email: account.email, roles: ['admin', 'editor'] }
    expect([status, JSON.parse(stdout)]).toEqual([0, made])
    const sql = 'SELECT password_hash FROM portcullis_users WHERE email = ?'
    const [row] = await service.database.query(sql, account.email)
    expect(row?.password_hash).toMatch(/^\$2b\$05\$/)
    const login = await service.client.login(account)
    expect([login.status, rolesOf(tokensOf(login).token)]).toEqual([200, ['admin', 'editor']])
    const again = create(account.email.toUpperCase())
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('has an account')])
  })

  it.each([
    [1, 'ada', 'a good password', {}, 'Give an email that can receive mail'],
    [1, freshEmail(), 'short', {}, 'Give a password of at least 8 characters.'],
    [1, freshEmail(), 'trustno1', {}, 'This password is one of the commonest'],
    [1, 'grace.hopper@example.com', 'hopper12', {}, 'This password is made of your email'],
    [
      1,
      freshEmail(),
      'acme-games',
      { ISSUER: 'https://acme-games.example.com' },
      'This password is made of your email or the name of this service',
    ],
    [
      1,
      freshEmail(),
      'a good passwor',
      { PASSWORD_POLICY: 'nist' },
      'Give a password of at least 15 characters.',
    ],
    [
      2,
      freshEmail(),
      'a good password',
      { PASSWORD_MIN_LENGTH: '6' },
      'use PASSWORD_POLICY=development',
    ],
    [
      2,
      freshEmail(),
      'a good password',
      { PASWORD_POLICY: 'nist' },
      'did you mean PASSWORD_POLICY',
    ],
    [2, freshEmail(), 'a good password', { ISSUER: 'example.com' }, 'ISSUER must be a URL'],
    [
      1,
      'ada@localhost',
      'a good password',
      {},
      'The domain of the email has no dot. Give another email, or set EMAIL_DOMAINS=any if the service has it.',
    ],
    [
      2,
      'ada@localhost',
      'a good password',
      { EMAIL_DOMIANS: 'any' },
      'EMAIL_DOMIANS is not a setting; did you mean EMAIL_DOMAINS?',
    ],
    [2, freshEmail(), '', {}, 'There is no password'],
    [2, freshEmail(), 'a good password', { BCRYPT_COST: '99' }, 'BCRYPT_COST must be a whole'],
  ])('creates no account and exits %i for %j with %j', (code, email, password, env, sentence) => {
    const args = ['users', 'create', email]
    const { status, stderr } = runNpm('admin', args, { ...settings, ...env }, password)
    expect([status, stderr]).toEqual([code, expect.stringContaining(sentence)])
  })

  it('ignores variables of others that resemble a setting it does not read', () => {
    const others = { DATABASE_URL: 'postgres://127.0.0.1', JWT_SECRET: 'x' }
    const args = ['users', 'create', freshEmail()]
    expect(runNpm('admin', args, { ...settings, ...others }, 'a good password').status).toBe(0)
  })

  it('shows an account with its live sessions, and lists accounts in pages', async () => {
    const account = await register()
    const { email } = account
    await service.client.login(account)
    users('disable', (await register()).email)
    const shown = users('show', email.toUpperCase())
    expect([shown.status, shown.stdout]).toEqual([0, expect.stringMatching(/living sessions +2\n/)])
    const facts = JSON.parse(users('show', email, '--json').stdout)
    expect(facts).toEqual({
      user_id: Number(claimsOf(account.token).sub),
      email,
      roles: [],
      invited: false,
      disabled_on: null,
      registered_on: expect.stringMatching(/Z$/),
      email_verified_on: null,
      deletes_on: null,
      living_sessions: 2,
    })
    const { living_sessions: _, ...listed } = facts
    const page = (...args: string[]) => users('list', '--after', `${facts.user_id - 1}`, ...args)
    const all = page('--json').stdout.trim().split('\n')
    expect(all.map((line) => JSON.parse(line))).toEqual([
      listed,
      expect.objectContaining({ disabled_on: expect.stringMatching(/Z$/) }),
    ])
    const one = page('--limit', '1')
    expect(one.stdout.trim().split('\n')).toHaveLength(2)
    expect(one.stdout).toContain(email)
    expect(one.stderr).toBe(`There may be more: add --after ${facts.user_id}.\n`)
  })

  it('says what to do about a database without migrations, with an exit code for scripts', async () => {
    const empty = await startDatabase(async () => {})
    for (const args of [['list'], ['show', 'a@b.c'], ['add-role', 'a@b.c', 'x']]) {
      const { status, stderr } = users(...args, '--url', empty.url, '--json')
      expect([status, JSON.parse(stderr)]).toEqual([
        3,
        { error: 'pending', message: expect.stringContaining('run `portcullis migrate`') },
      ])
    }
    await empty.stop()
  })

  it('stores the role admin once, where the earlier version reads it', async () => {
    const { email } = await register()
    users('set-roles', email, 'viewer', 'admin', 'editor', 'editor')
    const sql = 'SELECT admin, other_roles FROM portcullis_users WHERE email = ?'
    expect(await service.database.query(sql, email)).toEqual([
      { admin: 1, other_roles: 'editor viewer' },
    ])
  })

  it('disables an account: its tokens and sessions end, and no login works until it is enabled', async () => {
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

  it('publishes a disabled account in the feed, until its last token has expired', async () => {
    const account = await register()
    users('disable', account.email)
    const sql = 'SELECT expires_at FROM portcullis_revoked_tokens WHERE id = ?'
    const rows = await service.database.query(sql, claimsOf(account.token).gen)
    expect(rows).toEqual([{ expires_at: claimsOf(account.token).exp }])
  })

  it('sets a password from the standard input: the old one, tokens and sessions end', async () => {
    const account = await register()
    const device = (await service.client.login(account)).body.device_token
    const set = (password: string, ...args: string[]) =>
      runNpm('admin', ['users', 'set-password', ...args], settings, password)
    const { status, stdout } = set('a third passwörd\n', account.email.toUpperCase())
    expect([status, stdout]).toEqual([0, expect.stringContaining('has a new password')])
    expect(await codeOf(account.token)).toBe('token_revoked')
    expect((await service.client.refresh(account.refreshToken)).body.code).toBe('session_revoked')
    expect((await service.client.login(account)).body.code).toBe('invalid_credentials')
    const next = await service.client.login({ ...account, password: 'a third passwörd' })
    expect(next.status).toBe(200)
    const versions = [device, next.body.device_token].map((token) => String(token).split('.')[2])
    expect(versions).toEqual(['1', '2'])
    const short = set('short', account.email)
    expect([short.status, short.stderr]).toEqual([1, 'Give a password of at least 8 characters.\n'])
    const nobody = set('a third password', 'nobody@example.com')
    expect([nobody.status, nobody.stderr]).toEqual([1, expect.stringContaining('No account has')])
    const json = set('a fourth password', account.email, '--json')
    expect(JSON.parse(json.stdout)).toEqual({ email: account.email, done: 'setPassword' })
  })

  it('deletes an account with its sessions: its tokens stay refused, also after the email registers anew', async () => {
    const account = await register()
    const { sub, gen, exp } = claimsOf(account.token)
    const unasked = users('delete', account.email)
    expect([unasked.status, unasked.stderr]).toEqual([
      2,
      expect.stringContaining(`${account.email}, with the id ${sub}, its roles and its 1 living`),
    ])
    expect(await codeOf(account.token)).toBeUndefined()
    const deleted = users('delete', account.email.toUpperCase(), '--yes')
    expect([deleted.status, deleted.stdout]).toEqual([
      0,
      expect.stringContaining(`${account.email} is deleted.`),
    ])
    const left = 'SELECT id FROM portcullis_sessions WHERE user_id = ?'
    expect(await service.database.query(left, sub)).toEqual([])
    const published = 'SELECT expires_at FROM portcullis_revoked_tokens WHERE id = ?'
    expect(await service.database.query(published, gen)).toEqual([{ expires_at: exp }])
    const refused = async () => {
      expect(await codeOf(account.token)).toBe('token_revoked')
      const { body } = await service.client.refresh(account.refreshToken)
      expect(body.code).toBe('refresh_token_invalid')
    }
    await refused()
    expect((await service.client.login(account)).body.code).toBe('invalid_credentials')
    const anew = await service.client.register(account)
    expect([anew.status, Number(claimsOf(tokensOf(anew).token).sub) > Number(sub)]).toEqual([
      201,
      true,
    ])
    await refused()
    expect(users('delete', account.email, '--yes', '--json').status).toBe(0)
    expect(users('delete', account.email, '--yes').status).toBe(1)
  })

  it('revokes sessions, and lets the user log in again', async () => {
    const account = await register()
    expect(users('revoke-sessions', account.email).stdout).toContain('logged out everywhere')
    expect(await codeOf(account.token)).toBe('token_revoked')
    expect((await service.client.refresh(account.refreshToken)).body.code).toBe('session_revoked')
    expect((await service.client.login(account)).status).toBe(200)
  })

  it.each([
    [1, ['disable', 'nobody@example.com'], 'No account has the email nobody@example.com.'],
    [2, ['set-roles', 'a@b.c', 'super user'], 'super user is not a role'],
    [2, ['add-role', 'a@b.c'], "missing required argument 'role'"],
    [2, ['set-role', 'a@b.c', 'admin'], '`users set-roles EMAIL [ROLE…]` replaces all roles.'],
    [1, ['delete', 'nobody@example.com', '--yes'], 'No account has the email nobody@example.com.'],
    [2, ['remove'], '`users delete EMAIL` deletes an account.'],
    [2, ['set-password', 'a@b.c'], 'There is no password: pipe it to the standard input.'],
    [2, ['disable'], "missing required argument 'email'"],
    [2, ['list', '--limit', '0'], 'It must be a whole number from 1 to 1000.'],
    [1, ['list', '--url', 'file:/nowhere/x.db'], 'the database file cannot be opened'],
    [2, ['unheard-of'], "unknown command 'unheard-of'\nAdd --help"],
    [
      4,
      ['enable', 'a@b.c', '--url', 'http://127.0.0.1:9'],
      'The account was not changed: the database',
    ],
  ])('exits %i for %j and says what is wrong', (code, args, sentence) => {
    const { status, stderr } = users(...args)
    expect(status).toBe(code)
    expect(stderr).toContain(sentence)
    expect(stderr).not.toMatch(/^ +at /m)
  })
})
