// Better Auth over libSQL, as fast as its options allow. The isolate has one instance; making one
// for each request, as many do on Workers, costs half a millisecond of CPU time. One statement
// reads session and user; the default is two, one after the other.

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

/** Better Auth with email and password, and with the other options. */
export function createAuth(env: BetterAuthBindings, options: Pick<Options, 'session' | 'plugins'>) {
  // Without a limit, the client queues nothing. No request waits for another request, and all can
  // share the client.
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
    // The rate limit would refuse the preparations. The measured requests bypass it.
    rateLimit: { enabled: false },
    advanced: { database: { joins: true } },
    ...options,
  })
}
