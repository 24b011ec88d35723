// The entry on Workers, as the platform calls it.

import { env as platformBindings } from 'cloudflare:workers'
import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it, vi } from 'vitest'
import { createWorker } from '../src/service/create-worker.ts'
import worker from '../src/worker.ts'
import { secretKey } from './support/service.ts'

const env = {
  ISSUER: 'https://auth.example.com',
  // Another database than the one in which other tests count deleted rows.
  TURSO_DATABASE_URL: inject('futureDatabaseUrl'),
  SECRET_KEY: secretKey,
  SIGNING_KEYS: '',
}
const context = {} as ExecutionContext

// The service keeps the function that it finds at its start, so the spy comes first.
const log = vi.spyOn(console, 'log')

describe('the Worker', () => {
  it('answers requests', async () => {
    const request = new Request('https://auth.example.com/health') as Parameters<
      typeof worker.fetch
    >[0]
    const answer = await worker.fetch(request, env, context)
    expect(answer.status).toBe(200)
  })

  it('is built once for many first requests, and none waits for another', async () => {
    const { fetch } = createWorker()
    const ask = (path: string) => fetch(new Request(`https://auth.example.com${path}`), env)
    const answers = await Promise.all(['/health', '/ready', '/health'].map(ask))
    expect(answers.map(({ status }) => status)).toEqual([200, 503, 200])
  })

  it('asks the rate limiting binding for each network, if it is bound', async () => {
    const { fetch } = createWorker()
    const login = async (bound: object, address: string) => {
      const headers = { 'CF-Connecting-IP': address, 'Content-Type': 'application/json' }
      const init = { method: 'POST', headers, body: '{}' }
      const request = new Request('https://auth.example.com/auth/login', init)
      return (await fetch(request, { ...env, ...bound })).status
    }
    const { LOGIN_RATE_LIMIT } = platformBindings as { LOGIN_RATE_LIMIT?: object }
    expect(LOGIN_RATE_LIMIT).toBeDefined()
    const statuses: number[] = []
    for (const host of [1, 2, 3, 4]) {
      statuses.push(await login({ LOGIN_RATE_LIMIT }, `2001:db8:a:b::${host}`))
    }
    expect(statuses).toEqual([422, 422, 429, 429])
    expect(await login({ LOGIN_RATE_LIMIT }, '2001:db8:a:c::1')).toBe(422)
    expect(await login({}, '2001:db8:a:b::1')).toBe(422)
  })

  it('names what is wrong with its settings, and does nothing else', async () => {
    const error = vi.spyOn(console, 'error').mockReturnValue()
    const { fetch } = createWorker()
    const answer = await fetch(new Request('https://auth.example.com/health'), {
      ...env,
      BCRYPT_COST: '99',
    })
    expect([answer.status, await answer.json()]).toEqual([
      500,
      expect.objectContaining({ code: 'misconfigured' }),
    ])
    expect(error.mock.calls).toEqual([
      ['{"event":"misconfigured","problems":["BCRYPT_COST must be a whole number from 4 to 14."]}'],
    ])
    error.mockRestore()
  })

  it('seals and prunes on its schedule, and writes one log line', async () => {
    const client = createClient({ url: env.TURSO_DATABASE_URL })
    await client.executeMultiple(`
      INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
        VALUES ('long-expired----', 0, 0);
      INSERT INTO portcullis_audit_details (seq, expires_at) VALUES (999999999, 0);
      INSERT INTO portcullis_audit_events (at, event, outcome, actor)
        VALUES (0, 'login', 'attempted', 'user');
      INSERT INTO portcullis_attempts (key, count, last_at) VALUES ('forgotten', 3, 0);
      INSERT INTO portcullis_users
        (email, email_normalized, password_hash, token_generation, registered_at)
        VALUES ('ada@example.com', 'ada@example.com', '', 'generation-00000', 0);
      INSERT INTO portcullis_sessions
        (id, user_id, created_at, authenticated_at, rotated_at, expires_at, absolute_expires_at)
        SELECT 'long-ended------', id, 0, 0, 0, 0, 0 FROM portcullis_users;
    `)
    await worker.scheduled({} as ScheduledController, env)
    const { rows } = await client.execute(
      `SELECT id FROM portcullis_revoked_tokens WHERE id = 'long-expired----'
        UNION ALL SELECT id FROM portcullis_sessions`,
    )
    expect(rows).toEqual([])
    const unsealed = await client.execute(
      `SELECT max(seq) - (SELECT max(last_seq) FROM portcullis_audit_seals) AS count
        FROM portcullis_audit_events`,
    )
    expect(unsealed.rows).toEqual([{ count: 0 }])
    const lines = log.mock.calls.map(([line]) => JSON.parse(line))
    expect(lines).toContainEqual({
      event: 'prune',
      sealed: expect.any(Number),
      pruned: 1,
      prunedSessions: 1,
      prunedAttempts: 1,
      prunedAuditDetails: 1,
      prunedMail: 0,
      deletedAccounts: 0,
      head: { number: expect.any(Number), mac: expect.stringMatching(/^[\w-]{43}$/) },
    })
  })
})
