// The service as the entries build it, over the real database, with a clock that tests advance.

import { createClient } from '@libsql/client/http'
import type { Hono } from 'hono'
import { inject } from 'vitest'
import { createRandomId } from '../../src/crypto/random-id.ts'
import { type Runtime, systemRuntime } from '../../src/runtime/runtime.ts'
import type { Config } from '../../src/service/config/config.ts'
import { parseConfig } from '../../src/service/config/parse-config.ts'
import type { ServiceEnv } from '../../src/service/http/service-env.ts'
import { createService, type PlatformParts, type Service } from '../../src/service/service.ts'
import type { AuditEntry } from '../../src/service/store/audit-events.ts'
import type { Database } from '../../src/service/store/database.ts'
import { openRemoteDatabase } from '../../src/service/store/remote-database.ts'
import { insertUserAndSession } from '../../src/service/store/sessions.ts'
import type { ClaimsHook } from '../../src/token/claims-hook.ts'
import type { SigningJwk } from '../../src/token/signing-key.ts'

export const secretKey = 'a secret of these tests: 0123456789abcdef'

export interface FakeClock extends Runtime {
  advance(seconds: number): void
}

/**
 * Time that stands still until it is advanced. It begins with the database's time, which cannot be
 * stopped. For durations, a delay advances it as well.
 */
export function createFakeClock(): FakeClock {
  let now = systemRuntime.now()
  let delayedMs = 0
  return {
    now: () => now,
    nowMs: () => now * 1_000,
    elapsedMs: () => now * 1_000 + delayedMs,
    async delay(ms, signal) {
      const dueMs = delayedMs + ms
      await systemRuntime.delay(ms, signal)
      if (!signal?.aborted) delayedMs = Math.max(delayedMs, dueMs)
    },
    randomBytes: systemRuntime.randomBytes,
    advance(seconds) {
      now += seconds
    },
  }
}

export const database: Database = openRemoteDatabase({ url: inject('databaseUrl') })

/** The database, counting the round trips to it. */
export function createCountingDatabase(): Database & { roundTrips: number } {
  return {
    ...database,
    roundTrips: 0,
    withClient(use) {
      this.roundTrips += 1
      return database.withClient(use)
    },
  }
}

export interface TestService extends Service {
  readonly app: Hono<ServiceEnv>
  readonly config: Config
  readonly clock: FakeClock
  readonly log: string[]
}

/**
 * A service with the given settings over the shared database.
 *
 * @param unchecked replaces settings with values that the settings would refuse
 */
export async function createTestService(
  variables: Record<string, string> = {},
  parts: Partial<PlatformParts> = {},
  unchecked: Partial<Config> = {},
): Promise<TestService> {
  const parsed = await parseConfig(
    {
      ISSUER: 'https://auth.example.com',
      TURSO_DATABASE_URL: inject('databaseUrl'),
      SECRET_KEY: secretKey,
      BCRYPT_COST: '4',
      ...variables,
    },
    { hasFiles: false },
  )
  if (!parsed.ok) throw new Error(parsed.error.join(' '))
  const config = { ...parsed.value, ...unchecked }
  const clock = createFakeClock()
  const log: string[] = []
  const write = (line: string) => log.push(line)
  const all = { database, ...parts, runtime: clock, log: write }
  return { ...createService(config, all), config, clock, log }
}

const half = 'A'.repeat(43)

/** Its coordinates have the right length, but are not on the curve. The settings refuse it. */
export const brokenKey: SigningJwk = {
  ...{ kty: 'EC', crv: 'P-256', alg: 'ES256', kid: 'broken' },
  ...{ x: half, y: half, d: half, state: 'active' },
}

/** The entry of what tests do with the store alone. */
export const testEntry: AuditEntry = { event: 'test', actor: 'user' }

/** Inserts an account with an unknown password. Gives its id. */
export async function insertAccount(): Promise<number> {
  const email = freshEmail()
  const user = {
    email,
    emailNormalized: email,
    spellings: [email],
    passwordHash: createRandomId(systemRuntime),
    tokenGeneration: createRandomId(systemRuntime),
  }
  const session = {
    sessionId: createRandomId(systemRuntime),
    device: undefined,
    address: undefined,
    lifetimes: { idleSeconds: 3_600, absoluteSeconds: 7_200 },
    tokenExpiresAt: systemRuntime.now() + 900,
  }
  const inserted = await insertUserAndSession(database, user, session, testEntry)
  return inserted?.userId ?? 0
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
export function post(app: Hono<ServiceEnv>, path: string, body: unknown): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' }
  return ask(app, path, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** A POST of JSON with a token. */
export function postWith(
  app: Hono<ServiceEnv>,
  path: string,
  token: string,
  body: unknown,
): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json', ...bearing(token).headers }
  return ask(app, path, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** A POST of a form. */
export function postForm(
  app: Hono<ServiceEnv>,
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return ask(app, path, { method: 'POST', headers, body: new URLSearchParams(form) })
}

/** Presents a refresh token. */
export function refreshWith(app: Hono<ServiceEnv>, refreshToken: string): Promise<Answer> {
  return post(app, '/auth/refresh', { refresh_token: refreshToken })
}

/** Changes the row of a session, as if it were later. */
export async function pretend(change: string, refreshToken: string): Promise<void> {
  await createClient({ url: inject('databaseUrl') }).execute({
    sql: `UPDATE portcullis_sessions SET ${change} WHERE id = ?`,
    args: [sessionIdOf(refreshToken)],
  })
}

/** Changes a session's row as if this time had passed. */
export function passTime(seconds: number, refreshToken: string): Promise<void> {
  const columns = ['rotated_at', 'marked_at', 'refreshes_since', 'token_revocations_until']
  const back = [...columns, 'tokens_expire_at'].map((name) => `${name} = ${name} - ${seconds}`)
  return pretend(back.join(', '), refreshToken)
}

/** Changes the row of an account in the database. */
export async function changeAccount(email: string, change: string): Promise<void> {
  await createClient({ url: inject('databaseUrl') }).execute({
    sql: `UPDATE portcullis_users SET ${change} WHERE email = ?`,
    args: [email],
  })
}

/** A claims hook during which the roles of the account change, each time. */
export const claimsDuringChange: ClaimsHook = async ({ email }) => {
  await changeAccount(email, `other_roles = trim(other_roles || ' r' || length(other_roles))`)
  return {}
}

/** Inserts revocations of unused ids into the database. */
export async function insertRevocations(count: number): Promise<void> {
  await createClient({ url: inject('databaseUrl') }).execute({
    sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
      INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
      SELECT lower(hex(randomblob(8))), unixepoch(), unixepoch() + 900 FROM n`,
    args: [count],
  })
}

/** Deletes an account in the database. */
export async function deleteAccount(email: string): Promise<void> {
  await createClient({ url: inject('databaseUrl') }).execute({
    sql: 'DELETE FROM portcullis_users WHERE email = ?',
    args: [email],
  })
}

export async function ask(
  app: Hono<ServiceEnv>,
  path: string,
  init: RequestInit = {},
): Promise<Answer> {
  const answer = await app.request(path, init)
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : {} }
}

/** The Authorization header with the token. */
export function bearing(token: string): { headers: Record<string, string> } {
  return { headers: { Authorization: `Bearer ${token}` } }
}

/** The tokens of a login. */
export interface Tokens {
  readonly token: string
  readonly refreshToken: string
}

/** The tokens of an answer. */
export function tokensOf({ body }: Answer): Tokens {
  return { token: String(body.auth_token), refreshToken: String(body.refresh_token) }
}

/** The session id of a refresh token. */
export function sessionIdOf(refreshToken: string): string {
  return refreshToken.split('.')[0] ?? ''
}

/** The claims of an access token. */
export function claimsOf(token: string) {
  return JSON.parse(atob(token.split('.')[1] ?? ''))
}

/** Logs out. */
export function logout(app: Hono<ServiceEnv>, token: string): Promise<Answer> {
  return ask(app, '/auth/logout', { method: 'POST', ...bearing(token) })
}

/** Ends a session, with a token of the same account. */
export function endSession(
  app: Hono<ServiceEnv>,
  token: string,
  sessionId: string,
): Promise<Answer> {
  return ask(app, `/auth/sessions/${sessionId}`, { method: 'DELETE', ...bearing(token) })
}

/** A new account's email, password and first tokens. */
export async function registerAccount(app: Hono<ServiceEnv>) {
  const email = freshEmail()
  const password = 'a good password'
  const answer = await post(app, '/auth/register', { email, password })
  return { email, password, ...tokensOf(answer) }
}
