// A million counted attempts: as many accounts were tried within a day.

import { createClient } from '@libsql/client/http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import { parseConfig } from '../../../src/service/config/parse-config.ts'
import {
  findAttempts,
  forgetAttempts,
} from '../../../src/service/domain/limits/account-attempts.ts'
import { createAttemptKeyMaker } from '../../../src/service/domain/limits/attempt-keys.ts'
import { createService, type Service } from '../../../src/service/service.ts'
import { freshEmail } from '../../support/client.ts'
import { type ServedDatabase, startDatabase } from '../../support/database.ts'
import { recordStatements } from '../../support/query-plans.ts'
import { testSettings } from '../../support/settings.ts'

const count = 1_000_000
/** One run of housekeeping deletes 225,000 of them. */
const forgotten = 226_500
/** A statement takes seconds, and sqld ends those that take longer. */
const rowsPerInsert = 50_000
const daySeconds = 86_400
/** A busy machine takes minutes to make the rows. */
const fillingMs = 240_000
/** Reading every row takes longer than this. */
const longestMs = 100

/** In the order of the keys, which is faster. Every other row is of a source. */
const fill = `WITH RECURSIVE numbers(n) AS
    (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2 - 1)
  INSERT INTO portcullis_attempts (key, count, last_at)
  SELECT printf('%022d', n / 2) || iif(n % 2, printf('.%022d', n), ''),
    1 + n % 100, unixepoch() - iif(n < ?3, ?4 + 60, 0) - n % 1000
  FROM numbers`

const attemptSteps = (steps: readonly string[]) =>
  steps.filter((step) => step.includes('portcullis_attempts'))

describe('with 1,000,000 counted attempts', () => {
  let database: ServedDatabase
  let recorded: ReturnType<typeof recordStatements>
  let service: Service
  let limits: Awaited<ReturnType<typeof readConfig>>['limits']
  const log: string[] = []
  const account = { email: freshEmail(), password: 'a good password' }

  async function readConfig(url: string) {
    const variables = { ...testSettings, LIMITS: 'normal', TURSO_DATABASE_URL: url }
    const config = await parseConfig(variables, { hasFiles: false })
    if (!config.ok) throw new Error(config.error.join(' '))
    return config.value
  }

  beforeAll(async () => {
    database = await startDatabase()
    recorded = recordStatements(createClient({ url: database.url }))
    const config = await readConfig(database.url)
    limits = config.limits
    const write = (line: string) => log.push(line)
    const parts = { runtime: systemRuntime, database: recorded.recording, log: write }
    service = createService(config, parts)
    expect((await post('/auth/register', account)).status).toBe(201)
    for (let first = 0; first < count; first += rowsPerInsert) {
      const last = Math.min(first + rowsPerInsert, count)
      await database.query(fill, first, last, forgotten, daySeconds)
    }
    expect(await rows()).toBe(count)
  }, fillingMs)
  afterAll(async () => database?.stop())

  async function rows(): Promise<number> {
    const [row] = await database.query('SELECT count(*) AS rows FROM portcullis_attempts')
    return Number(row?.rows)
  }

  async function post(path: string, body: unknown, token?: string) {
    const bearing = token && { Authorization: `Bearer ${token}` }
    const headers = { 'Content-Type': 'application/json', ...bearing }
    const answer = await service.app.request(path, {
      ...{ method: 'POST', headers, body: JSON.stringify(body) },
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  it('every statement about them finds its rows by the key', async () => {
    const known = await post('/auth/login', account)
    const token = String(known.body.auth_token)
    const wrong = { ...account, password: 'another password' }
    const withDevice = { ...account, device_token: known.body.device_token }
    const statuses: number[] = []
    const statusOf = async (...request: Parameters<typeof post>) => {
      statuses.push((await post(...request)).status)
    }
    const deps = {
      database: recorded.recording,
      attemptKeys: createAttemptKeyMaker({ secretKey: testSettings.SECRET_KEY }),
    }
    const entry = { event: 'users unlock', actor: 'administrator' } as const
    const named = { email: account.email, userId: 1 }
    const asked: [string, () => Promise<unknown>][] = [
      ['login', () => statusOf('/auth/login', account)],
      ['login of a known device', () => statusOf('/auth/login', withDevice)],
      ['wrong login', () => statusOf('/auth/login', wrong)],
      ['reauthenticate', () => statusOf('/auth/reauthenticate', account, token)],
      ['limits show', () => findAttempts(deps, named, limits.attempts)],
      ['users unlock', () => forgetAttempts(deps, named, entry)],
    ]
    for (const [name, ask] of asked) {
      const steps = attemptSteps(await recorded.stepsOf(ask))
      expect(steps, name).not.toEqual([])
      const byKey = /^SEARCH portcullis_attempts USING PRIMARY KEY \(key(=\?|>\? AND key<\?)\)$/
      expect(
        steps.filter((step) => !byKey.test(step)),
        name,
      ).toEqual([])
    }
    expect(statuses).toEqual([200, 200, 404, 200])
  })

  it('a wrong and a blocked login take less than 100 ms', async () => {
    const times: number[] = []
    const statuses = new Set<number>()
    for (let tried = 0; tried < 40; tried += 1) {
      const startedAt = performance.now()
      statuses.add((await post('/auth/login', { ...account, password: 'x' })).status)
      times.push(performance.now() - startedAt)
    }
    expect([...statuses]).toEqual([404, 429])
    const [median = Number.NaN] = times.sort((one, other) => one - other).slice(20)
    expect(median).toBeLessThan(longestMs)
  })

  it('housekeeping deletes the forgotten ones 1,000 at a time, by the index, and no others', async () => {
    const before = await rows()
    const deletes = (await recorded.statementsOf(() => service.prune())).filter(({ statement }) =>
      JSON.stringify(statement).includes('delete from \\"portcullis_attempts\\"'),
    )
    expect(deletes).toHaveLength(225)
    expect(new Set(deletes.map(({ rowsAffected }) => rowsAffected))).toEqual(new Set([1_000]))
    expect(JSON.parse(log.at(-1) ?? '')).toMatchObject({ event: 'prune', prunedAttempts: 225_000 })
    const steps = attemptSteps(await recorded.stepsOf(() => service.prune()))
    expect(new Set(steps)).toEqual(
      new Set([
        'SEARCH portcullis_attempts USING PRIMARY KEY (key=?)',
        'SEARCH portcullis_attempts USING COVERING INDEX portcullis_attempts_last_at (last_at<?)',
      ]),
    )
    expect(await rows()).toBe(before - forgotten)
  })
})
