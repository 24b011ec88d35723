// Limits on requests by address, and for the whole process, before anything is read.

import { describe, expect, it } from 'vitest'
import type { PlatformParts } from '../../../src/service/service.ts'
import type { Database } from '../../../src/service/store/database.ts'
import { segmentOf } from '../../../src/token/feed-format.ts'
import {
  createCountingDatabase,
  createTestService,
  freshEmail,
  refreshWith,
  registerAccount,
  type TestService,
} from '../../support/service.ts'

const limits = {
  REGISTRATIONS_PER_ADDRESS: '3',
  LOGINS_PER_ADDRESS: '3',
  REFRESHES_PER_ADDRESS: '3',
}
const clientAddress = (request: Request) => request.headers.get('X-Test-Address') ?? undefined
const create = (variables: Record<string, string> = limits, parts: Partial<PlatformParts> = {}) =>
  createTestService(variables, { clientAddress, ...parts })

function ask({ app }: TestService, path: string, address?: string, body: object = {}) {
  const from = address === undefined ? {} : { 'X-Test-Address': address }
  const headers = { 'Content-Type': 'application/json', ...from }
  return app.request(path, { method: 'POST', headers, body: JSON.stringify(body) })
}

async function statusesOf(times: number, request: () => Promise<Response> | Response) {
  const statuses: number[] = []
  for (let asked = 0; asked < times; asked += 1) statuses.push((await request()).status)
  return statuses
}

describe.each(['/auth/register', '/auth/login', '/auth/refresh'])('POST %s', (path) => {
  it('is answered 429 beyond its limit, without a round trip, and again in a minute', async () => {
    const database = createCountingDatabase()
    const service = await create(limits, { database })
    const request = () => ask(service, path, '192.0.2.1')
    expect(await statusesOf(3, request)).not.toContain(429)
    const refused = await request()
    expect([refused.status, database.roundTrips]).toEqual([429, 0])
    expect(await refused.json()).toEqual({
      status: 'fail',
      code: 'too_many_requests',
      message: 'Too many requests from your address. Please try again later.',
    })
    expect(refused.headers.get('Retry-After')).toBe('60')
    expect(refused.headers.get('RateLimit')).toBe('"too_many_from_address";r=0;t=60')
    service.clock.advance(60)
    expect((await request()).status).not.toBe(429)
  })

  it('is counted for each address and IPv6 network, and not without an address', async () => {
    const service = await create()
    await statusesOf(4, () => ask(service, path, '2001:db8::1'))
    expect((await ask(service, path, '2001:db8::ffff')).status).toBe(429)
    expect((await ask(service, path, '2001:db8:0:1::1')).status).not.toBe(429)
    expect(await statusesOf(9, () => ask(service, path))).not.toContain(429)
  })
})

describe('the limits', () => {
  it('are counted apart for each kind of request', async () => {
    const service = await create()
    await statusesOf(4, () => ask(service, '/auth/register', '192.0.2.1'))
    expect((await ask(service, '/auth/login', '192.0.2.1')).status).not.toBe(429)
  })

  it('do not exist for feed, keys, sessions and logout', async () => {
    const service = await create({ ...limits })
    const { token, refreshToken } = await registerAccount(service.app)
    const page = await (await service.app.request('/auth/feed/snapshot/0')).text()
    const segment = segmentOf(JSON.parse(page.split('\n')[0] ?? '').head + 1)
    const headers = { Authorization: `Bearer ${token}`, 'X-Test-Address': '192.0.2.1' }
    for (const path of [
      `/auth/feed/since/${segment}`,
      '/auth/feed/snapshot/0',
      '/.well-known/jwks.json',
      '/auth/status',
      '/auth/sessions',
    ]) {
      const request = async () => {
        const answer = await service.app.request(path, { headers })
        // Otherwise the answers with the snapshot keep their places.
        await answer.text()
        return answer
      }
      expect([path, await statusesOf(20, request)]).toEqual([path, Array(20).fill(200)])
    }
    expect((await refreshWith(service.app, refreshToken)).status).toBe(200)
  })

  it('let two processes through twice as much, and no more', async () => {
    const services = [await create(), await create()]
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        ask(services[index % 2] as TestService, '/auth/login', '192.0.2.1'),
      ),
    )
    expect(answers.filter(({ status }) => status !== 429)).toHaveLength(6)
  })

  it('ask the limit of the platform, too', async () => {
    const asked: unknown[] = []
    const platformLimit = async (kind: string, network: string) => {
      asked.push([kind, network])
      return asked.length < 2
    }
    const service = await create(limits, { platformLimit })
    const request = () => ask(service, '/auth/login', '2001:db8::1', { email: freshEmail() })
    expect(await statusesOf(2, request)).toEqual([422, 429])
    expect(asked).toEqual(Array(2).fill(['login', '2001:db8:0:0::/64']))
  })

  it('do not ask the limit of the platform with LIMITS=raised', async () => {
    const platformLimit = async () => false
    const service = await create({ LIMITS: 'raised' }, { platformLimit })
    expect((await ask(service, '/auth/login', '192.0.2.1')).status).toBe(422)
  })

  it('go on if the limit of the platform fails', async () => {
    const platformLimit = () => Promise.reject(new Error('no limit'))
    const service = await create(limits, { platformLimit })
    expect(await statusesOf(4, () => ask(service, '/auth/login', '192.0.2.1'))).toEqual([
      ...[422, 422, 422, 429],
    ])
  })

  it('bound checks for the whole process and a second, not bodies that are refused', async () => {
    const { config } = await create({})
    const requests = { ...config.limits.requests, perProcess: { check: 20, introspect: 20 } }
    const unchecked = { limits: { ...config.limits, requests } }
    const service = await createTestService({}, { clientAddress }, unchecked)
    const ids = { ids: ['i'.repeat(16)] }
    const junk = () => ask(service, '/auth/feed/check')
    expect(await statusesOf(50, junk)).not.toContain(503)
    const checks = await Promise.all(
      Array.from({ length: 30 }, () => ask(service, '/auth/feed/check', undefined, ids)),
    )
    expect(checks.filter(({ status }) => status === 503)).toHaveLength(10)
    expect(checks.find(({ status }) => status === 503)?.headers.get('Retry-After')).toBe('1')
    service.clock.advance(1)
    expect((await ask(service, '/auth/feed/check', undefined, ids)).status).toBe(200)
  })

  it('bound introspections of clients, not what strangers send', async () => {
    const secret = 's'.repeat(32)
    const service = await create({ OAUTH_CLIENTS: `api:${secret}` })
    const introspect = (headers: Record<string, string>) =>
      service.app.request('/oauth/introspect', {
        method: 'POST',
        headers,
        body: new URLSearchParams({ token: 'no token' }),
      })
    expect(await statusesOf(1_100, () => introspect({}))).not.toContain(503)
    const Authorization = `Basic ${btoa(`api:${secret}`)}`
    const statuses = await statusesOf(1_001, () => introspect({ Authorization }))
    expect(statuses.filter((status) => status === 503)).toHaveLength(1)
  })
})

describe('GET /ready', () => {
  it('asks the database once a second, however many ask', async () => {
    const database = createCountingDatabase()
    const { app, clock } = await create({}, { database })
    const ready = async () => (await app.request('/ready')).status
    expect(await ready()).toBe(200)
    const once = database.roundTrips
    for (let asked = 0; asked < 50; asked += 1) expect(await ready()).toBe(200)
    expect(database.roundTrips).toBe(once)
    clock.advance(1)
    expect(await ready()).toBe(200)
    expect(database.roundTrips).toBe(2 * once)
  })

  it('asks a slow database and one that is away no more often', async () => {
    const base = createCountingDatabase()
    let isAway = false
    const database: Database = {
      ...base,
      async withClient(use) {
        base.roundTrips += 1
        if (isAway) throw new Error('away')
        return base.withClient(use)
      },
    }
    const { app, clock } = await create({}, { database })
    const ready = async () => (await app.request('/ready')).status
    expect(await ready()).toBe(200)
    const once = base.roundTrips
    clock.advance(1)
    // The first one asks; the others get the last verdict.
    expect(await Promise.all(Array.from({ length: 50 }, ready))).toEqual(Array(50).fill(200))
    expect(base.roundTrips).toBe(2 * once)
    isAway = true
    clock.advance(1)
    await ready()
    expect(await ready()).toBe(503)
    expect(await ready()).toBe(503)
    expect(base.roundTrips).toBe(2 * once + 1)
    isAway = false
    clock.advance(1)
    await ready()
    expect(await ready()).toBe(200)
  })
})
