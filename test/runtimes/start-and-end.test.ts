// The start, an interruption, and another start of the service.

import { spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { startSqld } from '../../scripts/sqld.ts'
import { createClientOf, freshEmail } from '../support/client.ts'
import { createDatabaseFile, type ServedDatabase, startDatabase } from '../support/database.ts'
import { serveOnDeno } from '../support/deno.ts'
import { startProxy } from '../support/proxy.ts'
import { until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('over one database', () => {
  let database: ServedDatabase
  const serve = (variables = {}) =>
    serveOnWorkerd(inject('bundle'), {
      ...testSettings,
      TURSO_DATABASE_URL: database.url,
      ...variables,
    })

  beforeAll(async () => {
    database = await startDatabase()
  })
  afterAll(() => database?.stop())

  it.each(['POST /auth/register', 'POST /auth/login', 'GET /auth/status', 'GET /ready'])(
    'keeps working when the client of its first request (%s) hangs up',
    async (line) => {
      const server = await serve({ BCRYPT_COST: '8' })
      try {
        await hangUp(server.baseUrl, line, await issuedElsewhere(serve))
        const client = createClientOf(server.baseUrl)
        const account = { email: freshEmail(), password: 'a good password' }
        expect((await client.register(account)).status).toBe(201)
        const token = String((await client.login(account)).body.auth_token)
        expect((await client.status(token)).status).toBe(200)
        expect((await client.logout(token)).status).toBe(200)
      } finally {
        await server.stop()
      }
    },
  )

  it('keeps every acknowledged change when workerd and sqld are killed', async () => {
    const own = await startDatabase()
    const variables = { ...testSettings, TURSO_DATABASE_URL: own.url }
    const server = await serveOnWorkerd(inject('bundle'), variables)
    const client = createClientOf(server.baseUrl)
    const accounts = Array.from({ length: 20 }, () => ({
      email: freshEmail(),
      password: 'a good password',
    }))
    const registered = await Promise.all(accounts.map((account) => client.register(account)))
    const tokens = registered.map(({ body }) => String(body.auth_token))
    await Promise.all(tokens.slice(0, 10).map((token) => client.logout(token)))
    server.process.kill('SIGKILL')
    own.sqld.process.kill('SIGKILL')
    await until(() => own.sqld.hasEnded())
    const port = Number(new URL(own.url).port)
    const sqld = await startSqld({ port, directory: own.directory })
    const again = await serveOnWorkerd(inject('bundle'), variables)
    try {
      const revived = createClientOf(again.baseUrl)
      const codes = await Promise.all(
        tokens.map(async (token) => (await revived.status(token)).body.code),
      )
      expect(codes).toEqual([...Array(10).fill('token_revoked'), ...Array(10).fill(undefined)])
      const logins = await Promise.all(accounts.map((account) => revived.login(account)))
      expect(new Set(logins.map(({ status }) => status))).toEqual(new Set([200]))
    } finally {
      await again.stop()
      await sqld.stop()
      await own.stop()
    }
  })

  it('takes as long for an unknown email as for a wrong password', async () => {
    const server = await serve({ BCRYPT_COST: '9' })
    try {
      const client = createClientOf(server.baseUrl)
      const account = { email: freshEmail(), password: 'a good password' }
      await client.register(account)
      const known: number[] = []
      const unknown: number[] = []
      for (let pair = 0; pair < 15; pair += 1) {
        known.push(await durationOf(() => client.login({ ...account, password: 'wrong' })))
        unknown.push(
          await durationOf(() => client.login({ ...account, email: 'nobody@example.com' })),
        )
      }
      const ratio = median(unknown) / median(known)
      expect(ratio).toBeGreaterThan(0.7)
      expect(ratio).toBeLessThan(1.4)
    } finally {
      await server.stop()
    }
  })
})

describe('without its settings', () => {
  const incomplete = [
    [{ SECRET_KEY: '' }, 'SECRET_KEY is missing.'],
    [{ SECRET_KEY: 'canary-short' }, 'SECRET_KEY must have at least 32 bytes'],
    [{ SECRET_KEY: 'my_precious' }, 'SECRET_KEY is a published example'],
    [{ TURSO_DATABASE_URL: '', TURSO_URL: 'canary' }, 'did you mean TURSO_DATABASE_URL?'],
  ] as const
  const complete = { ...testSettings, TURSO_DATABASE_URL: 'http://127.0.0.1:9' }

  it.each(incomplete)('refuses to work on workerd: %j', async (variables, problem) => {
    const server = await serveOnWorkerd(inject('bundle'), { ...complete, ...variables })
    try {
      const { status, body } = await createClientOf(server.baseUrl).health()
      expect([status, body.code]).toEqual([500, 'misconfigured'])
      await until(() => server.output().includes(problem))
      expect(server.output()).not.toMatch(/canary|my_precious/)
    } finally {
      await server.stop()
    }
  })

  it.each([
    ...incomplete,
    [{ HOST: '127.0.0.1 b' }, 'HOST must be an address'],
    [{ PORT: '8787.5', SECRET_KEY: '' }, 'PORT must be a whole number'],
    [{ SHUTDOWN_SECONDS: 'canary' }, 'SHUTDOWN_SECONDS must be a whole number'],
    [{ HOST: '192.0.2.1' }, 'The service cannot listen on HOST and PORT'],
  ] as const)('refuses to start on Deno: %j', (variables, problem) => {
    const { status, stderr } = startDeno({ ...complete, ...variables })
    expect([status, stderr]).toEqual([1, expect.stringContaining(problem)])
    expect(stderr).not.toMatch(/canary|my_precious/)
  })
})

describe('on Deno', () => {
  it('refuses to start on a port that is in use', async () => {
    const database = await createDatabaseFile()
    const variables = { ...testSettings, TURSO_DATABASE_URL: database.url }
    const server = await serveOnDeno(variables)
    const { status, stderr } = startDeno({ ...variables, PORT: new URL(server.baseUrl).port })
    await server.stop()
    await database.stop()
    expect([status, stderr]).toEqual([1, expect.stringContaining('is in use')])
  })

  it('answers open requests before it ends', async () => {
    const database = await startDatabase()
    const proxy = await startProxy(database.url, 500)
    const server = await serveOnDeno({ ...testSettings, TURSO_DATABASE_URL: proxy.url })
    const answer = createClientOf(server.baseUrl).register()
    await until(() => proxy.count() === 1)
    server.process.kill('SIGTERM')
    expect((await answer).status).toBe(201)
    await until(() => server.process.exitCode === 0)
    await proxy.stop()
    await database.stop()
  })
})

function startDeno(variables: Readonly<Record<string, string>>) {
  return spawnSync(`${root}node_modules/.bin/deno`, ['run', '-A', `${root}src/deno.ts`], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '9', ...variables },
    encoding: 'utf8',
    timeout: 20_000,
  })
}

/** A valid token that the first request has to verify in full. */
async function issuedElsewhere(serve: () => ReturnType<typeof serveOnWorkerd>): Promise<string> {
  const other = await serve()
  const token = await createClientOf(other.baseUrl).token()
  await other.stop()
  return token
}

/** Sends a request, and closes the connection as soon as the request is sent. */
async function hangUp(baseUrl: string, line: string, token: string): Promise<void> {
  const body = JSON.stringify({ email: freshEmail(), password: 'a good password' })
  const head = [
    `${line} HTTP/1.1`,
    'Host: auth.example.com',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${line.startsWith('POST') ? body.length : 0}`,
  ].join('\r\n')
  const socket = connect(Number(new URL(baseUrl).port), '127.0.0.1')
  await new Promise((resolve) => {
    socket.write(`${head}\r\n\r\n${line.startsWith('POST') ? body : ''}`, resolve)
  })
  socket.resetAndDestroy()
}

async function durationOf(action: () => Promise<unknown>): Promise<number> {
  const before = performance.now()
  await action()
  return performance.now() - before
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}
