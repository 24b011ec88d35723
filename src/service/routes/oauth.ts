// The standard endpoints for other software: revocation (RFC 7009) and introspection (RFC 7662).
// Their refusals have OAuth's own form.

import { succeed } from '../../errors/reasons.ts'
import { introspect } from '../domain/oauth/introspect.ts'
import { revokeToken } from '../domain/oauth/revoke-token.ts'
import { defineRoute } from '../http/route.ts'

/** Having a token is enough to revoke it. */
const revokeRoute = defineRoute({
  name: 'revokeToken',
  method: 'POST',
  path: '/revoke',
  credential: 'oauth_client_if_any',
  limits: 'none',
  refusals: [],
  audit: ['success'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, entry }) {
    const revoked = await revokeToken(deps, token, entry)
    return revoked.ok ? succeed(c.body(null, 200)) : revoked
  },
})

/**
 * Only for known clients: a stranger who has found a token must not be able to test it here (§2.1).
 */
const introspectRoute = defineRoute({
  name: 'introspectToken',
  method: 'POST',
  path: '/introspect',
  credential: 'oauth_client',
  limits: 'introspect',
  refusals: [],
  audit: [],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token }) {
    const claims = await introspect(deps, token)
    if (!claims.ok) return claims
    return succeed(
      c.json(
        claims.value ? { ...claims.value, active: true, token_type: 'Bearer' } : { active: false },
      ),
    )
  },
})

/** The routes for OAuth clients. */
export const oauthRoutes = [revokeRoute, introspectRoute] as const
