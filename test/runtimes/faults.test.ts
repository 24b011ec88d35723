// Faults of the database, and how the service then answers its clients.

import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Answer, createClientOf, freshEmail } from '../support/client.ts'
import { type ServedDatabase, startDatabase } from '../support/database.ts'
import { type DatabaseProxy, type Fault, startProxy } from '../support/proxy.ts'
import { type Server, until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

const faults: Fault[] = [
  'hangs',
  'cuts the connection',
  'cuts the answer',
  'answers 500',
  'answers 502 with HTML',
  'answers 429',
  'answers 401',
  'answers HTML',
  'answers truncated JSON',
  'answers an empty object',
  'answers other columns',
  'answers other types',
  'redirects',
]
/** After these faults the statement may have been executed, and the service cannot know. */
const mayHaveWritten: Fault[] = [
  'cuts the answer',
  'answers truncated JSON',
  'answers other columns',
  'answers other types',
]
const databaseToken = 'database-token-canary'
const password = 'a password canary'

let database: ServedDatabase
let proxy: DatabaseProxy
let server: Server
const client = () => createClientOf(server.baseUrl)

beforeAll(async () => {
  database = await startDatabase()
  proxy = await startProxy(database.url)
  server = await serveOnWorkerd(inject('bundle'), {
    ...testSettings,
    TURSO_DATABASE_URL: proxy.url,
    TURSO_AUTH_TOKEN: databaseToken,
    DATABASE_TIMEOUT_MS: '300',
  })
})
afterEach(() => proxy.setFault('none'))
afterAll(async () => {
  await server?.stop()
  await proxy?.stop()
  await database?.stop()
})

describe.each(faults)('when the database %s', (fault) => {
  it('answers 503 everywhere, lets nobody in, and recovers at once afterwards', async () => {
    const known = { email: freshEmail(), password }
    const fresh = { email: freshEmail(), password }
    const token = String((await client().register(known)).body.auth_token)
    proxy.reset()
    proxy.setFault(fault)
    const answers = [
      await client().register(fresh),
      await client().login(known),
      await client().status(token),
      await client().logout(token),
    ]
    for (const answer of answers) expectUnavailable(answer)
    // A write that may have happened is not repeated.
    expect(proxy.count()).toBe(answers.length)
    // This asks the database once a second at most, and otherwise gives the last outcome.
    expectUnavailable(await client().ready())
    proxy.setFault('none')
    expect((await client().login(known)).status).toBe(200)
    if (mayHaveWritten.includes(fault)) return
    expect((await client().register(fresh)).status).toBe(201)
    expect((await client().status(token)).status).toBe(200)
    expect((await client().logout(token)).status).toBe(200)
  })
})

describe('when the database is stopped (SIGSTOP)', () => {
  it('answers 503 until the database continues', async () => {
    const token = await client().token()
    database.sqld.process.kill('SIGSTOP')
    try {
      expectUnavailable(await client().status(token))
      expectUnavailable(await client().register())
      expect((await client().health()).status).toBe(200)
    } finally {
      database.sqld.process.kill('SIGCONT')
    }
    await until(async () => (await client().status(token)).status === 200)
  })
})

describe('when the database is too busy to begin', () => {
  it('retries a few times', async () => {
    const token = await client().token()
    for (const request of [() => client().register(), () => client().status(token)]) {
      proxy.reset()
      proxy.setFault('is busy twice')
      expect((await request()).status).toBeLessThan(202)
      expect(proxy.count()).toBeGreaterThanOrEqual(3)
    }
  })

  it('asks six times at most', async () => {
    const token = await client().token()
    for (const request of [() => client().register(), () => client().status(token)]) {
      proxy.reset()
      proxy.setFault('is busy')
      expectUnavailable(await request())
      proxy.setFault('none')
      expect(proxy.count()).toBe(6)
    }
  })
})

describe('when the database is slow, but within the limit', () => {
  it('answers as usual', async () => {
    const slow = await startProxy(database.url, 100)
    const patient = await serveOnWorkerd(inject('bundle'), {
      ...testSettings,
      TURSO_DATABASE_URL: slow.url,
    })
    try {
      const token = await createClientOf(patient.baseUrl).token()
      expect((await createClientOf(patient.baseUrl).logout(token)).status).toBe(200)
    } finally {
      await patient.stop()
      await slow.stop()
    }
  })
})

describe('the log', () => {
  it('has a line for every outage, and no secret or statement', () => {
    const outages = server.log().filter(({ reason }) => reason === 'database_unavailable')
    expect(outages.length).toBeGreaterThan(faults.length * 4)
    for (const { error } of outages) expect(error).toMatch(/^DatabaseUnavailable: The database /)
    const secrets = [
      databaseToken,
      password,
      testSettings.SECRET_KEY,
      // The beginning of every token, and of no random id.
      'eyJhbGciOi',
      '$2b$',
      '@example.com',
    ]
    for (const secret of [...secrets, 'select ', 'insert ', 'INSERT']) {
      expect(server.output()).not.toContain(secret)
    }
  })
})

function expectUnavailable({ status, headers, body, text }: Answer) {
  expect([status, body.status, body.code]).toEqual([503, 'fail', 'unavailable'])
  expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0)
  expect(Object.keys(body).sort()).toEqual(['code', 'message', 'status'])
  expect(text).not.toMatch(/sql|127\.0\.0\.1|canary/i)
}
