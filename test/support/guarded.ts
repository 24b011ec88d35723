// Guards in processes of their own, and tokens for them. Each guard has an issuer, so that each has
// its own path to the one service.

import { fileURLToPath } from 'node:url'
import { findFreePort } from '../../scripts/ports.ts'
import { createRandomId } from '../../src/crypto/random-id.ts'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { type IssuerSettings, issueAccessToken } from '../../src/token/access-token.ts'
import { activeKeyOf, importSigningKey, parseSigningKeys } from '../../src/token/signing-key.ts'
import { bearing, send } from './client.ts'
import type { TestDatabase } from './database.ts'
import { serveFile } from './deno.ts'
import { type Server, startServer } from './server.ts'
import { serveOnWorkerd } from './workerd.ts'

/** The lowest bound that a guard accepts. */
export const boundSeconds = 4
export const boundMs = boundSeconds * 1_000

/** The policies of guarded/create-guarded.ts. */
type Route = '/bounded' | '/strict' | '/lenient' | '/without-wait-until'

export interface Guarded {
  readonly issuer: string
  readonly server: Server
  ask(token: string, route?: Route): ReturnType<typeof send>
}

export interface GuardedPlace {
  /** The address of keys and revocations, unless there is a binding. */
  readonly issuer: string
  /** The address behind its service binding. */
  readonly binding?: string
  /** The service's database, for guarded/over-database.ts. */
  readonly databaseUrl?: string
  /** Default: the lowest. */
  readonly maxStalenessSeconds?: number | undefined
}

/** guarded/worker.ts, or a similar one, on workerd, from its bundle. */
export async function guardOnWorkerd(
  bundle: string,
  { issuer, binding, databaseUrl, maxStalenessSeconds }: GuardedPlace,
): Promise<Guarded> {
  const services = binding === undefined ? {} : { AUTH: binding }
  const variables = {
    ...variablesOf(issuer, maxStalenessSeconds),
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
  }
  return guarded(issuer, await serveOnWorkerd(bundle, variables, { services }))
}

/** The same on Deno, over HTTP. */
export async function guardOnDeno(issuer: string): Promise<Guarded> {
  const permissions = ['--allow-net', '--allow-env', '--config', 'examples/deno/deno.json']
  const server = await serveFile('test/support/guarded/deno.mjs', permissions, variablesOf(issuer))
  return guarded(issuer, server)
}

/** The same on Node or Bun, over HTTP. It follows the feed, which it does not by itself there. */
export async function guardOnNode(
  command: string,
  { issuer, maxStalenessSeconds }: GuardedPlace,
): Promise<Guarded> {
  const port = await findFreePort()
  const variables = { ...variablesOf(issuer, maxStalenessSeconds), PORT: String(port) }
  const program = fileURLToPath(new URL('./guarded/node.mjs', import.meta.url))
  return guarded(issuer, await startServer(command, [program], port, variables))
}

function variablesOf(issuer: string, maxStalenessSeconds = boundSeconds) {
  return { ISSUER: issuer, MAX_STALENESS_SECONDS: String(maxStalenessSeconds) }
}

function guarded(issuer: string, server: Server): Guarded {
  const ask = (token: string, route: Route = '/bounded') =>
    send(`${server.baseUrl}${route}`, bearing(token))
  return { issuer, server, ask }
}

/** Signs tokens with the keys of a service, for any issuer. */
export async function createMint(signingKeys: string) {
  const keys = await parseSigningKeys(signingKeys)
  const active = keys.ok && activeKeyOf(keys.value)
  if (!active) throw new Error('There is no active key.')
  const key = await importSigningKey(active)
  return (issuer: string, sessionId = createRandomId(systemRuntime)): Promise<string> => {
    const settings: IssuerSettings = {
      issuer,
      audience: issuer,
      signingKey: async () => key,
    }
    const tokenGeneration = createRandomId(systemRuntime)
    const issuedAt = systemRuntime.now()
    return issueAccessToken(settings, {
      userId: 1,
      sessionId,
      tokenId: createRandomId(systemRuntime),
      tokenGeneration,
      roles: [],
      authenticatedAt: issuedAt,
      issuedAt,
      expiresAt: issuedAt + 900,
    })
  }
}

/** The claims of a token, with the ids that it can be revoked by. */
export function claimsOf(token: string): {
  sub: string
  sid: string
  jti: string
  gen: string
  exp: number
} {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

/** Revokes a token's session, like a logout. When it resolves, the revocation is stored. */
export async function revoke(database: Pick<TestDatabase, 'query'>, token: string): Promise<void> {
  await database.query(
    'INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at) VALUES (?, unixepoch(), unixepoch() + 900) ON CONFLICT DO NOTHING',
    claimsOf(token).sid,
  )
}

/** Revokes it once more, like another logout: it gets a new place in the order. */
export async function revokeAgain(
  database: Pick<TestDatabase, 'query'>,
  token: string,
): Promise<void> {
  await database.query(
    `INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at) VALUES (?, unixepoch(), unixepoch() + 900)
    ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, expires_at = excluded.expires_at`,
    claimsOf(token).sid,
  )
}
