// What is found where under an issuer: fixed paths, so that a guard needs no discovery (RFC 8414 is
// for everybody else).

/** The key set, under the issuer. */
export const keySetPath = '/.well-known/jwks.json'

/** Where the issuer publishes its key set. */
export function keySetUrl(issuer: string): string {
  return urlUnder(issuer, keySetPath)
}

/** Where the issuer's revocation feed is (docs/feed.md). */
export function feedUrl(issuer: string): string {
  return urlUnder(issuer, '/auth/feed')
}

/** The URL of a path under the issuer. */
export function urlUnder(issuer: string, path: string): string {
  return `${issuer.replace(/\/$/, '')}${path}`
}

/** The path of the issuer's URL, without a slash at its end: empty for most. */
export function issuerPath(issuer: string): string {
  return new URL(issuer).pathname.replace(/\/$/, '')
}
