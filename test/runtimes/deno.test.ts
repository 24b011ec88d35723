// What only Deno has: proxies of the operator, and a shutdown by the operator.

import { statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createClientOf } from '../support/client.ts'
import { createDatabaseFile } from '../support/database.ts'
import { serveOnDeno } from '../support/deno.ts'
import { type Server, until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'

describe('the address of a session', () => {
  it.each([
    [{}, '127.0.0.1'],
    [{ TRUSTED_PROXIES: '1' }, '203.0.113.7'],
    [{ TRUSTED_PROXIES: '2' }, undefined],
  ])('comes from the trusted proxies, with %j: %s', async (variables, address) => {
    const database = await createDatabaseFile()
    const settings = { ...testSettings, TURSO_DATABASE_URL: database.url }
    const server = await serveOnDeno({ ...settings, SESSION_ADDRESSES: 'keep', ...variables })
    try {
      const registered = await fetch(`${server.baseUrl}/auth/register`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': '203.0.113.7' },
        body: JSON.stringify({ email: 'a@example.com', password: 'a good password' }),
      })
      const { auth_token } = (await registered.json()) as { auth_token: string }
      const headers = { Authorization: `Bearer ${auth_token}` }
      const listed = await fetch(`${server.baseUrl}/auth/sessions`, { headers })
      const { data } = (await listed.json()) as { data: { sessions: { address?: string }[] } }
      expect(data.sessions.map((session) => session.address ?? undefined)).toEqual([address])
    } finally {
      await server.stop()
      await database.stop()
    }
  })
})

describe('a request that names a proxy', () => {
  const refresh = ({ baseUrl }: Server, headers: Record<string, string>) =>
    fetch(`${baseUrl}/auth/refresh`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: '{}',
    })
  const hintsOf = (server: Server) =>
    server.log().filter(({ event }) => event === 'proxy_not_trusted')
  const byProxy = { 'X-Forwarded-For': '203.0.113.7' }

  it.each([
    ['X-Forwarded-For', byProxy],
    ['Forwarded', { Forwarded: 'for=203.0.113.7' }],
  ])('is mentioned in the log once where TRUSTED_PROXIES is not set: %s', async (_, headers) => {
    await withServer({}, async (server) => {
      await refresh(server, {})
      expect(hintsOf(server)).toEqual([])
      for (let asked = 0; asked < 3; asked += 1) await refresh(server, headers)
      await untilLogged(server, 4)
      const problem = expect.stringContaining('Set TRUSTED_PROXIES to the number of your proxies')
      expect(hintsOf(server)).toEqual([{ event: 'proxy_not_trusted', problem }])
      expect(server.output()).not.toContain('203.0.113.7')
    })
  })

  it.each([['0'], ['1']])('is not mentioned with TRUSTED_PROXIES=%s', async (TRUSTED_PROXIES) => {
    await withServer({ TRUSTED_PROXIES }, async (server) => {
      await refresh(server, byProxy)
      await untilLogged(server, 1)
      expect(hintsOf(server)).toEqual([])
    })
  })

  it('is limited with all others that come from the same proxy, until the proxies are set', async () => {
    const statusesOf = async (server: Server) => {
      const statuses: number[] = []
      for (const address of ['203.0.113.7', '203.0.113.8']) {
        statuses.push((await refresh(server, { 'X-Forwarded-For': address })).status)
      }
      return statuses
    }
    const limits = { LIMITS: 'normal', REFRESHES_PER_ADDRESS: '1' }
    await withServer(limits, async (server) => expect(await statusesOf(server)).toEqual([422, 429]))
    await withServer({ ...limits, TRUSTED_PROXIES: '1' }, async (server) =>
      expect(await statusesOf(server)).toEqual([422, 422]),
    )
  })

  /** Waits until so many requests to the route are in the log. */
  const untilLogged = (server: Server, count: number) =>
    until(() => server.log().filter(({ route }) => route === '/auth/refresh').length === count)
})

describe('a client that sends half of a request', () => {
  const head = 'POST /auth/login HTTP/1.1\r\nHost: a\r\n'
  const announced = `${head}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{"email"`
  const chunked = `${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{"email`

  it.each([
    ['announced', announced],
    ['in chunks', chunked],
  ])('is answered 408 after ten seconds: a body %s', async (_, text) => {
    await withServer({}, async (server) => {
      const { received } = await send(server, text)
      await until(() => received().includes('"body_incomplete"'))
      expect(received()).toMatch(/^HTTP\/1\.1 408 /)
    })
  })

  it.each([
    ['a head', head],
    ['an announced body', announced],
    ['a body in chunks', chunked],
  ])('does not keep the process from ending: %s', async (_, text) => {
    await withServer({ SHUTDOWN_SECONDS: '1' }, async (server) => {
      await send(server, text)
      server.process.kill('SIGTERM')
      await until(() => server.process.exitCode !== null)
      expect(server.process.exitCode).toBe(0)
    })
  })

  it('does not delay the end after a second signal', async () => {
    await withServer({ SHUTDOWN_SECONDS: '300' }, async (server) => {
      const awaited = announced.replace('\r\n\r\n{"email"', '\r\nExpect: 100-continue\r\n\r\n')
      const { received } = await send(server, awaited)
      // Otherwise the service may not have the request yet, and has nothing to wait for.
      await until(() => received().includes('100 Continue'))
      // The first signal starts the end. Each one after it counts as the second.
      await until(() => {
        server.process.kill('SIGTERM')
        return server.process.exitCode !== null
      })
      expect(server.process.exitCode).toBe(1)
    })
  })
})

describe('the end of the process', () => {
  it('leaves everything in the one file of the database', async () => {
    await withServer({}, async (server, file) => {
      expect((await createClientOf(server.baseUrl).register()).status).toBe(201)
      expect(statSync(`${file}-wal`).size).toBeGreaterThan(0)
      server.process.kill('SIGTERM')
      await until(() => server.process.exitCode !== null)
      // Or the log is empty: this process has the file open, too.
      const log = statSync(`${file}-wal`, { throwIfNoEntry: false })
      expect(log?.size ?? 0).toBe(0)
    })
  })
})

async function withServer(
  variables: Readonly<Record<string, string>>,
  use: (server: Server, file: string) => Promise<void>,
): Promise<void> {
  const database = await createDatabaseFile()
  const settings = { ...testSettings, TURSO_DATABASE_URL: database.url }
  const server = await serveOnDeno({ ...settings, ...variables })
  try {
    await use(server, database.url.replace('file:', ''))
  } finally {
    await server.stop()
    await database.stop()
  }
}

/** Sends a text, and keeps the connection open. */
async function send({ baseUrl }: Server, text: string) {
  const socket: Socket = connect(Number(new URL(baseUrl).port), '127.0.0.1')
  let received = ''
  socket.on('error', () => {})
  socket.setEncoding('utf8').on('data', (more) => {
    received += more
  })
  await new Promise((resolve) => socket.write(text, resolve))
  // The server has read it once it has answered a later request.
  await fetch(`${baseUrl}/health`)
  return { received: () => received }
}
