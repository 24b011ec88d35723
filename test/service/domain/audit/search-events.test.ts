// Events with a name, or since a time, are found in many short reads: the table has no index of
// names or times, so that each write stays cheap.

import { type Client, createClient } from '@libsql/client/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { searchEvents } from '../../../../src/service/domain/audit/search-events.ts'
import { insertEvents } from '../../../support/audit.ts'
import {
  createDatabaseFile,
  type ServedDatabase,
  startDatabase,
} from '../../../support/database.ts'
import { recordStatements } from '../../../support/query-plans.ts'

const many = 100_000
/** The time of an event in these tests. */
const timeOf = (seq: number) => 1_793_000_000 + seq

let served: ServedDatabase
let client: Client
let plans: ReturnType<typeof recordStatements>
beforeAll(async () => {
  served = await startDatabase()
  await insertEvents(served, many, timeOf(0))
  client = createClient({ url: served.url })
  // Only a database that somebody has changed has these: a rare name, and a clock that was set back.
  await client.executeMultiple(`
    DROP TRIGGER portcullis_audit_events_never_updated;
    UPDATE portcullis_audit_events SET event = 'rare' WHERE seq IN (7, 50000, 99999);
    UPDATE portcullis_audit_events SET at = 1 WHERE seq BETWEEN 99000 AND 99100;
    INSERT INTO portcullis_audit_details (seq, address, expires_at) VALUES (7, '192.0.2.1', unixepoch() + 60);
  `)
  plans = recordStatements(client)
})
afterAll(async () => {
  client?.close()
  await served?.stop()
})

/** The ids of the events that are found, and after how many reads of the table. */
async function search(filter: Omit<Parameters<typeof searchEvents>[1], 'limit'>, limit = 100) {
  const told: number[] = []
  const found = await searchEvents(plans.recording, { limit, ...filter }, (seq) => told.push(seq))
  return { ids: found.map(({ seq }) => seq), found, told }
}

describe('a search for events', () => {
  it('finds rare ones among many, newest first, with their details', async () => {
    const { ids, found, told } = await search({ event: 'rare' })
    expect(ids).toEqual([99_999, 50_000, 7])
    expect(found.map(({ address }) => address)).toEqual([null, null, '192.0.2.1'])
    expect(told).toEqual(Array.from({ length: 10 }, (_, page) => many - 10_000 * (page + 1) + 1))
  })

  it('goes on where a page ended, and ends when it has enough', async () => {
    const first = await search({ event: 'rare' }, 2)
    expect([first.ids, first.told.length]).toEqual([[99_999, 50_000], 6])
    expect((await search({ event: 'rare', before: 50_000 })).ids).toEqual([7])
    expect((await search({ event: 'rare', before: 7 })).ids).toEqual([])
    expect((await search({ event: 'rare', before: 1 })).ids).toEqual([])
  })

  it('ends where all events of a read are older', async () => {
    const { ids, told } = await search({ event: 'rare', since: timeOf(95_000) })
    expect([ids, told.length]).toEqual([[99_999], 2])
    expect((await search({ since: timeOf(99_996) })).ids).toEqual([
      ...[100_000, 99_999, 99_998, 99_997, 99_996],
    ])
    expect((await search({ since: timeOf(many + 1) })).told).toHaveLength(1)
  })

  it('goes on behind some that a clock which was set back has written', async () => {
    const { ids } = await search({ since: timeOf(98_998) }, 1_000)
    expect([ids.length, ids.at(-2), ids.at(-1)]).toEqual([902, 98_999, 98_998])
  })

  it('reads at most 10,000 events at once, which it finds by their ids', async () => {
    for (const before of [undefined, 60_000]) {
      const steps = await plans.stepsOf(() => search({ event: 'rare', since: 5, before }))
      const tables = steps.filter((step) => /audit/.test(step))
      expect(tables.length).toBeGreaterThan(0)
      expect(
        tables.filter((step) => !/^SEARCH portcullis_\w+ USING INTEGER PRIMARY KEY/.test(step)),
      ).toEqual([])
      expect(steps.join()).not.toContain('TEMP B-TREE')
    }
  })

  it('finds nothing where there are no events', async () => {
    const empty = await createDatabaseFile()
    const { recording } = recordStatements(createClient({ url: empty.url }))
    expect(await searchEvents(recording, { limit: 5, event: 'login' }, () => {})).toEqual([])
    await empty.stop()
  })
})
