// The cost of events does not grow with their number: every statement finds its rows by an index,
// also with the statistics of many rows. And nothing changes or deletes an event.

import { type Client, createClient, type InStatement } from '@libsql/client/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRandomId } from '../../../src/crypto/random-id.ts'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import { pruneAuditDetails } from '../../../src/service/domain/housekeeping.ts'
import {
  deleteAccount,
  disableAccount,
  insertAccount,
} from '../../../src/service/store/account-administration.ts'
import { insertMovedUsers } from '../../../src/service/store/account-import.ts'
import { deleteExpiredDetails } from '../../../src/service/store/audit-events.ts'
import type { Database } from '../../../src/service/store/database.ts'
import { createDatabaseFile, type TestDatabase } from '../../support/database.ts'
import { recordStatements } from '../../support/query-plans.ts'

const many = 100_000
const entry = { event: 'test', actor: 'administrator' } as const
const newId = () => createRandomId(systemRuntime)

let file: TestDatabase
let client: Client
let database: Database
beforeAll(async () => {
  file = await createDatabaseFile()
  client = createClient({ url: file.url })
  database = { hasReplicas: false, withClient: (use) => use(client) }
  await client.executeMultiple(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${many})
      INSERT INTO portcullis_audit_events (at, event, outcome, actor, user_id)
      SELECT i, 'login', 'success', 'user', i % 1000 FROM n;
    INSERT INTO portcullis_audit_details (seq, address, expires_at)
      SELECT seq, '192.0.2.1', unixepoch() + iif(seq % 2, -9, 9999) FROM portcullis_audit_events;
    ANALYZE;
  `)
})
afterAll(async () => {
  client?.close()
  await file?.stop()
})

/** A plan that was asked for keeps its statement open, so it gets a connection of its own. */
function explainingApart(): Client {
  const execute = async (statement: InStatement) => {
    if (!JSON.stringify(statement).includes('EXPLAIN')) return client.execute(statement)
    const apart = createClient({ url: file.url })
    const plan = await apart.execute(statement)
    apart.close()
    return plan
  }
  return { execute, batch: client.batch.bind(client) } as unknown as Client
}

const countOf = async (table: string) => {
  const { rows } = await client.execute(`SELECT count(*) AS n FROM portcullis_audit_${table}`)
  return Number(rows[0]?.n)
}

function userOf(email: string) {
  const user = { email, emailNormalized: email, spellings: [email], tokenGeneration: newId() }
  return { ...user, passwordHash: newId() }
}

describe('with many events', () => {
  it('every statement finds its rows by an index', async () => {
    const { recording, scansOf } = recordStatements(explainingApart())
    const spellings = ['ada@example.com']
    const change = () => ({ spellings, tokenGeneration: newId(), entry })
    const moved = { ...userOf('bob@example.com'), admin: false, otherRoles: '' }
    const times = { registeredAt: 'now', disabledAt: null, emailVerifiedAt: null } as const
    const asked: [string, () => Promise<unknown>][] = [
      ['create', () => insertAccount(recording, userOf('ada@example.com'), [], entry)],
      ['disable', () => disableAccount(recording, change())],
      ['delete', () => deleteAccount(recording, change(), 1)],
      ['import', () => insertMovedUsers(recording, [{ ...moved, ...times }], entry)],
      ['housekeeping', () => deleteExpiredDetails(recording)],
    ]
    for (const [name, ask] of asked) {
      const scans = await scansOf(ask)
      // The list of an import is read from its parameter.
      expect(
        scans.filter((step) => !/VIRTUAL TABLE/.test(step)),
        name,
      ).toEqual([])
    }
  })

  it('housekeeping deletes the personal details whose time is over, and no event', async () => {
    const before = await countOf('events')
    const over = await countOf('details WHERE expires_at <= unixepoch()')
    expect(over).toBeGreaterThan(10_000)
    expect(await pruneAuditDetails({ database })).toBe(over)
    expect(await countOf('details')).toBe(many / 2)
    expect(await countOf('events')).toBe(before)
  })
})

it.each([
  'UPDATE portcullis_audit_events SET at = 1 WHERE seq = 1',
  'DELETE FROM portcullis_audit_events WHERE seq = 1',
])('the database refuses %s', async (sql) => {
  await expect(client.execute(sql)).rejects.toThrow(/audit events are never/)
})
