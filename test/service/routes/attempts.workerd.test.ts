// Attempts to give a password are counted in the database, and limited.

import { describe, expect, it } from 'vitest'
import { DatabaseUnavailable } from '../../../src/errors/database-unavailable.ts'
import type { Database } from '../../../src/service/store/database.ts'
import {
  countsOf,
  createLimitedService,
  insistOnLogin,
  passTimeFor,
  tryLogin,
  tryOften,
} from '../../support/attempts.ts'
import {
  type Answer,
  changeAccount,
  createCountingDatabase,
  freshEmail,
  logout,
  post,
  postWith,
  registerAccount,
  tokensOf,
} from '../../support/service.ts'

const { app } = await createLimitedService()
const day = 86_400

const repeat = (times: number, status: number) => Array.from({ length: times }, () => status)
const waitOf = ({ headers }: Answer) => Number(headers.get('Retry-After'))
const deviceTokenOf = ({ body }: Answer) => body.device_token

/** Registers, and gives the device token, too. */
async function registerDevice(service = app) {
  const account = { email: freshEmail(), password: 'a good password' }
  const answer = await post(service, '/auth/register', account)
  return { ...account, ...tokensOf(answer), deviceToken: deviceTokenOf(answer) }
}

describe('wrong passwords for an account from one address', () => {
  it('have no delay ten times; then the right one is refused, too, and no hash is read', async () => {
    const { email, password } = await registerAccount(app)
    expect(await tryOften(app, 10, { email })).toEqual(repeat(10, 404))
    const refused = await tryLogin(app, { email, password })
    expect(refused.status).toBe(429)
    expect(refused.body).toEqual({
      status: 'fail',
      code: 'too_many_requests',
      message: 'Too many wrong passwords. Please try again later.',
    })
    const wait = refused.headers.get('Retry-After')
    expect(wait).toMatch(/^[12]$/)
    expect(refused.headers.get('RateLimit')).toBe(`"too_many_attempts";r=0;t=${wait}`)
    expect(await countsOf(email)).toEqual([10, 10])
  })

  it('are let through again after 1 s, 2 s, 4 s and so on up to 15 minutes', async () => {
    const email = freshEmail()
    await tryOften(app, 10, { email })
    for (const delay of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]) {
      const wait = waitOf(await tryLogin(app, { email }))
      // From the next full second on, and the database's clock may have gone on.
      expect([delay, delay + 1]).toContain(wait)
      await passTimeFor(email, wait)
      expect((await tryLogin(app, { email })).status, `after ${wait} s`).toBe(404)
    }
  })

  it('are counted alike for 50 at once, whether the account exists or not', async () => {
    const { email } = await registerAccount(app)
    for (const one of [email, freshEmail()]) {
      const tried = repeat(50, 0).map(() => insistOnLogin(app, { email: one }))
      const statuses = (await Promise.all(tried)).sort()
      expect(statuses).toEqual([...repeat(10, 404), ...repeat(40, 429)])
      expect(await countsOf(one)).toEqual([10, 10])
    }
  })

  it('are answered alike, whether the account exists or not', async () => {
    const { email } = await registerAccount(app)
    const answersOf = async (one: string) => {
      const answers: unknown[] = []
      for (let tried = 0; tried < 12; tried += 1) {
        const { status, body, headers } = await tryLogin(app, { email: one })
        for (const name of ['X-Request-Id', 'Retry-After', 'RateLimit']) headers.delete(name)
        answers.push([status, body, Object.fromEntries(headers)])
      }
      return answers
    }
    expect(await answersOf(email)).toEqual(await answersOf(freshEmail()))
  })

  it('count for every spelling of the email', async () => {
    const { email } = await registerAccount(app)
    await tryOften(app, 9, { email: email.toUpperCase() })
    expect((await tryLogin(app, { email: ` ${email} ` })).status).toBe(404)
    expect((await tryLogin(app, { email })).status).toBe(429)
  })

  it('do not stop another address, and an IPv6 /48 is one address', async () => {
    const { email } = await registerAccount(app)
    await tryOften(app, 10, { email, address: '2001:db8:1:2:3:4:5:6' })
    expect((await tryLogin(app, { email, address: '2001:db8:1:ffff::9' })).status).toBe(429)
    expect((await tryLogin(app, { email, address: '2001:db8:2:2::9' })).status).toBe(404)
  })

  it('close the account to this address after half of MAX_ATTEMPTS, and to no other', async () => {
    const limited = await createLimitedService({ MAX_ATTEMPTS: '12', FREE_ATTEMPTS: '6' })
    const { email, password } = await registerAccount(app)
    expect(await tryOften(limited.app, 7, { email })).toEqual([...repeat(6, 404), 429])
    expect(waitOf(await tryLogin(limited.app, { email }))).toBeGreaterThan(day - 10)
    await passTimeFor(email, day + 1)
    expect(await tryOften(limited.app, 7, { email })).toEqual([...repeat(6, 404), 429])
    const elsewhere = { email, password, address: '192.0.2.2' }
    expect((await tryLogin(limited.app, elsewhere)).status).toBe(200)
  })

  it('are forgotten after a day without any', async () => {
    const email = freshEmail()
    await tryOften(app, 9, { email })
    await passTimeFor(email, day - 60)
    expect(await tryOften(app, 2, { email })).toEqual([404, 429])
    await passTimeFor(email, day + 1)
    expect(await tryOften(app, 11, { email })).toEqual([...repeat(10, 404), 429])
    expect(await countsOf(email)).toEqual([10, 10])
  })
})

describe('a right password', () => {
  it('passes six times at once, and leaves no count', async () => {
    const { email, password } = await registerAccount(app)
    const answers = await Promise.all(repeat(6, 0).map(() => tryLogin(app, { email, password })))
    expect(answers.map(({ status }) => status)).toEqual(repeat(6, 200))
    expect(await countsOf(email)).toEqual([0, 0])
  })

  it('begins anew for its address, and takes only itself back from everywhere', async () => {
    const { email, password } = await registerAccount(app)
    await tryOften(app, 4, { email, address: '192.0.2.9' })
    await tryOften(app, 9, { email })
    expect((await tryLogin(app, { email, password })).status).toBe(200)
    expect(await countsOf(email)).toEqual([13, 0, 4])
    expect(await tryOften(app, 11, { email })).toEqual([...repeat(10, 404), 429])
  })

  it('is not counted if our side fails after it', async () => {
    const claims = () => {
      throw new Error('no claims')
    }
    const failing = await createLimitedService({}, { claims })
    const { email, password } = await registerAccount(app)
    await tryLogin(app, { email })
    expect((await tryLogin(failing.app, { email, password })).status).toBe(500)
    expect(await countsOf(email)).toEqual([1, 1])
  })

  it('is not counted if the client hangs up before it is checked', async () => {
    const { email, password } = await registerAccount(app)
    const hangUp = new AbortController()
    const base = createCountingDatabase()
    const database: Database = {
      ...base,
      withClient: (use) => base.withClient(use).finally(() => hangUp.abort()),
    }
    const service = await createLimitedService({}, { database })
    const answer = await service.app.request('/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password }),
      signal: hangUp.signal,
    })
    expect(answer.status).toBe(503)
    expect(await countsOf(email)).toEqual([0, 0])
  })
})

describe('wrong passwords from everywhere', () => {
  it('close the account to unknown devices for a day, not to known ones', async () => {
    const { email, password, deviceToken } = await registerDevice()
    for (let address = 1; address <= 20; address += 1) {
      await tryOften(app, 5, { email, address: `198.51.100.${address}` })
    }
    expect((await countsOf(email))[0]).toBe(100)
    const unknown = { email, password, address: '203.0.113.1' }
    expect(waitOf(await tryLogin(app, unknown))).toBeGreaterThan(day - 20)
    const known = await tryLogin(app, { ...unknown, deviceToken })
    expect(known.status).toBe(200)
    expect((await countsOf(email))[0]).toBe(100)
    await passTimeFor(email, day + 1)
    expect((await tryLogin(app, unknown)).status).toBe(200)
  })

  it('lose one in each step of a day, so that typing errors never close the account', async () => {
    const { email, password } = await registerAccount(app)
    for (let hours = 0; hours < 120; hours += 1) {
      await tryLogin(app, { email })
      await passTimeFor(email, 3_600)
      expect((await tryLogin(app, { email, password })).status).toBe(200)
    }
    expect((await countsOf(email))[0]).toBeLessThan(5)
  })

  it('from one address every day do not close the account for others', async () => {
    const { email, password } = await registerAccount(app)
    const elsewhere = { email, password, address: '203.0.113.7' }
    for (let days = 0; days < 4; days += 1) {
      for (let tried = 0; tried < 60; tried += 1) {
        const wait = waitOf(await tryLogin(app, { email }))
        if (wait > 0 && wait < 1_000) await passTimeFor(email, wait)
      }
      expect((await tryLogin(app, { email, password })).status).toBe(429)
      expect((await tryLogin(app, elsewhere)).status).toBe(200)
      await passTimeFor(email, day + 1)
    }
  })

  it('get exactly as many hashes as the limit allows, from 200 addresses at once', async () => {
    const email = freshEmail()
    const answers = await Promise.all(
      repeat(200, 0).map((_, host) => insistOnLogin(app, { email, address: `198.51.100.${host}` })),
    )
    const statuses = [404, 429].map((status) => answers.filter((one) => one === status).length)
    expect(statuses).toEqual([100, 100])
    expect((await countsOf(email))[0]).toBe(100)
  })
})

describe('a known device', () => {
  it('has ten attempts of its own, then a delay', async () => {
    const { email, deviceToken } = await registerDevice()
    await tryOften(app, 10, { email })
    expect(await tryOften(app, 11, { email, deviceToken })).toEqual([...repeat(10, 404), 429])
    expect(await countsOf(email)).toEqual([10, 10, 10])
  })

  it('is known no more after the password has changed', async () => {
    const { email, password, deviceToken } = await registerDevice()
    await tryOften(app, 10, { email })
    await changeAccount(email, 'password_version = password_version + 1')
    expect((await tryLogin(app, { email, password, deviceToken })).status).toBe(429)
  })

  it('is known for 180 days after its last login', async () => {
    const service = await createLimitedService()
    const { email, password, deviceToken } = await registerDevice(service.app)
    await tryOften(service.app, 10, { email })
    service.clock.advance(180 * day - 1)
    const again = await tryLogin(service.app, { email, password, deviceToken })
    expect(again.status).toBe(200)
    service.clock.advance(1)
    expect((await tryLogin(service.app, { email, password, deviceToken })).status).toBe(429)
    const renewed = { email, password, deviceToken: deviceTokenOf(again) }
    expect((await tryLogin(service.app, renewed)).status).toBe(200)
  })

  it('keeps its id, and so its count, with each login', async () => {
    const { email, password, deviceToken } = await registerDevice()
    const again = await tryLogin(app, { email, password, deviceToken })
    const idOf = (token: unknown) => String(token).split('.')[0]
    expect(idOf(deviceTokenOf(again))).toBe(idOf(deviceToken))
    await tryOften(app, 3, { email, deviceToken })
    expect(await countsOf(email)).toEqual([3])
  })

  it.each([
    ['of another account', async () => (await registerDevice()).deviceToken],
    [
      'with another MAC',
      async (own: string) => own.replace(/.$/, (end) => (end === 'A' ? 'E' : 'A')),
    ],
    [
      'with another time',
      async (own: string) => own.replace(/\.(\d+)\.([\w-]+)$/, '.9999999999.$2'),
    ],
    ['that is no token', async () => 'x'.repeat(200)],
  ])('is not shown by a token %s', async (_, forge) => {
    const { email, password, deviceToken } = await registerDevice()
    await tryOften(app, 10, { email })
    const forged = await forge(String(deviceToken))
    expect((await tryLogin(app, { email, password, deviceToken: forged })).status).toBe(429)
    expect((await tryLogin(app, { email, password, deviceToken })).status).toBe(200)
  })

  it('must be text', async () => {
    const refused = await tryLogin(app, { email: freshEmail(), deviceToken: 7 })
    expect([refused.status, refused.body.errors]).toEqual([
      422,
      [
        {
          field: 'device_token',
          message: 'Give the device_token as a string, or leave it out: it is a number.',
        },
      ],
    ])
  })
})

describe('giving the password again', () => {
  const again = (token: string, password = 'a wrong password', service = app) =>
    postWith(service, '/auth/reauthenticate', token, { password })

  async function useUp(token: string) {
    for (let tried = 0; tried < 10; tried += 1) expect((await again(token)).status).toBe(403)
  }

  it('is limited by session: another session and the login go on', async () => {
    const { email, password, token } = await registerAccount(app)
    await useUp(token)
    expect((await again(token, password)).status).toBe(429)
    const other = await tryLogin(app, { email, password })
    expect(other.status).toBe(200)
    expect((await again(tokensOf(other).token, password)).status).toBe(200)
  })

  it('leaves no count when it is right', async () => {
    const { token, password } = await registerAccount(app)
    const userId = JSON.parse(atob(token.split('.')[1] ?? '')).sub
    await again(token)
    expect(await countsOf(userId, 'reauthenticate')).toEqual([1, 1])
    expect((await again(token, password)).status).toBe(200)
    expect(await countsOf(userId, 'reauthenticate')).toEqual([1, 0])
  })

  it('does not count a token that is revoked', async () => {
    const { token } = await registerAccount(app)
    await logout(app, token)
    expect((await again(token)).status).toBe(401)
    const userId = JSON.parse(atob(token.split('.')[1] ?? '')).sub
    expect(await countsOf(userId, 'reauthenticate')).toEqual([])
  })
})

describe('the limits', () => {
  it('cost no round trip: 2 for a login, 1 for a refused one, 1 for a wrong password', async () => {
    const database = createCountingDatabase()
    const counting = await createLimitedService({}, { database })
    const { email, password } = await registerAccount(app)
    const tripsOf = async (password?: string) => {
      database.roundTrips = 0
      const { status } = await tryLogin(counting.app, { email, ...(password && { password }) })
      return [status, database.roundTrips]
    }
    expect(await tripsOf(password)).toEqual([200, 2])
    for (let tried = 0; tried < 10; tried += 1) expect(await tripsOf()).toEqual([404, 1])
    expect(await tripsOf(password)).toEqual([429, 1])
  })

  it('let no hash leave the database for a blocked attempt', async () => {
    const seen: string[] = []
    const base = createCountingDatabase()
    const database: Database = {
      ...base,
      withClient: (use) =>
        base.withClient(async (client) => {
          const batch = async (...args: Parameters<typeof client.batch>) => {
            const results = await client.batch(...args)
            seen.push(JSON.stringify(results.map(({ rows }) => rows)))
            return results
          }
          return use({ ...client, batch, execute: client.execute.bind(client) } as typeof client)
        }),
    }
    const watched = await createLimitedService({}, { database })
    const { email, password, token } = await registerAccount(app)
    await tryLogin(watched.app, { email })
    expect(seen.join()).toContain('$2b$')
    await tryOften(app, 9, { email })
    for (let tried = 0; tried < 10; tried += 1) {
      await postWith(app, '/auth/reauthenticate', token, { password: 'a wrong password' })
    }
    seen.length = 0
    expect((await tryLogin(watched.app, { email, password })).status).toBe(429)
    const again = await postWith(watched.app, '/auth/reauthenticate', token, { password })
    expect(again.status).toBe(429)
    expect(seen).toHaveLength(2)
    expect(seen.join()).not.toContain('$2b$')
  })

  it('do not count from the future after the clock of the database was set back', async () => {
    const { email, password } = await registerAccount(app)
    await tryOften(app, 12, { email })
    await passTimeFor(email, -3_600)
    const elsewhere = { email, password, address: '203.0.113.1' }
    expect((await tryLogin(app, elsewhere)).status).toBe(200)
    expect((await tryLogin(app, { email, password })).status).toBe(200)
    expect(await countsOf(email)).toEqual([0, 0, 0])
  })

  it('take nothing back twice if the last answer of the database is lost', async () => {
    const base = createCountingDatabase()
    const database: Database = {
      ...base,
      async withClient(use) {
        const answer = await base.withClient(use)
        if (base.roundTrips === 2) throw new DatabaseUnavailable('The answer is lost')
        return answer
      },
    }
    const { email, password } = await registerAccount(app)
    await tryOften(app, 5, { email, address: '192.0.2.9' })
    const losing = await createLimitedService({}, { database })
    expect((await tryLogin(losing.app, { email, password })).status).toBe(503)
    expect((await countsOf(email))[0]).toBe(5)
  })

  it('are 1,000 times as high with LIMITS=raised', async () => {
    const raised = await createLimitedService({ LIMITS: 'raised' })
    const email = freshEmail()
    expect(await tryOften(raised.app, 60, { email })).toEqual(repeat(60, 404))
  })

  it('let nobody log in while the database is away', async () => {
    const away: Database = {
      hasReplicas: false,
      withClient: () => Promise.reject(new Error('away')),
    }
    const closed = await createLimitedService({}, { database: away })
    expect((await tryLogin(closed.app, { email: freshEmail() })).status).toBe(503)
  })

  it('refuse an attempt whose wait ends before its batch does', async () => {
    const base = createCountingDatabase()
    // As if the second ended after the statement that did not count the attempt.
    const database: Database = {
      ...base,
      withClient: (use) =>
        base.withClient(async (client) => {
          const batch = async (...args: Parameters<typeof client.batch>) => {
            const results = await client.batch(...args)
            return results.map((result) =>
              result.columns[0]?.startsWith('max(CAST(') ? { ...result, rows: [[0]] } : result,
            )
          }
          return use({ ...client, batch, execute: client.execute.bind(client) } as typeof client)
        }),
    }
    const late = await createLimitedService({}, { database })
    const { email, password, token } = await registerAccount(app)
    await tryOften(app, 10, { email })
    for (let tried = 0; tried < 10; tried += 1) {
      await postWith(app, '/auth/reauthenticate', token, { password: 'a wrong password' })
    }
    const again = await postWith(late.app, '/auth/reauthenticate', token, { password })
    for (const refused of [await tryLogin(late.app, { email, password }), again]) {
      expect([refused.status, waitOf(refused)]).toEqual([429, 1])
    }
  })
})
