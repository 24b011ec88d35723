// Better Auth over libSQL, as fast as its options allow: one instance for the isolate (making one for
// each request, as many do on Workers, costs half a millisecond of CPU time), and session and user
// read in one statement (its default is two, one after the other).

import { createClient } from '@libsql/client/http'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { betterAuth } from 'better-auth/minimal'
import { drizzle } from 'drizzle-orm/libsql/http'
import * as schema from './better-auth-schema.ts'
import { fetchUncompressed } from './fetch-uncompressed.ts'

export interface BetterAuthBindings {
  readonly ISSUER: string
  readonly SECRET_KEY: string
  readonly TURSO_DATABASE_URL: string
}

type Options = Parameters<typeof betterAuth>[0]

/** Better Auth with email and password, and whatever the options add. */
export function createAuth(env: BetterAuthBindings, options: Pick<Options, 'session' | 'plugins'>) {
  // Without a limit the client queues nothing, so that no request waits for another one's turn, and
  // it can be shared.
  const client = createClient({
    url: env.TURSO_DATABASE_URL,
    fetch: fetchUncompressed,
    concurrency: Number.POSITIVE_INFINITY,
  })
  return betterAuth({
    baseURL: env.ISSUER,
    secret: env.SECRET_KEY,
    database: drizzleAdapter(drizzle(client, { schema }), { provider: 'sqlite' }),
    emailAndPassword: { enabled: true },
    // It would refuse the preparations; what is measured passes it by.
    rateLimit: { enabled: false },
    advanced: { database: { joins: true } },
    ...options,
  })
}
