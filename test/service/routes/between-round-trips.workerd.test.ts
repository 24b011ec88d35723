// A login and giving the password again are two round trips each, with a password hash between
// them. With a claims hook, so are a refresh and logging out everywhere but here. A change between
// the two round trips decides.

import { createClient } from '@libsql/client/http'
import { beforeEach, describe, expect, inject, it } from 'vitest'
import type { ClaimsHook } from '../../../src/token/claims-hook.ts'
import {
  createInterruptedDatabase,
  type Happening,
  once,
} from '../../support/between-round-trips.ts'
import {
  ask,
  bearing,
  changeAccount,
  claimsOf,
  createTestService,
  deleteAccount,
  freshEmail,
  logout,
  passTime,
  post,
  postForm,
  postWith,
  pretend,
  refreshWith,
  registerAccount,
  tokensOf,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const nothing = async () => {}
const slow = createInterruptedDatabase()
const { app } = await createTestService()
const { app: slowApp } = await createTestService({}, { database: slow })
const claims: ClaimsHook = ({ roles }) => ({ all: roles })
const { app: hookedApp, log } = await createTestService({}, { database: slow, claims })

let account: Awaited<ReturnType<typeof registerAccount>>
beforeEach(async () => {
  account = await registerAccount(app)
})

async function during<T>(
  happening: Happening,
  request: () => Promise<T>,
  expectedTrips = 2,
): Promise<T> {
  const answer = await slow.during(happening, request)
  expect(slow.roundTrips).toBe(expectedTrips)
  return answer
}

const passwordChanges = () =>
  changeAccount(
    account.email,
    `password_hash = password_hash || 'x', password_version = password_version + 1`,
  )
const isDisabled = () => changeAccount(account.email, 'disabled_at = 1')
const isDeleted = () => deleteAccount(account.email)
const logsOut = () => logout(app, account.token)
const rolesChange = () =>
  changeAccount(account.email, `other_roles = trim(other_roles || ' role-' || length(other_roles))`)
const generationChanges = () =>
  changeAccount(account.email, `token_generation = 'g' || substr(hex(randomblob(8)), 2)`)
const expires = () => pretend('expires_at = unixepoch()', account.refreshToken)

async function sessionRows() {
  const { rows } = await client.execute({
    sql: `SELECT authenticated_at FROM portcullis_sessions
      WHERE user_id = (SELECT id FROM portcullis_users WHERE email = ?)`,
    args: [account.email],
  })
  return rows.map(({ authenticated_at }) => Number(authenticated_at))
}

describe('a login', () => {
  const login = () => post(slowApp, '/auth/login', account)

  it('begins a session', async () => {
    expect((await during(nothing, login)).status).toBe(200)
    expect(await sessionRows()).toHaveLength(2)
  })

  it.each([
    ['the password changes', passwordChanges],
    ['the account is disabled', isDisabled],
    ['the account is deleted', isDeleted],
  ])('begins none when meanwhile %s', async (_, happening) => {
    const { status, body } = await during(happening, login)
    expect([status, body.code]).toEqual([404, 'invalid_credentials'])
    expect((await sessionRows()).length).toBeLessThan(2)
  })

  it('gives the current roles when they change meanwhile', async () => {
    const answer = await during(once(rolesChange), login, 3)
    expect(claimsOf(tokensOf(answer).token).roles).toEqual(['role-0'])
    expect(await sessionRows()).toHaveLength(2)
  })

  it('gives a token of the current generation when that changes meanwhile', async () => {
    const answer = await during(once(generationChanges), login, 3)
    const { token } = tokensOf(answer)
    expect((await ask(app, '/auth/status', bearing(token))).status).toBe(200)
  })

  it('is answered 503, and begins no session, when roles change again and again', async () => {
    const { status, body } = await during(rolesChange, login, 4)
    expect([status, body.code]).toEqual([503, 'unavailable'])
    expect(await sessionRows()).toHaveLength(1)
  })

  it('gives the same time of the password as the session', async () => {
    const { token } = tokensOf(await login())
    expect(await sessionRows()).toContain(claimsOf(token).auth_time)
  })
})

describe('giving the password again', () => {
  const again = () =>
    postWith(slowApp, '/auth/reauthenticate', account.token, { password: account.password })

  beforeEach(() => pretend('authenticated_at = 7', account.refreshToken))

  it('is recorded in the session', async () => {
    expect((await during(nothing, again)).status).toBe(200)
    expect(await sessionRows()).not.toContain(7)
  })

  it.each([
    ['the password changes', passwordChanges],
    ['the account is disabled', isDisabled],
    ['the session is logged out', logsOut],
    ['the session expires', expires],
    ['the token alone is revoked', () => postForm(app, '/oauth/revoke', { token: account.token })],
  ])('is not recorded when meanwhile %s', async (_, happening) => {
    const { status, body } = await during(happening, again)
    expect([status, body.code]).toEqual([401, 'token_revoked'])
    expect(await sessionRows()).toEqual([7])
  })

  it('is not recorded when roles change meanwhile', async () => {
    const { status, body } = await during(rolesChange, again)
    expect([status, body.code]).toEqual([401, 'token_revoked'])
    expect(await sessionRows()).toEqual([7])
  })

  it('gives the same time as the session', async () => {
    const { token } = tokensOf(await again())
    expect(await sessionRows()).toEqual([claimsOf(token).auth_time])
  })

  it('is refused when the account is deleted meanwhile', async () => {
    expect((await during(isDeleted, again)).status).toBe(401)
  })
})

describe('a refresh with a claims hook', () => {
  const refresh = () => refreshWith(hookedApp, account.refreshToken)

  it('is two round trips, and its token has the claims of the hook', async () => {
    await rolesChange()
    const answer = await during(nothing, refresh)
    expect(claimsOf(tokensOf(answer).token).all).toEqual(['role-0'])
  })

  it('is one round trip where it is refused', async () => {
    await logsOut()
    const { status, body } = await during(nothing, refresh, 1)
    expect([status, body.code]).toEqual([401, 'session_revoked'])
  })

  it('is one round trip for a reused token, which ends the session', async () => {
    const next = tokensOf(await refreshWith(app, account.refreshToken))
    await passTime(120, account.refreshToken)
    const { body } = await during(nothing, refresh, 1)
    expect(body.code).toBe('refresh_token_reused')
    expect((await ask(app, '/auth/status', bearing(next.token))).status).toBe(401)
  })

  it('gives the same successor when another refresh comes in between', async () => {
    const { promise: other, resolve } = Promise.withResolvers<string>()
    const happens = async () =>
      resolve(tokensOf(await refreshWith(app, account.refreshToken)).refreshToken)
    const { refreshToken } = tokensOf(await during(happens, refresh))
    expect(refreshToken).toBe(await other)
    expect((await refreshWith(app, refreshToken)).status).toBe(200)
  })

  describe('with a used token, while the grace window passes,', () => {
    let next = ''
    beforeEach(async () => {
      next = tokensOf(await refreshWith(app, account.refreshToken)).refreshToken
      await passTime(27, account.refreshToken)
    })
    const windowPasses = () => passTime(10, account.refreshToken)

    it('gives the same successor', async () => {
      expect(tokensOf(await during(windowPasses, refresh)).refreshToken).toBe(next)
      expect((await refreshWith(app, next)).status).toBe(200)
    })

    it('gives the same successor when roles change as well', async () => {
      const happening = once(() => Promise.all([windowPasses(), rolesChange()]))
      expect(tokensOf(await during(happening, refresh, 3)).refreshToken).toBe(next)
    })

    it('is superseded, and ends nothing, when the successor is used meanwhile', async () => {
      let last = ''
      const happening = async () => {
        await windowPasses()
        last = tokensOf(await refreshWith(app, next)).refreshToken
      }
      expect((await during(happening, refresh)).body.code).toBe('refresh_superseded')
      expect((await refreshWith(app, last)).status).toBe(200)
    })

    it('is treated as reuse when it is presented after that', async () => {
      await during(windowPasses, refresh)
      expect((await during(nothing, refresh, 1)).body.code).toBe('refresh_token_reused')
    })
  })

  it.each([
    ['the session is logged out', logsOut, 'session_revoked'],
    ['the session expires', expires, 'session_expired'],
    ['the account is disabled', isDisabled, 'session_revoked'],
    ['the account is deleted', isDeleted, 'refresh_token_invalid'],
  ])('is refused when meanwhile %s', async (_, happening, code) => {
    const { status, body } = await during(happening, refresh)
    expect([status, body.code]).toEqual([401, code])
  })

  it.each([
    ['roles', rolesChange],
    ['the generation', generationChanges],
  ])('signs once more when meanwhile %s change', async (_, happening) => {
    const { token, refreshToken } = tokensOf(await during(once(happening), refresh, 3))
    const { roles, all } = claimsOf(token)
    expect(all).toEqual(roles)
    expect((await ask(app, '/auth/status', bearing(token))).status).toBe(200)
    expect((await refreshWith(app, refreshToken)).status).toBe(200)
  })

  it('is answered 503, and uses nothing up, when roles change again and again', async () => {
    const { status, body } = await during(rolesChange, refresh, 3)
    expect([status, body.code]).toEqual([503, 'unavailable'])
    expect(log.at(-1)).toContain('"reason":"account_changing"')
    await passTime(120, account.refreshToken)
    expect((await refreshWith(app, account.refreshToken)).status).toBe(200)
  })
})

describe('logging out everywhere but here with a claims hook', () => {
  const everywhere = () =>
    postWith(hookedApp, '/auth/logout-everywhere', account.token, {
      keep_current: true,
      refresh_token: account.refreshToken,
    })

  it('gives tokens of the new generation', async () => {
    const { token } = tokensOf(await during(nothing, everywhere))
    expect(claimsOf(token).all).toEqual([])
    expect((await ask(app, '/auth/status', bearing(token))).status).toBe(200)
  })

  it('gives tokens for a used token whose grace window passes meanwhile', async () => {
    const next = tokensOf(await refreshWith(app, account.refreshToken)).refreshToken
    await passTime(27, account.refreshToken)
    const answer = await during(() => passTime(10, account.refreshToken), everywhere)
    expect(tokensOf(answer).refreshToken).toBe(next)
  })

  it('succeeds without tokens when roles change meanwhile', async () => {
    const { status, body } = await during(rolesChange, everywhere)
    expect([status, body.auth_token]).toEqual([200, undefined])
    expect((await refreshWith(app, account.refreshToken)).status).toBe(200)
  })
})

describe('a registration whose claims hook fails', () => {
  it('leaves the account to a user who has logged in meanwhile', async () => {
    const created = { email: freshEmail(), password: 'a good password' }
    let token = ''
    const { app: failing } = await createTestService(
      {},
      {
        async claims() {
          token = tokensOf(await post(app, '/auth/login', created)).token
          throw new Error('No claims today')
        },
      },
    )
    expect((await post(failing, '/auth/register', created)).status).toBe(500)
    expect((await ask(app, '/auth/status', bearing(token))).status).toBe(200)
    const { body } = await ask(app, '/auth/sessions', bearing(token))
    expect((body.data as { sessions: unknown[] }).sessions).toHaveLength(1)
  })
})
