// After a right password, a hash of another form or cost is replaced in the second round trip. It is
// replaced once, never over a change, and not at all where there is no room for another hash.

import { createClient } from '@libsql/client/http'
import bcrypt from 'bcryptjs'
import { beforeEach, describe, expect, inject, it } from 'vitest'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import { createApp } from '../../../src/service/app.ts'
import { createPasswordHasher } from '../../../src/service/domain/identity/password-hasher.ts'
import { createDeps } from '../../../src/service/service.ts'
import { countsOf } from '../../support/attempts.ts'
import { createInterruptedDatabase, once } from '../../support/between-round-trips.ts'
import {
  type Answer,
  changeAccount,
  createTestService,
  database,
  post,
  postWith,
  registerAccount,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const settings = { BCRYPT_COST: '5' }
const slow = createInterruptedDatabase()
const { app, config, clock } = await createTestService(settings)
const { app: slowApp } = await createTestService(settings, { database: slow })

const password = 'a good password'
const renewedForm = /^\$2b\$05\$/
let account: Awaited<ReturnType<typeof registerAccount>>
let old: string

beforeEach(async () => {
  account = await registerAccount(app)
  old = await bcrypt.hash(password, 4)
  await store(old)
})

function store(hash: string): Promise<void> {
  return changeAccount(account.email, `password_hash = '${hash}'`)
}

async function stored(): Promise<{ hash: string; version: number }> {
  const { rows } = await client.execute({
    sql: 'SELECT password_hash, password_version FROM portcullis_users WHERE email = ?',
    args: [account.email],
  })
  const [row] = rows
  return { hash: String(row?.password_hash), version: Number(row?.password_version) }
}

async function sessionCount(): Promise<number> {
  const { rows } = await client.execute({
    sql: `SELECT 1 FROM portcullis_sessions
      WHERE user_id = (SELECT id FROM portcullis_users WHERE email = ?)`,
    args: [account.email],
  })
  return rows.length
}

const requests: [string, (by: typeof app) => Promise<Answer>][] = [
  ['a login', (by) => post(by, '/auth/login', { email: account.email, password })],
  [
    'giving the password again',
    (by) => postWith(by, '/auth/reauthenticate', account.token, { password }),
  ],
]

const during = (happening: () => Promise<unknown>, request: () => Promise<Answer>) =>
  slow.during(once(happening), request)

describe.each(requests)('%s', (_, ask) => {
  it('renews an old hash in its two round slow.roundTrips, and only once', async () => {
    const nothing = async () => {}
    const answer = await during(nothing, () => ask(slowApp))
    expect([answer.status, slow.roundTrips]).toEqual([200, 2])
    const renewed = await stored()
    expect(renewed).toEqual({ hash: expect.stringMatching(renewedForm), version: 1 })
    expect(await bcrypt.compare(password, renewed.hash)).toBe(true)
    expect((await ask(app)).status).toBe(200)
    expect(await stored()).toEqual(renewed)
  })

  it('succeeds, and keeps the hash of another one that renews meanwhile', async () => {
    let first = ''
    const other = async () => {
      expect((await ask(app)).status).toBe(200)
      first = (await stored()).hash
    }
    expect((await during(other, () => ask(slowApp))).status).toBe(200)
    expect(first).toMatch(renewedForm)
    expect(await stored()).toEqual({ hash: first, version: 1 })
  })

  it('is refused, and renews nothing, when the password changes meanwhile', async () => {
    const changed = await bcrypt.hash('another password', 4)
    const change = () =>
      changeAccount(account.email, `password_hash = '${changed}', password_version = 2`)
    expect((await during(change, () => ask(slowApp))).status).toBeGreaterThan(400)
    expect(await stored()).toEqual({ hash: changed, version: 2 })
  })

  it('replaces no hash but the one that was checked', async () => {
    const written = await bcrypt.hash(password, 4)
    const write = () => store(written)
    expect((await during(write, () => ask(slowApp))).status).toBe(200)
    expect((await stored()).hash).toBe(written)
  })

  it('renews nothing when it is refused because the account is disabled meanwhile', async () => {
    const disable = () => changeAccount(account.email, 'disabled_at = 1')
    expect((await during(disable, () => ask(slowApp))).status).toBeGreaterThan(400)
    expect((await stored()).hash).toBe(old)
  })

  it('renews also when its attempts are forgotten meanwhile', async () => {
    const forget = () => client.execute('DELETE FROM portcullis_attempts')
    expect((await during(forget, () => ask(slowApp))).status).toBe(200)
    expect((await stored()).hash).toMatch(renewedForm)
  })

  it('takes its attempt back when it renews', async () => {
    for (let round = 0; round < 12; round += 1) {
      await store(old)
      expect((await ask(app)).status).toBe(200)
    }
  })
})

describe('a login', () => {
  const login = (typed = password, by = app) =>
    post(by, '/auth/login', { email: account.email, password: typed })

  it('leaves the hash after a wrong password', async () => {
    expect((await login('another password')).status).toBe(404)
    expect((await stored()).hash).toBe(old)
  })

  it('lowers a hash of a higher cost', async () => {
    await store(await bcrypt.hash(password, 6))
    expect((await login()).status).toBe(200)
    expect((await stored()).hash).toMatch(renewedForm)
  })

  it('renews the hash of a long password in its own form', async () => {
    const long = 'a good and long password, '.repeat(4)
    await store(await createPasswordHasher(4, systemRuntime).hash(long))
    expect((await login(long)).status).toBe(200)
    const { hash } = await stored()
    expect(hash).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=5\$/)
    expect((await login(long)).status).toBe(200)
    expect((await stored()).hash).toBe(hash)
  })

  it('keeps known devices known', async () => {
    const { body } = await login()
    const { version } = await stored()
    expect(version).toBe(1)
    expect(String(body.device_token).split('.')[2]).toBe('1')
  })

  it('takes its attempt back also where another login has renewed the hash', async () => {
    const answer = await during(login, () => login(password, slowApp))
    expect(answer.status).toBe(200)
    expect(await countsOf(account.email)).toEqual([0, 0])
  })

  it('renews with its second attempt when the roles change once', async () => {
    const change = () => changeAccount(account.email, `other_roles = 'editor'`)
    expect((await during(change, () => login(password, slowApp))).status).toBe(200)
    expect([slow.roundTrips, (await stored()).hash]).toEqual([
      3,
      expect.stringMatching(renewedForm),
    ])
  })
})

/** A service that does something while it checks a password. */
function createInterrupted(happening: (deps: ReturnType<typeof createDeps>) => void) {
  const deps = createDeps(config, { runtime: clock, database, log: () => {} })
  const { passwords } = deps
  const verify: typeof passwords.verify = (typed, hash) => {
    happening(deps)
    return passwords.verify(typed, hash)
  }
  return createApp({ ...deps, passwords: { ...passwords, verify } })
}

describe('a login that cannot hash again', () => {
  const body = () => JSON.stringify({ email: account.email, password })
  const headers = { 'Content-Type': 'application/json' }
  const request = () => ({ method: 'POST', headers, body: body() })

  it('succeeds without renewing when the queue is full', async () => {
    const crowded = createInterrupted(({ hashQueue }) => {
      while (hashQueue.join(() => false).ok);
      for (let known = 0; hashQueue.join(() => false, 1e6 + known).ok; ) known += 1
    })
    expect((await crowded.request('/auth/login', request())).status).toBe(200)
    expect((await stored()).hash).toBe(old)
  })

  it('goes on without renewing when the client has hung up', async () => {
    const client = new AbortController()
    const left = createInterrupted(() => client.abort())
    const asked = new Request('https://auth.example.com/auth/login', {
      ...request(),
      signal: client.signal,
    })
    const before = await sessionCount()
    await left.request(asked)
    expect(await sessionCount()).toBe(before + 1)
    expect((await stored()).hash).toBe(old)
  })
})
