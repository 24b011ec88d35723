// What the service needs from outside, built once per process or isolate.

import type { Mac } from '../../crypto/derived-key.ts'
import type { PublicJwk } from '../../token/jwk.ts'
import type { OAuthClient } from '../config/settings.ts'
import type { Database } from '../store/database.ts'
import type { Revocation } from '../store/revoked-tokens.ts'
import type { CodeDeps } from './codes/code-deps.ts'
import type { RevocationFeed } from './feed/feed.ts'
import type { BreachCheck } from './identity/breach-check.ts'
import type { HashQueue } from './identity/hash-queue.ts'
import type { PasswordHasher } from './identity/password-hasher.ts'
import type { LimitDeps } from './limits/limit-deps.ts'
import type { Readiness } from './readiness.ts'
import type { TokenDeps } from './tokens/token-deps.ts'

/** Finds the address that a request came from. `env` is what the entry passes to the app. */
export type ClientAddress = (request: Request, env: unknown) => string | undefined

/** Where the service announces revocations, in addition to the feed. */
interface Revocations {
  /**
   * Tells the guards of this isolate about a stored revocation, before the feed does. Does nothing
   * for undefined. No I/O.
   */
  announce(revocation: Revocation | undefined): void
}

/** Services and settings. Functions take the part they need: `Pick<Deps, …>`. */
export interface Deps extends TokenDeps, LimitDeps, CodeDeps {
  /** Where accounts, sessions and revocations are stored. */
  readonly database: Database
  /** Hashes passwords at the configured cost. */
  readonly passwords: PasswordHasher
  /** The queue for all password hashing, so that hashing leaves time for everything else. */
  readonly hashQueue: HashQueue
  /** Tells whether a new password was in a data breach. */
  readonly breaches: BreachCheck
  /** What `/.well-known/jwks.json` serves. */
  readonly jwkSet: { readonly keys: readonly PublicJwk[] }
  /** Whether the service is ready, for `/ready`. */
  readonly readiness: Readiness
  /** The address that a request came from, as the platform reports it. */
  readonly clientAddress: ClientAddress
  /** The clients that may introspect: their ids and secrets. */
  readonly oauthClients: readonly OAuthClient[]
  /** What `/auth/feed` serves, shared by the requests of the isolate. */
  readonly feed: RevocationFeed
  /** Makes and verifies the tokens of the pages' forms. */
  readonly formMac: Mac
  /** Where revocations are announced. */
  readonly revocations: Revocations
  /** Takes one line of JSON: for each request, and for each event. */
  readonly log: (line: string) => void
}
