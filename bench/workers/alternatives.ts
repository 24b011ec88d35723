// The same handler behind what an API can do by itself: verify a token, or verify it and ask the
// database whether it is revoked.

import { createClient } from '@libsql/client/http'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { type JwtVariables, jwt } from 'hono/jwt'
import type { ServiceBinding } from '../../src/index.ts'
import { fetchUncompressed } from '../support/fetch-uncompressed.ts'
import { verifyWithJose } from './jose-guard.ts'

interface Bindings {
  /** Our service. */
  readonly AUTH: ServiceBinding
  /** Better Auth with its JWT plugin. */
  readonly BETTER_AUTH: ServiceBinding
  readonly ISSUER: string
  readonly SECRET_KEY: string
  readonly TURSO_DATABASE_URL: string
}

interface Env {
  Bindings: Bindings
  Variables: JwtVariables<{ jti: string }>
}

type Guard = MiddlewareHandler<Env>

export default new Hono<Env>()
  .get('/jose', verifyWithJose('/.well-known/jwks.json', 'ES256', ourService), succeed)
  .get('/hono-jwt', verifyWithSecret(), succeed)
  .get('/hono-jwt-and-query', verifyWithSecret(), refuseRevoked, succeed)
  .get('/better-auth-jwt', verifyWithJose('/api/auth/jwks', 'EdDSA', betterAuth), succeed)

function succeed(c: Context): Response {
  return c.json({ status: 'success' })
}

function ourService(env: Bindings): ServiceBinding {
  return env.AUTH
}

function betterAuth(env: Bindings): ServiceBinding {
  return env.BETTER_AUTH
}

/**
 * With a key that is imported once. Given a secret, the library would import it for every request.
 */
function verifyWithSecret(): Guard {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  let verify: Guard | undefined
  return async (c, next) => {
    if (!verify) {
      const bytes = new TextEncoder().encode(c.env.SECRET_KEY)
      const secret = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['verify'])
      verify = jwt({ secret, alg: 'HS256' })
    }
    return verify(c, next)
  }
}

/** The seed's way. Requests must not share a client, and making one costs next to nothing. */
async function refuseRevoked(c: Context<Env>, next: () => Promise<void>) {
  const client = createClient({ url: c.env.TURSO_DATABASE_URL, fetch: fetchUncompressed })
  const { rows } = await client.execute({
    sql: 'SELECT 1 FROM bench_revoked_tokens WHERE id = ?',
    args: [c.var.jwtPayload.jti],
  })
  client.close()
  if (rows.length > 0) return c.json({ status: 'fail' }, 401)
  await next()
}
