// Tokens as the service signs them, for sessions without a login.

import { createRandomId } from '../../src/crypto/random-id.ts'
import { type Runtime, systemRuntime } from '../../src/runtime/runtime.ts'
import { issueAccessToken } from '../../src/token/access-token.ts'
import {
  activeKeyOf,
  importSecretSigningKey,
  importSigningKey,
  parseSigningKeys,
  type SigningKey,
} from '../../src/token/signing-key.ts'
import { testSettings } from '../../test/support/settings.ts'

/** The issuer of all tokens here. */
export const issuer = 'https://auth.example.com'
/** Longer than any part of the bench takes. */
const lifetimeSeconds = 7_200

interface TokenOptions {
  readonly sessionId?: string
  readonly lifetimeSeconds?: number
  readonly runtime?: Runtime
}

/** A token of a session. Without a name, the session is a new one. */
export async function signToken(key: SigningKey, options: TokenOptions = {}): Promise<string> {
  const { runtime = systemRuntime, sessionId = createRandomId(runtime) } = options
  const settings = {
    issuer,
    audience: issuer,
    signingKey: async () => key,
  }
  // Random as well, so that every lookup in the view is for another id.
  const [tokenId, tokenGeneration] = [createRandomId(runtime), createRandomId(runtime)]
  const issuedAt = runtime.now()
  return issueAccessToken(settings, {
    userId: 1,
    sessionId,
    tokenId,
    tokenGeneration,
    roles: [],
    authenticatedAt: issuedAt,
    issuedAt,
    expiresAt: issuedAt + (options.lifetimeSeconds ?? lifetimeSeconds),
  })
}

/** Tokens, each of a session and a user of its own. */
export function signTokens(key: SigningKey, count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => signToken(key)))
}

/** The key of a service that has only SECRET_KEY. */
export function secretKey(): Promise<SigningKey> {
  return importSecretSigningKey(testSettings.SECRET_KEY)
}

/** The active key of SIGNING_KEYS. */
export async function activeKey(signingKeys: string): Promise<SigningKey> {
  const keys = await parseSigningKeys(signingKeys)
  const active = keys.ok ? activeKeyOf(keys.value) : undefined
  if (!active) throw new Error('There is no active signing key')
  return importSigningKey(active)
}
