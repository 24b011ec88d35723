// What others may know about the service: its public keys (RFC 7517) and its metadata (RFC 8414).
// The paths are fixed under the issuer, so that a guard needs no discovery.

import type { Context } from 'hono'
import { succeed } from '../../errors/reasons.ts'
import { keySetPath, keySetUrl } from '../../token/issuer.ts'
import { defineRoute } from '../http/route.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import { openApiDocument } from './openapi-document.ts'

/**
 * Short, so that a change is seen soon. A key is published as the next one long before it signs.
 */
const maxAgeSeconds = 60

const clientAuthMethods = ['client_secret_basic', 'client_secret_post']

const keySetRoute = defineRoute({
  name: 'keySet',
  method: 'GET',
  path: keySetPath,
  credential: 'none',
  limits: 'none',
  refusals: [],
  audit: [],
  asksDatabase: false,
  success: 200,
  hasEtag: true,
  handle: async ({ jwkSet }, { c }) =>
    succeed(respondCacheable(c, 'application/jwk-set+json', JSON.stringify(jwkSet))),
})

const metadataRoute = defineRoute({
  name: 'metadata',
  method: 'GET',
  path: '/.well-known/oauth-authorization-server',
  credential: 'none',
  limits: 'none',
  refusals: [],
  audit: [],
  asksDatabase: false,
  success: 200,
  hasEtag: true,
  isAtHost: true,
  handle: async ({ settings }, { c }) =>
    succeed(respondCacheable(c, 'application/json', JSON.stringify(metadataOf(settings.issuer)))),
})

const openApiRoute = defineRoute({
  name: 'openapi',
  method: 'GET',
  path: '/openapi.json',
  credential: 'none',
  limits: 'none',
  refusals: [],
  audit: [],
  asksDatabase: false,
  success: 200,
  hasEtag: true,
  handle: async (_deps, { c }) => succeed(respondCacheable(c, 'application/json', openApiDocument)),
})

/** Public documents. */
export const wellKnownRoutes = [keySetRoute, metadataRoute, openApiRoute] as const

function metadataOf(issuer: string) {
  return {
    issuer,
    jwks_uri: keySetUrl(issuer),
    // Accounts log in at /auth. There is no OAuth grant.
    response_types_supported: [],
    grant_types_supported: [],
    revocation_endpoint: `${issuer}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: ['none', ...clientAuthMethods],
    introspection_endpoint: `${issuer}/oauth/introspect`,
    introspection_endpoint_auth_methods_supported: clientAuthMethods,
  }
}

/** A document that is always the same, with what caches need to know. */
function respondCacheable(c: Context<ServiceEnv>, mediaType: string, document: string): Response {
  return c.body(document, 200, {
    'Content-Type': mediaType,
    'Cache-Control': `public, max-age=${maxAgeSeconds}, must-revalidate`,
  })
}
