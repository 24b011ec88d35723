// What others may know of the service: its public keys (RFC 7517) and its metadata (RFC 8414). The
// paths are fixed under the issuer, so that a guard needs no discovery.

import { Hono, type MiddlewareHandler } from 'hono'
import { etag } from 'hono/etag'
import { issuerPath, keySetPath, keySetUrl, urlUnder } from '../../token/issuer.ts'
import type { Deps } from '../domain/deps.ts'
import type { ServiceEnv } from '../http/service-env.ts'

/** Between the issuer's host and its path (RFC 8414 §3). */
const metadataPath = '/.well-known/oauth-authorization-server'

/**
 * Short, so that a change is seen soon; a key that signs has been published as the next one long
 * before.
 */
const maxAgeSeconds = 60

const clientAuthMethods = ['client_secret_basic', 'client_secret_post']

/** `/.well-known/*`, at the root of the issuer's host. */
export function wellKnownRoutes({ accessTokens, jwkSet }: Deps): Hono<ServiceEnv> {
  const { issuer } = accessTokens
  const metadata = {
    issuer,
    jwks_uri: keySetUrl(issuer),
    // Accounts log in at /auth; there is no OAuth grant.
    response_types_supported: [],
    grant_types_supported: [],
    revocation_endpoint: urlUnder(issuer, '/oauth/revoke'),
    revocation_endpoint_auth_methods_supported: ['none', ...clientAuthMethods],
    introspection_endpoint: urlUnder(issuer, '/oauth/introspect'),
    introspection_endpoint_auth_methods_supported: clientAuthMethods,
  }
  return new Hono<ServiceEnv>()
    .get(`${issuerPath(issuer)}${keySetPath}`, ...cacheable('application/jwk-set+json', jwkSet))
    .get(`${metadataPath}${issuerPath(issuer)}`, ...cacheable('application/json', metadata))
}

/** Always the same document, with what caches need to know. */
function cacheable(mediaType: string, document: object): [MiddlewareHandler, MiddlewareHandler] {
  const body = JSON.stringify(document)
  const headers = {
    'Content-Type': mediaType,
    'Cache-Control': `public, max-age=${maxAgeSeconds}, must-revalidate`,
  }
  return [etag(), async (c) => c.body(body, 200, headers)]
}
