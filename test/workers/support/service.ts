// The service as the entries build it, over the real database, with a clock that tests move by
// hand.

import type { Hono } from 'hono'
import { inject } from 'vitest'
import { type Config, parseConfig } from '../../../src/config.ts'
import type { Env } from '../../../src/deps.ts'
import { type Runtime, systemRuntime } from '../../../src/runtime.ts'
import { createService, type Service } from '../../../src/service.ts'
import type { Database } from '../../../src/store/database.ts'
import { openRemoteDatabase } from '../../../src/store/remote-database.ts'

export const secretKey = 'a secret of these tests: 0123456789abcdef'

export interface FakeClock extends Runtime {
  advance(seconds: number): void
}

/**
 * Time that stands still until it is advanced; it begins with the database's, which nobody can
 * stop.
 */
export function createFakeClock(): FakeClock {
  let now = systemRuntime.now()
  return {
    now: () => now,
    nowMs: () => now * 1_000,
    elapsedMs: () => now * 1_000,
    delay: systemRuntime.delay,
    randomBytes: systemRuntime.randomBytes,
    advance(seconds) {
      now += seconds
    },
  }
}

export const database: Database = openRemoteDatabase({
  databaseUrl: inject('databaseUrl'),
  databaseAuthToken: undefined,
  databaseTimeoutMs: 5_000,
  databaseHasReplicas: false,
})

export interface TestService extends Service {
  readonly app: Hono<Env>
  readonly config: Config
  readonly clock: FakeClock
  readonly log: string[]
}

/** A service with the given settings over the shared database. */
export function createTestService(
  variables: Record<string, string> = {},
  surroundings: { database?: Database } = {},
): TestService {
  const config = parseConfig(
    {
      ISSUER: 'https://auth.example.com',
      TURSO_DATABASE_URL: inject('databaseUrl'),
      SECRET_KEY: secretKey,
      BCRYPT_COST: '4',
      ...variables,
    },
    { hasFiles: false },
  )
  if (!config.ok) throw new Error(config.reason.join(' '))
  const clock = createFakeClock()
  const log: string[] = []
  const parts = { database, ...surroundings, runtime: clock, log: (line: string) => log.push(line) }
  return { ...createService(config.value, parts), config: config.value, clock, log }
}

let accounts = 0

/** An email that no other test has. */
export function freshEmail(): string {
  accounts += 1
  return `user-${accounts}-${crypto.randomUUID()}@example.com`
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

/** A POST of JSON. */
export function post(app: Hono<Env>, path: string, body: unknown): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' }
  return ask(app, path, { method: 'POST', headers, body: JSON.stringify(body) })
}

export async function ask(app: Hono<Env>, path: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await app.request(path, init)
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : {} }
}

/** Headers with the token. */
export function bearing(token: string): { headers: Record<string, string> } {
  return { headers: { Authorization: `Bearer ${token}` } }
}

/** A new account's email, password and first token. */
export async function registerAccount(app: Hono<Env>) {
  const email = freshEmail()
  const password = 'a good password'
  const answer = await post(app, '/auth/register', { email, password })
  return { email, password, token: String(answer.body.auth_token) }
}
