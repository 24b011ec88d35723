// Access tokens: JWTs (RFC 7519) signed through hono/jwt and verified by one function, used by the
// service and by guards alike. The order of its checks is that of RFC 8725: form, header, signature
// (compact-jws.ts), and only then what the token claims.

import { encodeBase64Url } from '../crypto/base64url.ts'
import { createRandomId, idBytes } from '../crypto/random-id.ts'
import {
  type KeyReason,
  type Result,
  refuse,
  succeed,
  type TokenReason,
} from '../errors/reasons.ts'
import type { Runtime } from '../runtime.ts'
import { type FindKey, parseJsonObject, signCompactJws, verifyCompactJws } from './compact-jws.ts'
import type { SigningKey } from './signing-key.ts'
import type { VerificationKey } from './verification-key.ts'

/** What an access token says, once it is verified. */
export interface AccessTokenClaims {
  readonly iss: string
  readonly aud: string | readonly string[]
  /** The user id, as a string. */
  readonly sub: string
  /** The session the token belongs to. */
  readonly sid: string
  /** The token's own id. */
  readonly jti: string
  /** The user's token generation: revoking it revokes all of the user's tokens. */
  readonly gen: string
  /** Seconds since 1970, like `exp`. */
  readonly iat: number
  readonly exp: number
}

/** Whom a token is for. */
export interface AccessTokenSubject {
  readonly userId: number
  readonly sessionId: string
  readonly tokenGeneration: string
}

/** How tokens are issued. */
export interface IssuerSettings {
  readonly issuer: string
  readonly audience: string
  readonly accessTokenLifetimeSeconds: number
  readonly signingKey: () => Promise<SigningKey>
}

/** Whose tokens are accepted, and for whom they must be. */
export interface Expectations {
  readonly issuer: string
  /** One that the token must name; `undefined` accepts tokens for anybody. */
  readonly audience: string | undefined
  readonly findKey: FindKey
}

/** A good token: what it says, and the key that it was signed with. */
export interface VerifiedAccessToken {
  readonly claims: AccessTokenClaims
  readonly key: VerificationKey
}

/**
 * How far another machine's clock may be ahead. `exp` has no leeway: a token is over when it says
 * so.
 */
const clockLeewaySeconds = 60

/** A fresh token with a fresh `jti`, valid from now for the configured lifetime. */
export async function issueAccessToken(
  settings: IssuerSettings,
  runtime: Pick<Runtime, 'now' | 'randomBytes'>,
  subject: AccessTokenSubject,
): Promise<string> {
  const now = runtime.now()
  const claims = {
    iss: settings.issuer,
    aud: settings.audience,
    sub: String(subject.userId),
    sid: subject.sessionId,
    jti: createRandomId(runtime),
    gen: subject.tokenGeneration,
    iat: now,
    exp: now + settings.accessTokenLifetimeSeconds,
  } satisfies AccessTokenClaims
  return signCompactJws(claims, await settings.signingKey())
}

/**
 * The claims of a token that this issuer signed, for this audience, and that has not expired; or
 * the first reason why not. Never throws. Whether the token was revoked is another question, and
 * the caller's: see `revocationIdsOf`. No I/O beyond what `findKey` does.
 *
 * @see RFC 7519 §7.2, RFC 8725 §3
 */
export async function verifyAccessToken(
  expected: Expectations,
  runtime: Pick<Runtime, 'now'>,
  token: string,
): Promise<Result<VerifiedAccessToken, TokenReason | KeyReason>> {
  const jws = await verifyCompactJws(token, expected.findKey)
  if (!jws.ok) return jws
  const claims = checkClaims(jws.value.payload, expected, runtime.now())
  return claims.ok ? succeed({ claims: claims.value, key: jws.value.key }) : claims
}

/**
 * The opaque ids that revoke this token when any of them is in the set of revoked ids: its own, its
 * session's, its user's generation, and its key's, where it names one.
 */
export async function revocationIdsOf({
  claims: { jti, sid, gen },
  key,
}: VerifiedAccessToken): Promise<readonly string[]> {
  return key.keyId === undefined
    ? [jti, sid, gen]
    : [jti, sid, gen, await keyRevocationId(key.keyId)]
}

/**
 * The opaque id that revokes all tokens of a key: the first 96 bits of SHA-256 of its `kid`, in
 * base64url.
 */
export async function keyRevocationId(keyId: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(keyId))
  return encodeBase64Url(new Uint8Array(digest, 0, idBytes))
}

function checkClaims(
  payload: Uint8Array,
  expected: Pick<Expectations, 'issuer' | 'audience'>,
  now: number,
): Result<AccessTokenClaims, TokenReason> {
  const claims = parseJsonObject(payload)
  if (!claims || !hasTypedClaims(claims)) return refuse('token_claims_unacceptable')
  if (claims.iss !== expected.issuer) return refuse('token_issuer_wrong')
  if (expected.audience !== undefined && ![claims.aud].flat().includes(expected.audience)) {
    return refuse('token_audience_wrong')
  }
  const latestStart = now + clockLeewaySeconds
  if (claims.iat > latestStart || (claims.nbf ?? 0) > latestStart) {
    return refuse('token_from_the_future')
  }
  if (claims.exp <= now) return refuse('token_expired')
  return succeed(claims)
}

const opaqueId = /^[A-Za-z0-9_-]{16}$/

function hasTypedClaims(
  claims: Readonly<Record<string, unknown>>,
): claims is AccessTokenClaims & { nbf?: number } & Record<string, unknown> {
  const { iss, aud, sub, sid, jti, gen, iat, exp, nbf } = claims
  return (
    isNonEmptyString(iss) &&
    (isNonEmptyString(aud) || (Array.isArray(aud) && aud.every(isNonEmptyString))) &&
    isNonEmptyString(sub) &&
    [sid, jti, gen].every((id) => typeof id === 'string' && opaqueId.test(id)) &&
    [iat, exp].every(isInstant) &&
    (nbf === undefined || isInstant(nbf))
  )
}

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
