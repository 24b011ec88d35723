import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { createPasswordHasher } from '../../src/service/domain/identity/password-hasher.ts'
import { createClientOf, freshEmail, send, tokensOf } from '../support/client.ts'
import { type ServedDatabase, startDatabase } from '../support/database.ts'
import { type DatabaseProxy, startProxy } from '../support/proxy.ts'
import { type Server, until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

const oauthClient = `api:${'s'.repeat(32)}`

describe.each(['absent', 'present'])('round trips to the database, replicas %s:', (replicas) => {
  let database: ServedDatabase
  let proxy: DatabaseProxy
  let server: Server
  const client = () => createClientOf(server.baseUrl)

  beforeAll(async () => {
    database = await startDatabase()
    proxy = await startProxy(database.url)
    server = await serveOnWorkerd(inject('bundle'), {
      ...testSettings,
      LIMITS: 'normal',
      TURSO_DATABASE_URL: proxy.url,
      DATABASE_REPLICAS: replicas,
      OAUTH_CLIENTS: oauthClient,
    })
  })
  afterAll(async () => {
    await server?.stop()
    await proxy?.stop()
    await database?.stop()
  })

  async function roundTrips(request: () => Promise<{ status: number }>) {
    proxy.reset()
    const { status } = await request()
    return [status, proxy.count()]
  }

  /** The first delay is a second, which a slow machine may take for a request. */
  const makeDelaysLonger = () =>
    database.query('UPDATE portcullis_attempts SET last_at = last_at + 60')

  it('registration 1, whether the email is free or taken', async () => {
    const account = { email: freshEmail(), password: 'a good password' }
    expect(await roundTrips(() => client().register(account))).toEqual([201, 1])
    expect(await roundTrips(() => client().register(account))).toEqual([202, 1])
  })

  it('login 2, and 1 for a refused one', async () => {
    const account = { email: freshEmail(), password: 'a good password' }
    await client().register(account)
    expect(await roundTrips(() => client().login(account))).toEqual([200, 2])
    expect(await roundTrips(() => client().login({ ...account, password: 'x' }))).toEqual([404, 1])
    expect(await roundTrips(() => client().login({ ...account, email: 'x' }))).toEqual([404, 1])
    await database.query(
      'UPDATE portcullis_users SET disabled_at = 1 WHERE email = ?',
      account.email,
    )
    expect(await roundTrips(() => client().login(account))).toEqual([404, 1])
  })

  it('login 2, and giving the password again 2, where the hash is renewed', async () => {
    const account = { email: freshEmail(), password: 'a good password' }
    const { token } = tokensOf(await client().register(account))
    const old = await createPasswordHasher(5, systemRuntime).hash(account.password)
    const store = 'UPDATE portcullis_users SET password_hash = ? WHERE email = ?'
    const storedHash = 'SELECT password_hash FROM portcullis_users WHERE email = ?'
    const requests = [
      () => client().login(account),
      () => client().reauthenticate(token, account.password),
    ]
    for (const request of requests) {
      await database.query(store, old, account.email)
      expect(await roundTrips(request)).toEqual([200, 2])
      expect(await database.query(storedHash, account.email)).toEqual([
        { password_hash: expect.stringMatching(/^\$2b\$04\$/) },
      ])
    }
  })

  it('login 1 when it is blocked, also with the right password, whether the account exists or not', async () => {
    const account = { email: freshEmail(), password: 'a good password' }
    await client().register(account)
    for (const email of [account.email, freshEmail()]) {
      const wrong = () => client().login({ email, password: 'another password' })
      for (let tried = 0; tried < 10; tried += 1) expect(await roundTrips(wrong)).toEqual([404, 1])
      await makeDelaysLonger()
      expect(await roundTrips(wrong)).toEqual([429, 1])
      expect(await roundTrips(() => client().login({ ...account, email }))).toEqual([429, 1])
    }
  })

  it('refresh 1, whatever the result, and 0 for a forged token', async () => {
    const { refreshToken, token } = await client().tokens()
    expect(await roundTrips(() => client().refresh(refreshToken))).toEqual([200, 1])
    expect(await roundTrips(() => client().refresh(refreshToken))).toEqual([200, 1])
    await database.query('UPDATE portcullis_sessions SET rotated_at = 0')
    expect(await roundTrips(() => client().refresh(refreshToken))).toEqual([401, 1])
    const forged = `${refreshToken.slice(0, -5)}AAAAA`
    expect(await roundTrips(() => client().refresh(forged))).toEqual([401, 0])
    expect(await roundTrips(() => client().refresh(token))).toEqual([401, 0])
  })

  it('own events 1, and 0 for wrong numbers', async () => {
    const token = await client().token()
    expect(await roundTrips(() => client().events(token))).toEqual([200, 1])
    expect(await roundTrips(() => client().events(token, '?before=5&limit=5'))).toEqual([200, 1])
    expect(await roundTrips(() => client().events(token, '?limit=0'))).toEqual([422, 0])
  })

  it('list 1, ending a session 1, logging out everywhere 1', async () => {
    const account = { email: freshEmail(), password: 'a good password' }
    const { token } = tokensOf(await client().register(account))
    const other = tokensOf(await client().login(account))
    const otherId = other.refreshToken.split('.')[0] ?? ''
    expect(await roundTrips(() => client().sessions(token))).toEqual([200, 1])
    expect(await roundTrips(() => client().endSession(token, otherId))).toEqual([200, 1])
    expect(await roundTrips(() => client().endSession(token, otherId))).toEqual([404, 1])
    const { refreshToken, token: mine } = tokensOf(await client().login(account))
    const keep = { keep_current: true, refresh_token: refreshToken }
    const kept = await client().logoutEverywhere(mine, keep)
    const next = tokensOf(kept).token
    expect(await roundTrips(() => client().logoutEverywhere(token, keep))).toEqual([401, 0])
    expect(await roundTrips(() => client().logoutEverywhere(next))).toEqual([200, 1])
    expect(await roundTrips(() => client().logoutEverywhere(next))).toEqual([401, 1])
    const last = tokensOf(await client().login(account))
    const keepBoth = () =>
      client().logoutEverywhere(last.token, {
        keep_current: true,
        refresh_token: last.refreshToken,
      })
    expect(await roundTrips(keepBoth)).toEqual([200, 1])
    const { token: alone } = tokensOf(await client().login(account))
    const keepCurrent = () => client().logoutEverywhere(alone, { keep_current: true })
    expect(await roundTrips(keepCurrent)).toEqual([200, 1])
  })

  it('giving the password again 2, and 1 for a refused one', async () => {
    const token = await client().token()
    const again = (password: string) => () => client().reauthenticate(token, password)
    expect(await roundTrips(again('a good password'))).toEqual([200, 2])
    expect(await roundTrips(again('another password'))).toEqual([403, 1])
  })

  it('giving the password again 1 when it is blocked, also with the right one', async () => {
    const token = await client().token()
    const again = (password: string) => () => client().reauthenticate(token, password)
    for (let tried = 0; tried < 10; tried += 1) {
      expect(await roundTrips(again('another password'))).toEqual([403, 1])
    }
    await makeDelaysLonger()
    expect(await roundTrips(again('another password'))).toEqual([429, 1])
    expect(await roundTrips(again('a good password'))).toEqual([429, 1])
  })

  it('a change of the password 2 with the old one, 1 after a fresh login, 1 for a refused one, 0 without proof', async () => {
    const account = { email: freshEmail(), password: 'a good password' }
    const newPassword = 'another good password'
    const first = tokensOf(await client().register(account))
    const change = (token: string, body: object) => () =>
      client().changePassword(token, { new_password: newPassword, ...body })
    expect(await roundTrips(change(first.token, { password: 'wrong' }))).toEqual([403, 1])
    const both = { password: account.password, refresh_token: first.refreshToken }
    expect(await roundTrips(change(first.token, both))).toEqual([200, 2])
    const next = tokensOf(await client().login({ ...account, password: newPassword }))
    const fresh = { new_password: 'a third good password', refresh_token: next.refreshToken }
    expect(await roundTrips(change(next.token, fresh))).toEqual([200, 1])
    expect(await roundTrips(change(next.token, fresh))).toEqual([401, 1])
    expect(await roundTrips(change(next.token, {}))).toEqual([422, 0])
    const { token: late, refreshToken } = await client().tokens()
    await database.query('UPDATE portcullis_sessions SET authenticated_at = 7')
    expect(await roundTrips(change(late, { refresh_token: refreshToken }))).toEqual([401, 1])
    const wrong = change(late, { password: 'another password' })
    for (let tried = 0; tried < 10; tried += 1) expect(await roundTrips(wrong)).toEqual([403, 1])
    await makeDelaysLonger()
    expect(await roundTrips(change(late, { password: account.password }))).toEqual([429, 1])
  })

  it('introspection 1, revocation 1, and 0 for a token that is not ours', async () => {
    const { token, refreshToken } = await client().tokens()
    const introspect = (asked: string) => () => client().introspect(asked, oauthClient)
    expect(await roundTrips(introspect(token))).toEqual([200, 1])
    expect(await roundTrips(introspect('nonsense'))).toEqual([200, 0])
    expect(await roundTrips(() => client().revoke(token))).toEqual([200, 1])
    expect(await roundTrips(() => client().revoke(refreshToken))).toEqual([200, 1])
    expect(await roundTrips(() => client().revoke('nonsense'))).toEqual([200, 0])
  })

  it('status 1, logout 1, also for a revoked token', async () => {
    const token = await client().token()
    expect(await roundTrips(() => client().status(token))).toEqual([200, 1])
    expect(await roundTrips(() => client().logout(token))).toEqual([200, 1])
    expect(await roundTrips(() => client().status(token))).toEqual([401, 1])
    expect(await roundTrips(() => client().logout(token))).toEqual([401, 1])
  })

  it('the feed 1 for all requests within a second, a check 1', async () => {
    const get = (path: string) => send(`${server.baseUrl}/auth/feed/${path}`)
    await until(async () => {
      proxy.reset()
      const answers = await Promise.all(Array.from({ length: 50 }, () => get('since/0')))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      // Two where the second ended in the middle.
      return proxy.count() === 1
    })
    const check = () =>
      send(`${server.baseUrl}/auth/feed/check`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ids: ['x'.repeat(16)] }),
      })
    expect(await roundTrips(check)).toEqual([200, 1])
  })

  it('0 for a bad token, bad input, and the health check', async () => {
    const token = `${(await client().token()).slice(0, -9)}AAAAAAAAA`
    expect(await roundTrips(() => client().status(token))).toEqual([401, 0])
    expect(await roundTrips(() => client().logout(token))).toEqual([401, 0])
    expect(await roundTrips(() => client().register({}))).toEqual([422, 0])
    expect(await roundTrips(() => client().health())).toEqual([200, 0])
  })
})
