// Attempts to log in, from addresses that a test chooses, and the rows that count them.

import { createClient } from '@libsql/client/http'
import type { Hono } from 'hono'
import { inject } from 'vitest'
import {
  type AttemptPurpose,
  createAttemptKeyMaker,
} from '../../src/service/domain/limits/attempt-keys.ts'
import type { ServiceEnv } from '../../src/service/http/service-env.ts'
import type { PlatformParts } from '../../src/service/service.ts'
import { type Answer, ask, createTestService, secretKey } from './service.ts'

/** What a login says. */
export interface LoginAttempt {
  readonly email: string
  readonly password?: string
  readonly address?: string
  readonly deviceToken?: unknown
}

/** A service whose clients say their address in a header. */
export function createLimitedService(
  variables: Record<string, string> = {},
  parts: Partial<PlatformParts> = {},
) {
  const clientAddress = (request: Request) => request.headers.get('X-Test-Address') ?? undefined
  // Only attempts are limited, unless a test says otherwise.
  const perAddress = { LOGINS_PER_ADDRESS: '100000', REGISTRATIONS_PER_ADDRESS: '100000' }
  return createTestService({ ...perAddress, ...variables }, { clientAddress, ...parts })
}

/** Tries to log in. The password is wrong unless it is given. */
export function tryLogin(app: Hono<ServiceEnv>, attempt: LoginAttempt): Promise<Answer> {
  const { email, password = 'a wrong password', address = '192.0.2.1', deviceToken } = attempt
  return ask(app, '/auth/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Test-Address': address },
    body: JSON.stringify({ email, password, device_token: deviceToken }),
  })
}

/**
 * Tries until the login is not shed, and gives the status. A slow machine sheds some of very many at
 * once; those are not counted.
 */
export async function insistOnLogin(app: Hono<ServiceEnv>, attempt: LoginAttempt): Promise<number> {
  for (;;) {
    const { status } = await tryLogin(app, attempt)
    if (status !== 503) return status
  }
}

/** Logs in so often, one after the other. Gives the statuses. */
export async function tryOften(
  app: Hono<ServiceEnv>,
  times: number,
  attempt: LoginAttempt,
): Promise<number[]> {
  const statuses: number[] = []
  for (let tried = 0; tried < times; tried += 1) {
    statuses.push((await tryLogin(app, attempt)).status)
  }
  return statuses
}

const client = createClient({ url: inject('databaseUrl') })

function keyOf(account: string, purpose: AttemptPurpose): Promise<string> {
  return createAttemptKeyMaker({ secretKey }).ofAccount(purpose, account)
}

/** The counts of an account: from everywhere, then those of its sources, the smallest first. */
export async function countsOf(
  account: string,
  purpose: AttemptPurpose = 'login',
): Promise<number[]> {
  const key = await keyOf(account, purpose)
  const { rows } = await client.execute({
    sql: `SELECT count FROM portcullis_attempts WHERE key = ?1 OR key GLOB ?1 || '.*'
      ORDER BY length(key), count`,
    args: [key],
  })
  return rows.map(({ count }) => Number(count))
}

/** Moves the attempts of an account back, as if this time had passed. */
export async function passTimeFor(
  account: string,
  seconds: number,
  purpose: AttemptPurpose = 'login',
): Promise<void> {
  await client.execute({
    sql: `UPDATE portcullis_attempts SET last_at = last_at - ?2
      WHERE key = ?1 OR key GLOB ?1 || '.*'`,
    args: [await keyOf(account, purpose), seconds],
  })
}
