// What the service needs from outside, built once per process or isolate.

import type { PublicJwk } from '../../token/jwk.ts'
import type { OAuthClient } from '../config/settings.ts'
import type { Database } from '../store/database.ts'
import type { Revocation } from '../store/revoked-tokens.ts'
import type { RevocationFeed } from './feed/feed.ts'
import type { HashQueue } from './identity/hash-queue.ts'
import type { PasswordHasher } from './identity/password-hasher.ts'
import type { TokenDeps } from './tokens/token-deps.ts'

/** Finds the address that a request came from; `env` is what the entry hands to the app. */
export type ClientAddress = (request: Request, env: unknown) => string | undefined

/** Whom the service tells of revocations, beside the feed. */
interface Revocations {
  /**
   * Tells the guards of this isolate of a revocation that was stored, ahead of the feed. Does
   * nothing without one. No I/O.
   */
  announce(revocation: Revocation | undefined): void
}

/** Services and settings. Functions take the part they need: `Pick<Deps, …>`. */
export interface Deps extends TokenDeps {
  /** Where accounts, sessions and revocations are. */
  readonly database: Database
  /** Hashes passwords at the configured cost. */
  readonly passwords: PasswordHasher
  /** Where all who hash a password wait, so that hashing leaves time for everything else. */
  readonly hashQueue: HashQueue
  /** What `/.well-known/jwks.json` shows. */
  readonly jwkSet: { readonly keys: readonly PublicJwk[] }
  /** The address that a request came from, as the platform tells it, if it is to be kept. */
  readonly clientAddress: ClientAddress
  /** Who may introspect: client ids and their secrets. */
  readonly oauthClients: readonly OAuthClient[]
  /** What `/auth/feed` shows, shared by the requests of the isolate. */
  readonly feed: RevocationFeed
  /** Where what was revoked is announced. */
  readonly revocations: Revocations
  /** Takes one line of JSON per request. */
  readonly log: (line: string) => void
}
