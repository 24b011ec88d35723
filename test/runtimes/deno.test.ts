// What only Deno has: proxies that the operator runs, and an end that the operator asks for.

import { describe, expect, it } from 'vitest'
import { createDatabaseFile } from '../support/database.ts'
import { serveOnDeno } from '../support/deno.ts'
import { testSettings } from '../support/settings.ts'

describe('the address of a session', () => {
  it.each([
    [{}, '127.0.0.1'],
    [{ TRUSTED_PROXIES: '1' }, '203.0.113.7'],
    [{ TRUSTED_PROXIES: '2' }, undefined],
  ])('is what the trusted proxies say, with %j: %s', async (variables, address) => {
    const database = await createDatabaseFile()
    const settings = { ...testSettings, TURSO_DATABASE_URL: database.url }
    const server = await serveOnDeno({ ...settings, SESSION_ADDRESSES: 'keep', ...variables })
    try {
      const registered = await fetch(`${server.baseUrl}/auth/register`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': '203.0.113.7' },
        body: JSON.stringify({ email: 'a@example.com', password: 'a good password' }),
      })
      const { auth_token } = (await registered.json()) as { auth_token: string }
      const headers = { Authorization: `Bearer ${auth_token}` }
      const listed = await fetch(`${server.baseUrl}/auth/sessions`, { headers })
      const { data } = (await listed.json()) as { data: { sessions: { address?: string }[] } }
      expect(data.sessions.map((session) => session.address ?? undefined)).toEqual([address])
    } finally {
      await server.stop()
      await database.stop()
    }
  })
})
