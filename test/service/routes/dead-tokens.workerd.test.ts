// A dead token can do nothing: it does not change a single row.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import {
  type Answer,
  changeAccount,
  claimsOf,
  createTestService,
  deleteAccount,
  endSession,
  logout,
  post,
  postForm,
  postWith,
  refreshWith,
  registerAccount,
  sessionIdOf,
  tokensOf,
} from '../../support/service.ts'

const { app } = await createTestService()
const client = createClient({ url: inject('databaseUrl') })

/** An account with two sessions: the one that ends, and another. */
async function setUp() {
  const account = await registerAccount(app)
  const { email, password } = account
  const other = tokensOf(await post(app, '/auth/login', { email, password }))
  return { ...account, other }
}
type Account = Awaited<ReturnType<typeof setUp>>

const deaths: Record<string, (account: Account) => Promise<unknown>> = {
  'its session was ended': ({ token }) => logout(app, token),
  'it was taken back alone': ({ token }) => postForm(app, '/oauth/revoke', { token }),
  'all sessions were ended': ({ other }) =>
    postWith(app, '/auth/logout-everywhere', other.token, {}),
  'the password was changed': ({ other }) =>
    postWith(app, '/auth/change-password', other.token, {
      new_password: 'a third password',
      refresh_token: other.refreshToken,
    }),
  'its account was disabled by hand': ({ email }) => changeAccount(email, 'disabled_at = 1'),
  'its account is gone': ({ email }) => deleteAccount(email),
}

const requests: Record<string, (account: Account) => Promise<Answer>> = {
  'to be logged out': ({ token }) => logout(app, token),
  'to be logged out everywhere': ({ token }) => postWith(app, '/auth/logout-everywhere', token, {}),
  'to be logged out everywhere else': ({ token }) =>
    postWith(app, '/auth/logout-everywhere', token, { keep_current: true }),
  'for the end of another session': ({ token, other }) =>
    endSession(app, token, sessionIdOf(other.refreshToken)),
  'for the end of its own session': ({ token, refreshToken }) =>
    endSession(app, token, sessionIdOf(refreshToken)),
  'for a fresh login': ({ token, password }) =>
    postWith(app, '/auth/reauthenticate', token, { password }),
  'for another password': ({ token, refreshToken }) =>
    postWith(app, '/auth/change-password', token, {
      new_password: 'another good password',
      refresh_token: refreshToken,
    }),
  'for another password, with the old one': ({ token, password }) =>
    postWith(app, '/auth/change-password', token, { new_password: 'another password', password }),
}

/** Everything about the account, as if all events so far were a minute ago. */
async function agedRows({ email, token, other }: Account) {
  const ids = [token, other.token].flatMap((each) => {
    const { jti, sid, gen } = claimsOf(each)
    return [jti, sid, gen]
  })
  const whose = `WHERE id IN ('${ids.join("','")}')`
  await client.execute(
    `UPDATE portcullis_sessions SET revoked_at = revoked_at - 60, expires_at = expires_at - 60,
      rotated_at = rotated_at - 60, authenticated_at = authenticated_at - 60 ${whose}`,
  )
  return () =>
    Promise.all(
      [
        `SELECT * FROM portcullis_users WHERE email = '${email}'`,
        `SELECT * FROM portcullis_sessions ${whose} OR user_id =
          (SELECT id FROM portcullis_users WHERE email = '${email}') ORDER BY id`,
        `SELECT * FROM portcullis_revoked_tokens ${whose} ORDER BY seq`,
      ].map(async (sql) => (await client.execute(sql)).rows.map((row) => ({ ...row }))),
    )
}

describe.each(Object.keys(deaths))('a token that is dead because %s', (death) => {
  it.each(Object.keys(requests))('has no effect when it asks %s', async (request) => {
    const account = await setUp()
    await deaths[death]?.(account)
    const rows = await agedRows(account)
    const before = await rows()
    const answer = await requests[request]?.(account)
    expect([answer?.status, answer?.body.status]).toEqual([401, 'fail'])
    expect(await rows()).toEqual(before)
  })
})

describe('a refresh token whose session is over', () => {
  it('can be revoked without effect, and refreshes nothing', async () => {
    const account = await setUp()
    await logout(app, account.token)
    const rows = await agedRows(account)
    const before = await rows()
    const { refreshToken } = account
    expect((await postForm(app, '/oauth/revoke', { token: refreshToken })).status).toBe(200)
    expect((await refreshWith(app, refreshToken)).body.code).toBe('session_revoked')
    expect(await rows()).toEqual(before)
  })
})
