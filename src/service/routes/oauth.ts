// The standard endpoints that others know how to talk to: revocation (RFC 7009) and introspection
// (RFC 7662). Their refusals have OAuth's own form.

import { type Context, Hono } from 'hono'
import type { Deps } from '../domain/deps.ts'
import { authenticateClient } from '../domain/oauth/authenticate-client.ts'
import { introspect } from '../domain/oauth/introspect.ts'
import { revokeToken } from '../domain/oauth/revoke-token.ts'
import { readOAuthRequest } from '../http/oauth-request.ts'
import { respondRefused } from '../http/respond.ts'
import type { ServiceEnv } from '../http/service-env.ts'

/** `/oauth/*` */
export function oauthRoutes(deps: Deps): Hono<ServiceEnv> {
  return new Hono<ServiceEnv>()
    .post('/revoke', revokeHandler(deps))
    .post('/introspect', introspectHandler(deps))
}

/** Having a token is enough to take it back; credentials must be right where there are any. */
function revokeHandler(deps: Deps) {
  return async (c: Context<ServiceEnv>) => {
    const request = await readOAuthRequest(c)
    if (!request.ok) return respondRefused(c, deps, request.error)
    const { token, credentials } = request.value
    const client = credentials && (await authenticateClient(deps, credentials))
    if (client && !client.ok) return respondRefused(c, deps, client.error)
    const revoked = await revokeToken(deps, token)
    if (!revoked.ok) return respondRefused(c, deps, revoked.error)
    return c.body(null, 200)
  }
}

/** Only for clients that are known: it must not be an oracle for whoever has found a token (§2.1). */
function introspectHandler(deps: Deps) {
  return async (c: Context<ServiceEnv>) => {
    const request = await readOAuthRequest(c)
    if (!request.ok) return respondRefused(c, deps, request.error)
    const { token, credentials } = request.value
    const client = await authenticateClient(deps, credentials ?? { id: '', secret: '' })
    if (!client.ok) return respondRefused(c, deps, client.error)
    const claims = await introspect(deps, token)
    if (!claims.ok) return respondRefused(c, deps, claims.error)
    return c.json(
      claims.value ? { ...claims.value, active: true, token_type: 'Bearer' } : { active: false },
    )
  }
}
