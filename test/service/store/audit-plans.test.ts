// The plans of the audit's reads with 10,000,000 events. The database believes its statistics, so
// the rows need not exist. sqld refuses statistics, so this database is a file.

import { createClient } from '@libsql/client/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  listEvents,
  listEventsByToken,
  listEventsOfRange,
} from '../../../src/service/store/audit-listing.ts'
import {
  findUnsealedEvents,
  insertSeal,
  listEventsBetween,
  listSeals,
} from '../../../src/service/store/audit-seals.ts'
import { insertEvents } from '../../support/audit.ts'
import { createDatabaseFile, type TestDatabase } from '../../support/database.ts'
import { recordStatements } from '../../support/query-plans.ts'

let file: TestDatabase
let plans: ReturnType<typeof recordStatements>
beforeAll(async () => {
  file = await createDatabaseFile()
  await insertEvents(file, 1_000)
  await file.query('ANALYZE')
  await file.query("DELETE FROM sqlite_stat1 WHERE tbl LIKE 'portcullis_audit%'")
  for (const [table, index, statistics] of [
    ['events', 'portcullis_audit_events_user_id', '10000000 100'],
    ['details', 'portcullis_audit_details_expires_at', '1000000 10'],
    ['seals', null, '10000'],
  ]) {
    const sql = `INSERT INTO sqlite_stat1 VALUES ('portcullis_audit_${table}', ${index ? '?' : 'NULL'}, ?)`
    await file.query(sql, ...[index, statistics].filter((value) => typeof value === 'string'))
  }
  // A connection reads the statistics once.
  plans = recordStatements(createClient({ url: file.url }))
})
afterAll(() => file?.stop())

const caller = {
  ...{
    userId: 3,
    sessionId: 's'.repeat(16),
    tokenGeneration: 'g'.repeat(16),
    revocationIds: ['i'],
  },
  ...{ expiresAt: 0, remainingSeconds: 0 },
}
const seal = {
  ...{ number: 1, firstSeq: 1, lastSeq: 5, events: 5, mac: 'm', keyId: 'k', sealedAt: 0 },
}
const byAccount =
  /^SEARCH (later|portcullis_audit_events) USING INDEX portcullis_audit_events_user_id \(user_id=\? AND rowid[<>]\?\)$/
const byId = /^SEARCH portcullis_audit_(events|details|seals) USING INTEGER PRIMARY KEY \(rowid/

/** The steps that touch the audit, and those that sort. */
async function auditSteps(ask: () => Promise<unknown>): Promise<string[]> {
  const steps: string[] = []
  for (const { statement } of await plans.statementsOf(ask)) {
    const { sql, args } = statement as { sql: string; args: [] }
    // The statement would stay open, and keep the connection from committing.
    const explaining = createClient({ url: file.url })
    const { rows } = await explaining.execute({ sql: `EXPLAIN QUERY PLAN ${sql}`, args })
    steps.push(...rows.map(({ detail }) => String(detail)))
    explaining.close()
  }
  return steps.filter((step) => /audit|later|TEMP B-TREE|^SCAN subquery/.test(step))
}

describe('with 10,000,000 events', () => {
  it('own events are found by the account and the id, and not sorted', async () => {
    const page = { limit: 51, before: 9_000_000 }
    const steps = await auditSteps(() => listEventsByToken(plans.recording, caller, page))
    expect(steps.filter((step) => byAccount.test(step))).toHaveLength(2)
    expect(steps.filter((step) => byId.test(step))).toHaveLength(1)
    // The next events of the account: at most 100.
    expect(steps.filter((step) => !byAccount.test(step) && !byId.test(step))).toEqual([
      'SCAN subquery',
    ])
  })

  it('the first page is as well', async () => {
    const steps = await auditSteps(() => listEventsByToken(plans.recording, caller, { limit: 51 }))
    expect(steps[0]).toBe(
      'SEARCH portcullis_audit_events USING INDEX portcullis_audit_events_user_id (user_id=?)',
    )
    expect(steps.join()).not.toContain('TEMP B-TREE')
  })

  it('an administrator’s list of an account is, too', async () => {
    const filter = { userId: 3, limit: 100, before: 9_000_000, since: 5 }
    const steps = await auditSteps(() => listEvents(plans.recording, filter))
    expect(steps).toEqual([expect.stringMatching(byAccount), expect.stringMatching(byId)])
  })

  it('a list of all accounts by name or time reads a range of ids', async () => {
    for (const filter of [{ event: 'login' }, { since: 5, before: 9_000_000 }]) {
      const steps = await auditSteps(() =>
        listEventsOfRange(plans.recording, { limit: 100, ...filter }),
      )
      expect(steps.filter((step) => byId.test(step)).length).toBeGreaterThan(2)
      expect(steps.filter((step) => !byId.test(step))).toEqual([])
    }
  })

  it('sealing and verifying find rows by their ids', async () => {
    const asked = [
      () => findUnsealedEvents(plans.recording),
      () => insertSeal(plans.recording, seal, undefined),
      () => listEventsBetween(plans.recording, 5, 9),
      () => listSeals(plans.recording, 5),
    ]
    for (const ask of asked) {
      const steps = await auditSteps(ask)
      expect(steps.length).toBeGreaterThan(0)
      // The last seal is the end of its table.
      const lastSeal = 'SCAN portcullis_audit_seals'
      expect(steps.filter((step) => !byId.test(step) && step !== lastSeal)).toEqual([])
    }
  })

  it('and the test notices a list that finds no account by an index', async () => {
    const steps = await auditSteps(() =>
      listEvents(plans.recording, { limit: 9, event: 'login', before: 7 }),
    )
    expect(steps.filter((step) => byAccount.test(step))).toEqual([])
  })
})
