// More logins of strangers than can be hashed. They must not keep the feed from the guards, nor the
// service from everybody else.

import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { startTarget, type Target } from '../contract/targets.ts'
import { bundleWorker } from '../support/bundle.ts'
import { createClientOf, freshEmail, send } from '../support/client.ts'
import { boundMs, createMint, type Guarded, guardOnWorkerd } from '../support/guarded.ts'
import { createKeySet } from '../support/issuing-service.ts'
import { type Crowd, sendLogin, sendLogins } from '../support/login-crowd.ts'
import { until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'

const { ISSUER: issuer } = testSettings
/** The default cost. */
const defaultCost = { BCRYPT_COST: '10' }
const guardedWorker = new URL('../support/guarded/worker.ts', import.meta.url).pathname

describe.each(['workerd', 'Deno'] as const)('a crowd of logins on %s', (platform) => {
  let target: Target
  let guard: Guarded
  let token: string
  const client = () => createClientOf(target.baseUrl)
  const feed = () => send(`${target.baseUrl}/auth/feed/since/0`)
  /** A crowd that ends with the test at the latest. */
  const sendLoginsInTest = (crowd: Crowd) => {
    const sending = sendLogins(target.baseUrl, crowd)
    onTestFinished(() => sending.stop())
    return sending
  }

  beforeAll(async () => {
    const keys = await createKeySet()
    target = await startTarget(platform, inject('bundle'), { ...defaultCost, SIGNING_KEYS: keys })
    const bundle = bundleWorker('wrangler.toml', guardedWorker)
    guard = await guardOnWorkerd(bundle.file, { issuer, binding: target.baseUrl })
    bundle.remove()
    token = await (await createMint(keys))(issuer)
    await until(async () => (await guard.ask(token)).status === 200)
  })
  afterAll(async () => {
    await guard?.server.stop()
    await target?.stop()
  })

  it('leaves the feed free: it answers before the fifth hash of sixty logins', async () => {
    let hashed = 0
    const logins = Array.from({ length: 60 }, async () => {
      const status = await sendLogin(target.baseUrl)
      if (status === '404') hashed += 1
      return status
    })
    const answer = await feed()
    const hashedBefore = hashed
    const statuses = await Promise.all(logins)
    expect(answer.status).toBe(200)
    expect(hashedBefore).toBeLessThan(5)
    expect(statuses.filter((status) => status !== '404' && status !== '503')).toEqual([])
    expect(statuses).toContain('404')
    expect(statuses).toContain('503')
  })

  it('is told to retry later where the wait is too long, on every route that hashes', async () => {
    const account = { email: freshEmail(), password: 'a good password' }
    const own = String((await client().register(account)).body.auth_token)
    sendLoginsInTest({ clients: 30 })
    const refused = ({ status, headers, body }: Awaited<ReturnType<typeof send>>) =>
      status === 503 && body.code === 'unavailable' && headers.get('Retry-After') === '1'
    await until(async () => refused(await client().login(account)))
    await until(async () => refused(await client().register({ ...account, email: freshEmail() })))
    await until(async () => {
      const thrice = [1, 2, 3].map(() => client().reauthenticate(own, account.password))
      return (await Promise.all(thrice)).some(refused)
    })
  })

  it('comes after the session that proves its password again', async () => {
    const account = { email: freshEmail(), password: 'a good password' }
    const own = String((await client().register(account)).body.auth_token)
    const crowd = sendLoginsInTest({ clients: 30 })
    await until(async () => Number(crowd.statuses[503]) > 0)
    expect((await client().reauthenticate(own, account.password)).status).toBe(200)
  })

  const crowds = [
    ['sixty that wait for the answer', { clients: 60, pauseMs: 100 }],
    ['three hundred that hang up', { clients: 300, hangUpAfterMs: 200, pauseMs: 1_000 }],
  ] as const

  it.each(crowds)('of %s does not make a guard refuse a token', async (_name, crowd) => {
    const sending = sendLoginsInTest(crowd)
    const guarded = new Set<number>()
    const fed = new Set<number>()
    for (const end = performance.now() + boundMs + 1_000; performance.now() < end; ) {
      guarded.add((await guard.ask(token)).status)
      fed.add((await feed()).status)
    }
    await sending.stop()
    expect([...guarded, ...fed]).toEqual([200, 200])
    expect(
      Object.keys(sending.statuses).filter((status) => !/^(404|503|cut)$/.test(status)),
    ).toEqual([])
    // Clients that hung up have left nothing behind.
    const account = { email: freshEmail(), password: 'a good password' }
    await until(async () => (await client().register(account)).status === 201)
    expect((await client().login(account)).status).toBe(200)
  })
})
