import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import {
  ask,
  bearing,
  claimsOf,
  createCountingDatabase,
  createTestService,
  logout,
  registerAccount,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const counting = createCountingDatabase()
const { app } = await createTestService({}, { database: counting })

interface Inserted {
  readonly event?: string
  readonly outcome?: string
  readonly sessionId?: string
  readonly attemptSeq?: number
  readonly details?: { readonly address: string; readonly expiresIn: number }
}

/** A new account without events, and a way to give it some. */
async function createOwner() {
  const { token } = await registerAccount(app)
  const { sub, sid } = claimsOf(token)
  await client.batch(
    [
      'DROP TRIGGER IF EXISTS portcullis_audit_events_never_deleted',
      { sql: 'DELETE FROM portcullis_audit_events WHERE user_id = ?', args: [Number(sub)] },
      `CREATE TRIGGER portcullis_audit_events_never_deleted BEFORE DELETE ON portcullis_audit_events
        BEGIN SELECT RAISE(ABORT, 'audit events are never deleted'); END`,
    ],
    'write',
  )
  async function insert(given: Inserted = {}): Promise<number> {
    const { event = 'login', outcome = 'success', sessionId = null, attemptSeq = null } = given
    const { rows } = await client.execute({
      sql: `INSERT INTO portcullis_audit_events
          (at, event, outcome, actor, user_id, session_id, attempt_seq)
        VALUES (1793000000, ?, ?, 'user', ?, ?, ?) RETURNING seq`,
      args: [event, outcome, Number(sub), sessionId, attemptSeq],
    })
    const seq = Number(rows[0]?.seq)
    if (given.details) {
      await client.execute({
        sql: `INSERT INTO portcullis_audit_details (seq, address, device, expires_at)
          VALUES (?, ?, 'Firefox on Windows', unixepoch() + ?)`,
        args: [seq, given.details.address, given.details.expiresIn],
      })
    }
    return seq
  }
  const list = (query = '') => ask(app, `/auth/events${query}`, bearing(token))
  async function page(query = '') {
    const { status, body } = await list(query)
    const { events, next } = body.data as { events: { id: number }[]; next: number | null }
    return { status, next, events, ids: events.map(({ id }) => id) }
  }
  return { token, sessionId: String(sid), insert, list, page }
}

describe('GET /auth/events', () => {
  it('lists the events of the account, newest first, in one round trip', async () => {
    const owner = await createOwner()
    expect(await owner.page()).toEqual({ status: 200, next: null, events: [], ids: [] })
    const details = { address: '192.0.2.7', expiresIn: 60 }
    const login = await owner.insert({ sessionId: owner.sessionId, details })
    await (await createOwner()).insert()
    const disabled = await owner.insert({ event: 'users disable', sessionId: 'x'.repeat(16) })
    counting.roundTrips = 0
    const { body } = await owner.list()
    expect(counting.roundTrips).toBe(1)
    const at = new Date(1_793_000_000_000).toISOString()
    expect(body).toEqual({
      status: 'success',
      data: {
        events: [
          {
            ...{ id: disabled, event: 'users disable', outcome: 'success', at },
            ...{ session_id: 'x'.repeat(16), current: false, device: null, address: null },
          },
          {
            ...{ id: login, event: 'login', outcome: 'success', at },
            ...{ session_id: owner.sessionId, current: true },
            ...{ device: 'Firefox on Windows', address: '192.0.2.7' },
          },
        ],
        next: null,
      },
    })
  })

  it('shows no details that have expired, also before they are deleted', async () => {
    const owner = await createOwner()
    await owner.insert({ details: { address: '192.0.2.7', expiresIn: 0 } })
    expect((await owner.page()).events).toMatchObject([{ device: null, address: null }])
  })

  it('shows an attempt as failed, and leaves it out when it has succeeded', async () => {
    const owner = await createOwner()
    const wrong = await owner.insert({ outcome: 'attempted' })
    const right = await owner.insert({ outcome: 'attempted' })
    const between = await owner.insert({ outcome: 'attempted' })
    const success = await owner.insert({ attemptSeq: right })
    const blocked = await owner.insert({ outcome: 'too_many_attempts' })
    const { ids, events } = await owner.page()
    expect(ids).toEqual([blocked, success, between, wrong])
    expect(events.map((event) => (event as unknown as { outcome: string }).outcome)).toEqual([
      ...['too_many_attempts', 'success', 'failed', 'failed'],
    ])
    // The success is on another page.
    expect((await owner.page(`?before=${between}`)).ids).toEqual([wrong])
    expect((await owner.page(`?before=${success}&limit=1`)).ids).toEqual([between])
  })

  it('pages through all events once, whatever comes meanwhile', async () => {
    const owner = await createOwner()
    const inserted: number[] = []
    for (let count = 0; count < 7; count += 1) inserted.push(await owner.insert())
    const first = await owner.page('?limit=3')
    expect([first.ids, first.next]).toEqual([inserted.slice(4).reverse(), inserted[4]])
    await owner.insert()
    const second = await owner.page(`?limit=3&before=${first.next}`)
    expect([second.ids, second.next]).toEqual([inserted.slice(1, 4).reverse(), inserted[1]])
    const last = await owner.page(`?limit=3&before=${second.next}`)
    expect([last.ids, last.next]).toEqual([[inserted[0]], null])
    expect((await owner.page(`?limit=1&before=${inserted[1]}`)).next).toBeNull()
  })

  it('gives 50 events by default, and at most 100', async () => {
    const owner = await createOwner()
    for (let count = 0; count < 101; count += 1) await owner.insert()
    expect((await owner.page()).ids).toHaveLength(50)
    const most = await owner.page('?limit=100')
    expect([most.ids.length, most.next]).toEqual([100, most.ids[99]])
  })

  it.each(['0', '101', '-1', '1.5', '1e1', '01', 'x', '', '%00', '99999999999999999999'])(
    'refuses limit=%s without a round trip',
    async (limit) => {
      const owner = await createOwner()
      counting.roundTrips = 0
      const { status, body } = await owner.list(`?limit=${limit}`)
      const message = 'Give limit once, as a whole number from 1 to 100, or leave it out.'
      expect([status, body.code, body.errors]).toEqual([
        422,
        'invalid_input',
        [{ field: 'limit', message }],
      ])
      expect(counting.roundTrips).toBe(0)
    },
  )

  it('reports all wrong numbers at once, also one that is given twice', async () => {
    const owner = await createOwner()
    const { status, body } = await owner.list('?before=0&limit=1&limit=1')
    expect([status, body.errors]).toEqual([
      422,
      [
        {
          field: 'before',
          message: 'Give before once, as a whole number of at least 1, or leave it out.',
        },
        expect.objectContaining({ field: 'limit' }),
      ],
    ])
    const unknown = await owner.list('?other=x&before=9007199254740991')
    expect(unknown.status).toBe(200)
  })

  it('refuses a revoked token at once', async () => {
    const owner = await createOwner()
    await logout(app, owner.token)
    const { status, body } = await owner.list()
    expect([status, body.code]).toEqual([401, 'token_revoked'])
  })
})
