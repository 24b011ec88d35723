// Puts the service together from values, once per isolate or process: no I/O, and nothing that
// belongs to a request.

import type { Hono } from 'hono'
import { createApp } from './app.ts'
import type { Config } from './config.ts'
import { createPasswordHasher } from './crypto/password.ts'
import type { Deps, Env } from './deps.ts'
import { pruneRevocations } from './domain/revocation/prune.ts'
import type { Runtime } from './runtime.ts'
import type { Database } from './store/database.ts'
import { createSecretSigningKey } from './token/signing-key.ts'

/** What both entries run. */
export interface Service {
  readonly app: Hono<Env>
  /** Housekeeping, for the platform's scheduler; leaves one line in the log. */
  prune(): Promise<void>
}

/** Where the parts come from that differ between platforms and tests. */
export interface Surroundings {
  readonly runtime: Runtime
  readonly database: Database
  readonly log: (line: string) => void
}

/** The service, ready for its first request. */
export function createService(config: Config, surroundings: Surroundings): Service {
  const deps: Deps = {
    ...surroundings,
    passwords: createPasswordHasher(config.bcryptCost, surroundings.runtime),
    accessTokens: {
      issuer: config.issuer,
      audience: config.audience,
      signingKey: createSecretSigningKey(config.secretKey),
      accessTokenLifetimeSeconds: config.accessTokenLifetimeSeconds,
    },
    longestAccessTokenLifetimeSeconds: config.longestAccessTokenLifetimeSeconds,
    passwordMinLength: config.passwordMinLength,
    corsOrigins: config.corsOrigins,
    vocabulary: config.vocabulary,
  }
  return {
    app: createApp(deps),
    async prune() {
      const pruned = await pruneRevocations(deps)
      deps.log(JSON.stringify({ event: 'prune', pruned }))
    },
  }
}
