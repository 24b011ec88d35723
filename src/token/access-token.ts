// Access tokens: JWTs (RFC 7519) signed through hono/jwt and verified by one function, used by the
// service and by guards alike. The order of its checks is that of RFC 8725: form, header, signature
// (compact-jws.ts), and only then what the token claims.

import { sign } from 'hono/jwt'
import { createRandomId } from '../crypto/random-id.ts'
import { type Result, refuse, succeed, type TokenReason } from '../errors/reasons.ts'
import type { Runtime } from '../runtime.ts'
import { parseJsonObject, verifyCompactJws } from './compact-jws.ts'
import type { SigningKey } from './signing-key.ts'

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

/** Who issues tokens, for whom, with which key, and for how long. */
export interface AccessTokenSettings {
  readonly issuer: string
  readonly audience: string
  readonly signingKey: SigningKey
  readonly accessTokenLifetimeSeconds: number
}

/**
 * How far another machine's clock may be ahead. `exp` has no leeway: a token is over when it says
 * so.
 */
const clockLeewaySeconds = 60

/** A fresh token with a fresh `jti`, valid from now for the configured lifetime. */
export async function issueAccessToken(
  settings: AccessTokenSettings,
  runtime: Runtime,
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
  return sign(claims, await settings.signingKey.cryptoKey(), settings.signingKey.algorithm)
}

/**
 * The claims of a token that this issuer signed, for this audience, and that has not expired; or
 * the first reason why not. Never throws. Whether the token was revoked is another question, and
 * the caller's: see `revocationIds`. No I/O.
 *
 * @see RFC 7519 §7.2, RFC 8725 §3
 */
export async function verifyAccessToken(
  settings: Omit<AccessTokenSettings, 'accessTokenLifetimeSeconds'>,
  runtime: Pick<Runtime, 'now'>,
  token: string,
): Promise<Result<AccessTokenClaims, TokenReason>> {
  const payload = await verifyCompactJws(token, settings.signingKey)
  return payload.ok ? checkClaims(payload.value, settings, runtime.now()) : payload
}

/** The opaque ids that revoke this token when any of them is in the set of revoked ids. */
export function revocationIds(
  claims: Pick<AccessTokenClaims, 'jti' | 'sid' | 'gen'>,
): [jti: string, sid: string, gen: string] {
  return [claims.jti, claims.sid, claims.gen]
}

function checkClaims(
  payload: Uint8Array,
  expected: Pick<AccessTokenSettings, 'issuer' | 'audience'>,
  now: number,
): Result<AccessTokenClaims, TokenReason> {
  const claims = parseJsonObject(payload)
  if (!claims || !hasTypedClaims(claims)) return refuse('token_claims_unacceptable')
  if (claims.iss !== expected.issuer) return refuse('token_issuer_wrong')
  if (![claims.aud].flat().includes(expected.audience)) return refuse('token_audience_wrong')
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
