// A login and giving the password again are two round trips each, with the work of a password hash
// between them: whatever happens meanwhile decides.

import { createClient } from '@libsql/client/http'
import { beforeEach, describe, expect, inject, it } from 'vitest'
import type { Database } from '../../../src/service/store/database.ts'
import {
  changeAccount,
  createTestService,
  database,
  deleteAccount,
  logout,
  post,
  postForm,
  postWith,
  pretend,
  registerAccount,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const nothing = async () => {}
let trips = 0
let meanwhile: () => Promise<unknown> = nothing
/** Lets something happen before the second round trip of a request. */
const slow: Database = {
  ...database,
  async withClient(use) {
    trips += 1
    if (trips === 2) await meanwhile()
    return database.withClient(use)
  },
}
const { app } = createTestService()
const { app: slowApp } = createTestService({}, { database: slow })

let account: Awaited<ReturnType<typeof registerAccount>>
beforeEach(async () => {
  account = await registerAccount(app)
})

async function during<T>(happening: () => Promise<unknown>, request: () => Promise<T>): Promise<T> {
  trips = 0
  meanwhile = happening
  const answer = await request()
  meanwhile = nothing
  expect(trips).toBe(2)
  return answer
}

const passwordChanges = () => changeAccount(account.email, `password_hash = password_hash || 'x'`)
const isDisabled = () => changeAccount(account.email, 'disabled_at = 1')
const isDeleted = () => deleteAccount(account.email)
const logsOut = () => logout(app, account.token)
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
})

describe('giving the password again', () => {
  const again = () =>
    postWith(slowApp, '/auth/reauthenticate', account.token, { password: account.password })

  beforeEach(() => pretend('authenticated_at = 7', account.refreshToken))

  it('is noted in the session', async () => {
    expect((await during(nothing, again)).status).toBe(200)
    expect(await sessionRows()).not.toContain(7)
  })

  it.each([
    ['the password changes', passwordChanges],
    ['the account is disabled', isDisabled],
    ['the session is logged out', logsOut],
    ['the session expires', expires],
    ['the token alone is revoked', () => postForm(app, '/oauth/revoke', { token: account.token })],
  ])('is not when meanwhile %s', async (_, happening) => {
    const { status, body } = await during(happening, again)
    expect([status, body.code]).toEqual([401, 'token_revoked'])
    expect(await sessionRows()).toEqual([7])
  })

  it('is worth nothing when meanwhile the account is deleted', async () => {
    expect((await during(isDeleted, again)).status).toBe(401)
  })
})
