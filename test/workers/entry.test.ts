// The entry on Workers, as the platform calls it.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it, vi } from 'vitest'
import worker from '../../src/worker.ts'
import { secretKey } from './support/service.ts'

const env = {
  ISSUER: 'https://auth.example.com',
  // Not the database in which other tests count what is pruned.
  TURSO_DATABASE_URL: inject('futureDatabaseUrl'),
  SECRET_KEY: secretKey,
  SIGNING_KEYS: '',
}
const context = {} as ExecutionContext

// The service keeps the function that it finds, so the spy is there before the service.
const log = vi.spyOn(console, 'log')

describe('the Worker', () => {
  it('answers requests', async () => {
    const request = new Request('https://auth.example.com/health') as Parameters<
      typeof worker.fetch
    >[0]
    const answer = await worker.fetch(request, env, context)
    expect(answer.status).toBe(200)
  })

  it('prunes on its schedule, and leaves one line in the log', async () => {
    const client = createClient({ url: env.TURSO_DATABASE_URL })
    await client.execute(
      "INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at) VALUES ('long-expired----', 0, 0)",
    )
    await worker.scheduled({} as ScheduledController, env)
    const { rows } = await client.execute(
      "SELECT 1 FROM portcullis_revoked_tokens WHERE id = 'long-expired----'",
    )
    expect(rows).toEqual([])
    const lines = log.mock.calls.map(([line]) => JSON.parse(line))
    expect(lines).toContainEqual({
      event: 'prune',
      pruned: expect.any(Number),
      prunedSessions: expect.any(Number),
    })
  })
})
