// Registrations, logins and logouts all the time, while the database and the service are killed.
// Every action that was answered has its event, and every event has its action.

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Sqld, startSqld } from '../../scripts/sqld.ts'
import { type Answer, createClientOf, freshEmail, tokensOf } from '../support/client.ts'
import { type ServedDatabase, startDatabase } from '../support/database.ts'
import { type Server, until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

const clients = 24
const kills = 2
const password = 'a good password'

let database: ServedDatabase
let sqld: Sqld
let server: Server
/** Events that must be there: the ids of the requests that were answered so. */
const acknowledged = new Map<string, string>()
let answers = 0

const variables = () => ({ ...testSettings, TURSO_DATABASE_URL: database.url })

/** Sends a request, and remembers what was acknowledged. No answer is no promise. */
async function ask(
  event: string,
  status: number,
  request: (client: ReturnType<typeof createClientOf>) => Promise<Answer>,
): Promise<Answer | undefined> {
  const answer = await request(createClientOf(server.baseUrl)).catch(() => undefined)
  if (answer?.status !== status) return undefined
  answers += 1
  acknowledged.set(String(answer.headers.get('X-Request-Id')), event)
  return answer
}

async function live(isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const email = freshEmail()
    const registered = await ask('register', 201, (client) => client.register({ email, password }))
    if (!registered) continue
    const loggedIn = await ask('login', 200, (client) => client.login({ email, password }))
    for (const tokens of [registered, loggedIn]) {
      if (tokens) await ask('logout', 200, (client) => client.logout(tokensOf(tokens).token))
    }
  }
}

/** Ends the process at once, and waits until it is gone. */
async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

async function killDatabase(): Promise<void> {
  await kill(sqld.process)
  const port = Number(new URL(database.url).port)
  sqld = await startSqld({ port, directory: database.directory })
}

async function killService(): Promise<void> {
  const killed = server
  await kill(killed.process)
  server = await serveOnWorkerd(inject('bundle'), variables(), {
    port: Number(new URL(killed.baseUrl).port),
  })
  await killed.stop()
}

describe('when database and service are killed in a storm', () => {
  beforeAll(async () => {
    database = await startDatabase()
    sqld = database.sqld
    server = await serveOnWorkerd(inject('bundle'), variables())
    let isOver = false
    const storm = Array.from({ length: clients }, () => live(() => isOver))
    const untilMore = async () => {
      const before = answers
      await until(() => answers > before + 5 * clients, 60_000)
    }
    await untilMore()
    for (let killed = 0; killed < kills; killed += 1) {
      await killDatabase()
      await untilMore()
      await killService()
      await untilMore()
    }
    isOver = true
    await Promise.all(storm)
  })
  afterAll(async () => {
    await server?.stop()
    await sqld?.stop()
    await database?.stop()
  })

  it('no acknowledged action is without its event', async () => {
    const rows = await database.query(
      `SELECT request_id, event FROM portcullis_audit_events WHERE outcome = 'success'`,
    )
    const found = new Map(rows.map((row) => [String(row.request_id), String(row.event)]))
    expect(found.size).toBe(rows.length)
    const missing = [...acknowledged].filter(([id, event]) => found.get(id) !== event)
    expect(missing).toEqual([])
    expect(new Set(acknowledged.values())).toEqual(new Set(['register', 'login', 'logout']))
  })

  it.each([
    [
      'accounts',
      'SELECT id FROM portcullis_users',
      `SELECT user_id AS id FROM portcullis_audit_events
        WHERE event = 'register' AND outcome = 'success'`,
    ],
    [
      'sessions',
      'SELECT id, user_id FROM portcullis_sessions',
      `SELECT session_id AS id, user_id FROM portcullis_audit_events
        WHERE event IN ('register', 'login') AND outcome = 'success'`,
    ],
    [
      'ended sessions',
      'SELECT id, user_id FROM portcullis_sessions WHERE revoked_at IS NOT NULL',
      `SELECT session_id AS id, user_id FROM portcullis_audit_events WHERE event = 'logout'`,
    ],
    [
      'sessions with their attempts',
      `SELECT s.id, s.user_id FROM portcullis_sessions s JOIN portcullis_audit_events e
        ON e.session_id = s.id AND e.event = 'login' AND e.outcome = 'success'`,
      `SELECT e.session_id AS id, a.user_id FROM portcullis_audit_events e
        JOIN portcullis_audit_events a ON a.seq = e.attempt_seq AND a.outcome = 'attempted'
        AND a.request_id = e.request_id`,
    ],
    [
      'personal details',
      'SELECT seq FROM portcullis_audit_details',
      'SELECT seq FROM portcullis_audit_events',
    ],
  ])('%s and their events are the same', async (_, actions, events) => {
    const [done, recorded] = [await database.query(actions), await database.query(events)]
    const words = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort()
    expect(done.length).toBeGreaterThan(0)
    expect(words(recorded)).toEqual(words(done))
  })
})
