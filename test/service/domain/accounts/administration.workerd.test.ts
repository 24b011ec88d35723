import { describe, expect, it } from 'vitest'
import { systemRuntime } from '../../../../src/runtime/runtime.ts'
import { passwordPolicyOf } from '../../../../src/service/config/password-settings.ts'
import {
  addRoles,
  disable,
  enable,
  remove,
  removeRoles,
  revokeSessions,
  setPassword,
  setRoles,
} from '../../../../src/service/domain/accounts/administration.ts'
import { maxRoles, maxRolesCharacters } from '../../../../src/service/domain/identity/identity.ts'
import { createPasswordHasher } from '../../../../src/service/domain/identity/password-hasher.ts'
import { generateKeyPair } from '../../../../src/token/key-pair.ts'
import {
  ask,
  bearing,
  changeAccount,
  claimsOf,
  createTestService,
  database,
  post,
  refreshWith,
  registerAccount,
  testEntry,
  tokensOf,
} from '../../../support/service.ts'

const deps = { database, runtime: systemRuntime, entry: testEntry }
const { app } = await createTestService()
const roleOf = (length: number, number: number) => `${number}`.padStart(length, '0')
const severalOf = (count: number, length: number) =>
  Array.from({ length: count }, (_, number) => roleOf(length, number))
const changedTo = (roles: readonly string[]) => ({ ok: true, value: { roles, isChanged: true } })
/** The result of a change that changes nothing. */
const left = (roles: readonly string[]) => ({ ok: true, value: { roles, isChanged: false } })

describe('an account whose password is set', () => {
  const passwords = createPasswordHasher(4, systemRuntime)
  const set = (email: string, password: string) =>
    setPassword({ ...deps, passwords }, email, {
      password,
      passwordPolicy: passwordPolicyOf('default', undefined),
    })

  it('logs in with it alone, and all of its tokens and sessions have ended', async () => {
    const { email, password, token, refreshToken } = await registerAccount(app)
    expect(await set(email, 'another good password')).toEqual({ ok: true, value: undefined })
    expect((await ask(app, '/auth/status', bearing(token))).body.code).toBe('token_revoked')
    expect((await refreshWith(app, refreshToken)).body.code).toBe('session_revoked')
    expect((await post(app, '/auth/login', { email, password })).status).toBe(404)
    const next = await post(app, '/auth/login', { email, password: 'another good password' })
    expect([next.status, String(next.body.device_token).split('.')[2]]).toEqual([200, '2'])
  })

  it.each([
    ['short', { passwordProblem: 'Give a password of at least 8 characters.' }],
    ['', 'password_malformed'],
    ['x'.repeat(1_025), 'password_malformed'],
  ])('keeps the old one where the new one is refused: %s', async (typed, error) => {
    const account = await registerAccount(app)
    expect(await set(account.email, typed)).toEqual({ ok: false, error })
    expect((await post(app, '/auth/login', account)).status).toBe(200)
  })

  it('must exist', async () => {
    const unknown = { ok: false, error: 'account_unknown' }
    expect(await set('nobody@example.com', 'another good password')).toEqual(unknown)
  })
})

describe('a deleted account', () => {
  const idOf = (token: string) => Number(claimsOf(token).sub)

  it('has no sessions, and its tokens are revoked', async () => {
    const { email, token, refreshToken } = await registerAccount(app)
    expect(await remove(deps, email, idOf(token))).toBe('done')
    expect((await ask(app, '/auth/status', bearing(token))).body.code).toBe('token_revoked')
    expect((await refreshWith(app, refreshToken)).body.code).toBe('refresh_token_invalid')
    const { gen } = claimsOf(token)
    expect((await post(app, '/auth/feed/check', { ids: [gen] })).body.revoked).toEqual([gen])
    expect(await remove(deps, email, idOf(token))).toBe('account_unknown')
  })

  it('gives its email free, and never its id, even if it was the newest one', async () => {
    const { email, password, token } = await registerAccount(app)
    await remove(deps, email, idOf(token))
    const next = await post(app, '/auth/register', { email, password })
    const { sub } = claimsOf(tokensOf(next).token)
    expect([next.status, Number(sub) > Number(claimsOf(token).sub)]).toEqual([201, true])
    expect((await ask(app, '/auth/status', bearing(token))).status).toBe(401)
    // Deleted once more by the id from before, the account that has the email now stays.
    expect(await remove(deps, email, idOf(token))).toBe('account_unknown')
    const { token: newToken } = tokensOf(next)
    expect((await ask(app, '/auth/status', bearing(newToken))).status).toBe(200)
  })

  it('leaves all others as they are', async () => {
    const [gone, other] = [await registerAccount(app), await registerAccount(app)]
    await remove(deps, gone.email, idOf(gone.token))
    expect((await ask(app, '/auth/status', bearing(other.token))).status).toBe(200)
    expect((await refreshWith(app, other.refreshToken)).status).toBe(200)
  })
})

describe('the audit of an account', () => {
  /** A change whose events have a name of their own. */
  const named = (event: string) => ({ ...deps, entry: { event, actor: 'administrator' } as const })
  const eventsOf = async (token: string) => {
    const sql = `SELECT event FROM portcullis_audit_events
      WHERE actor = 'administrator' AND user_id = CAST(? AS INTEGER) ORDER BY seq`
    const args = [String(claimsOf(token).sub)]
    const { rows } = await database.withClient((client) => client.execute({ sql, args }))
    return rows.map(({ event }) => event)
  }

  it('has the first of several times that it is disabled or enabled', async () => {
    const { email, token } = await registerAccount(app)
    expect(await enable(named('useless'), email)).toBe('done')
    expect(await disable(named('disable'), email)).toBe('done')
    expect(await disable(named('useless'), email)).toBe('done')
    expect(await enable(named('enable'), email)).toBe('done')
    expect(await enable(named('useless'), email)).toBe('done')
    expect(await disable(named('disable again'), email)).toBe('done')
    expect(await eventsOf(token)).toEqual(['disable', 'enable', 'disable again'])
  })

  it('has the end of sessions that were left when somebody disabled it with SQL', async () => {
    const { email, token, refreshToken } = await registerAccount(app)
    await changeAccount(email, 'disabled_at = 1')
    expect(await disable(named('disable'), email)).toBe('done')
    expect((await refreshWith(app, refreshToken)).body.code).toBe('session_revoked')
    expect(await disable(named('useless'), email)).toBe('done')
    const { gen } = claimsOf(token)
    expect((await post(app, '/auth/feed/check', { ids: [gen] })).body.revoked).toEqual([gen])
    expect(await eventsOf(token)).toEqual(['disable'])
  })

  it('has every time that its tokens are revoked: tokens without a session may be there', async () => {
    const { email, token } = await registerAccount(app)
    await revokeSessions(named('first'), email)
    await revokeSessions(named('second'), email)
    expect(await eventsOf(token)).toEqual(['first', 'second'])
  })

  it('has no account to find for an unknown email', async () => {
    for (const change of [disable, enable, revokeSessions]) {
      expect(await change(deps, 'nobody@example.com')).toBe('account_unknown')
    }
  })
})

describe('the roles of an account', () => {
  it('are added and removed one by one, and set as a whole', async () => {
    const { email } = await registerAccount(app)
    const added = ['admin', 'editor', 'viewer']
    expect(await addRoles(deps, email, ['viewer', 'admin'])).toMatchObject({ ok: true })
    expect(await addRoles(deps, email, ['editor', 'viewer'])).toEqual(changedTo(added))
    expect(await removeRoles(deps, email, ['admin', 'nobody'])).toEqual(
      changedTo(['editor', 'viewer']),
    )
    expect(await setRoles(deps, email, ['auditor'])).toEqual(changedTo(['auditor']))
    expect(await setRoles(deps, email, [])).toEqual(changedTo([]))
  })

  it('are reported as unchanged where a change has no effect, and tokens stay valid', async () => {
    const { email, token } = await registerAccount(app)
    expect(await setRoles(deps, email, [])).toEqual(left([]))
    expect(await removeRoles(deps, email, ['nobody'])).toEqual(left([]))
    expect((await ask(app, '/auth/status', bearing(token))).status).toBe(200)
    await setRoles(deps, email, ['editor', 'admin'])
    expect(await setRoles(deps, email, ['admin', 'editor'])).toEqual(left(['admin', 'editor']))
    expect(await addRoles(deps, email, ['editor'])).toEqual(left(['admin', 'editor']))
  })

  it('are not changed without an account', async () => {
    const unknown = { ok: false, error: 'account_unknown' }
    for (const change of [setRoles, addRoles, removeRoles]) {
      expect(await change(deps, 'nobody@example.com', ['admin'])).toEqual(unknown)
    }
  })

  it('are all stored when many are added at once', async () => {
    const { email } = await registerAccount(app)
    const roles = severalOf(12, 3)
    await Promise.all(roles.map((role) => addRoles(deps, email, [role])))
    expect(await addRoles(deps, email, [])).toEqual(left(roles))
    await Promise.all(roles.map((role) => removeRoles(deps, email, [role])))
    expect(await addRoles(deps, email, [])).toEqual(left([]))
  })

  it.each([
    ['characters', severalOf(19, 49), severalOf(25, 49).slice(19)],
    ['roles', severalOf(maxRoles - 1, 3), severalOf(maxRoles + 5, 3).slice(maxRoles - 1)],
  ])('never have too many %s, however many are added at once', async (_, roles, more) => {
    const { email } = await registerAccount(app)
    expect(await setRoles(deps, email, roles)).toMatchObject({ ok: true })
    const outcomes = await Promise.all(more.map((role) => addRoles(deps, email, [role])))
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
    expect(outcomes).toContainEqual({ ok: false, error: 'roles_too_long' })
    const has = await addRoles(deps, email, [])
    expect(has.ok && has.value.roles).toHaveLength(roles.length + 1)
  })

  it('can be removed but not added where there are too many already', async () => {
    const { email } = await registerAccount(app)
    // In a different order than ours, as if written by hand.
    const roles = severalOf(maxRoles + 6, 20).reverse()
    await changeAccount(email, `other_roles = '${roles.join(' ')}'`)
    expect(await addRoles(deps, email, ['one-more'])).toEqual({
      ok: false,
      error: 'roles_too_long',
    })
    expect(await removeRoles(deps, email, [roles[0] ?? ''])).toMatchObject({ ok: true })
  })

  it.each([
    ['are no roles', ['super user'], 'role_malformed'],
    ['are too long', severalOf(16, 63), 'roles_too_long'],
    ['are too many', severalOf(maxRoles + 1, 2), 'roles_too_long'],
  ])('are refused where they %s', async (_, roles, error) => {
    const { email } = await registerAccount(app)
    expect(await setRoles(deps, email, roles)).toEqual({ ok: false, error })
    expect(await addRoles(deps, email, roles)).toEqual({ ok: false, error })
  })

  it('fit into a token with the longest documented key name, issuer and audience, and claims of a hook', async () => {
    const pair = await generateKeyPair('ES256', systemRuntime)
    const key = { ...pair, kid: 'k'.repeat(128), state: 'active' }
    const promised = `https://${'i'.repeat(248)}`
    const service = await createTestService(
      { SIGNING_KEYS: JSON.stringify({ keys: [key] }), ISSUER: promised, AUDIENCE: promised },
      { claims: () => ({ text: 'c'.repeat(500) }) },
    )
    const { email, password } = await registerAccount(service.app)
    // The longest text, in the greatest number of roles.
    const shortest = Math.floor(maxRolesCharacters / maxRoles) - 1
    const roles = severalOf(maxRoles - 1, shortest)
    const last = maxRolesCharacters - roles.join(' ').length - 1
    expect(await setRoles(deps, email, [...roles, roleOf(last, 99)])).toMatchObject({ ok: true })
    const login = await post(service.app, '/auth/login', { email, password })
    const { token } = tokensOf(login)
    expect([login.status, claimsOf(token).roles.length]).toEqual([200, maxRoles])
    expect(token.length).toBeLessThanOrEqual(4_000)
  })
})
