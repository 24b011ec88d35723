import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ChainPart, readChain } from '../../../../src/service/domain/audit/read-chain.ts'
import { sealEvents } from '../../../../src/service/domain/audit/seal-events.ts'
import { ChainVerifier } from '../../../../src/service/domain/audit/verify-chain.ts'
import type { Database } from '../../../../src/service/store/database.ts'
import { databaseAt, emptyAudit, insertEvents, seal, testSealKey } from '../../../support/audit.ts'
import { type ServedDatabase, startDatabase } from '../../../support/database.ts'

let served: ServedDatabase
beforeAll(async () => {
  served = await startDatabase()
})
afterAll(() => served?.stop())
beforeEach(() => emptyAudit(served))

async function verdict() {
  const verifier = new ChainVerifier([await testSealKey()])
  const parts: ChainPart[] = []
  for await (const part of readChain(databaseAt(served))) {
    parts.push(part)
    await verifier.add(part)
  }
  return { ...verifier.finish(), parts }
}

const ranges = () =>
  served.query('SELECT number, first_seq, last_seq, events FROM portcullis_audit_seals')

/** The database, which is gone after so many round trips. */
function endingDatabase(trips: number): Database & { trips: number } {
  const database = databaseAt(served)
  return {
    ...database,
    trips: 0,
    withClient(use) {
      this.trips += 1
      if (this.trips > trips) return Promise.reject(new Error('gone'))
      return database.withClient(use)
    },
  }
}

describe('sealing the audit', () => {
  it('does nothing without events', async () => {
    expect(await seal(served)).toBe(0)
    expect(await verdict()).toMatchObject({ seals: 0, events: 0, head: undefined, problems: 0 })
  })

  it.each([
    [1, [1]],
    [999, [999]],
    [1_000, [1_000]],
    [1_001, [1_000, 1]],
    [2_000, [1_000, 1_000]],
    [2_500, [1_000, 1_000, 500]],
  ])('seals %i events in chunks of at most 1,000', async (count, sizes) => {
    await insertEvents(served, count)
    expect(await seal(served)).toBe(count)
    expect(await seal(served)).toBe(0)
    expect((await ranges()).map(({ events }) => events)).toEqual(sizes)
    expect(await verdict()).toMatchObject({ seals: sizes.length, events: count, unsealed: 0 })
    expect(await verdict()).toMatchObject({ problems: 0 })
  })

  it('begins each seal where the one before it ends, also where ids were skipped', async () => {
    await insertEvents(served, 3)
    await seal(served)
    await served.query("UPDATE sqlite_sequence SET seq = 10 WHERE name = 'portcullis_audit_events'")
    await insertEvents(served, 2)
    expect((await verdict()).unsealed).toBe(2)
    await seal(served)
    expect(await ranges()).toEqual([
      { number: 1, first_seq: 1, last_seq: 3, events: 3 },
      { number: 2, first_seq: 4, last_seq: 12, events: 2 },
    ])
    expect(await verdict()).toMatchObject({ problems: 0, events: 5, unsealed: 0 })
  })

  it('seals each event once when several runs seal at once', async () => {
    await insertEvents(served, 4_500)
    const sealed = await Promise.all(Array.from({ length: 6 }, () => seal(served)))
    expect(sealed.reduce((all, each) => all + each, 0)).toBe(4_500)
    expect(await verdict()).toMatchObject({ seals: 5, events: 4_500, unsealed: 0, problems: 0 })
  })

  it('gives the head, also where nothing is to be sealed, or another run has sealed', async () => {
    const key = await testSealKey()
    const run = () => sealEvents(databaseAt(served), key)
    expect(await run()).toEqual({ sealed: 0, head: undefined })
    await insertEvents(served, 1_500)
    const { head } = await run()
    expect(head).toEqual((await verdict()).head)
    expect(await run()).toEqual({ sealed: 0, head })
  })

  it('goes on where a run was cut off', async () => {
    await insertEvents(served, 3_500)
    const key = await testSealKey()
    await expect(sealEvents(endingDatabase(3), key)).rejects.toThrow('gave no usable answer')
    expect(await verdict()).toMatchObject({ seals: 2, events: 2_000, unsealed: 1_500, problems: 0 })
    expect(await seal(served)).toBe(1_500)
    expect(await verdict()).toMatchObject({ seals: 4, events: 3_500, unsealed: 0, problems: 0 })
  })

  it('seals nothing behind a seal that a restored backup has replaced meanwhile', async () => {
    await insertEvents(served, 2_500)
    const database = databaseAt(served)
    let trips = 0
    const restored: Database = {
      ...database,
      async withClient(use) {
        trips += 1
        // The first seal is stored. The second one is about to be.
        if (trips === 3) await served.query("UPDATE portcullis_audit_seals SET mac = 'another'")
        return database.withClient(use)
      },
    }
    expect(await sealEvents(restored, await testSealKey())).toMatchObject({ sealed: 1_000 })
    expect(await ranges()).toHaveLength(1)
  })

  it('seals at most 90,000 events in a run, with 91 round trips', async () => {
    await insertEvents(served, 90_001)
    const counting = endingDatabase(Number.POSITIVE_INFINITY)
    const { sealed, head } = await sealEvents(counting, await testSealKey())
    expect([sealed, head]).toEqual([90_000, (await verdict()).head])
    expect(counting.trips).toBe(91)
    expect(await seal(served)).toBe(1)
    expect(await ranges()).toHaveLength(91)
  })
})

describe('reading the chain', () => {
  it('never holds more than 1,001 events, and gives each event once', async () => {
    await insertEvents(served, 2_100)
    await seal(served)
    await insertEvents(served, 2_500)
    const { parts, unsealed } = await verdict()
    expect(Math.max(...parts.map(({ events }) => events.length))).toBeLessThanOrEqual(1_001)
    const seqs = parts.flatMap(({ events }) => events.map(({ seq }) => seq))
    expect(seqs).toEqual(Array.from({ length: 4_600 }, (_, at) => at + 1))
    expect(unsealed).toBe(2_500)
  })

  it('ends for numbers that JavaScript cannot hold, and finds them', async () => {
    await insertEvents(served, 3)
    await seal(served)
    const huge = '9007199254740993'
    const insert = (seq: string) =>
      served.query(
        `INSERT INTO portcullis_audit_events (seq, at, event, outcome, actor)
          VALUES (${seq}, ${huge}, 'login', 'success', 'user')`,
      )
    await insert(`-${huge}`)
    expect(await verdict()).toMatchObject({
      problems: 1,
      findings: [{ problem: 'events_inserted' }],
    })
    await insert(huge)
    await served.query(`UPDATE portcullis_audit_seals SET sealed_at = ${huge}, number = ${huge}`)
    expect(await verdict()).toMatchObject({ problems: 1, findings: [{ problem: 'seal_missing' }] })
  })
})
