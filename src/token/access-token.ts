// Access tokens: JWTs (RFC 7519) signed through hono/jwt. One function verifies them, for the
// service and for guards. The order of its checks is that of RFC 8725: form, header, signature
// (compact-jws.ts), and only then the claims.

import { encodeBase64Url } from '../crypto/base64url.ts'
import { idBytes, isOpaqueId } from '../crypto/random-id.ts'
import { encodeUtf8 } from '../crypto/utf8.ts'
import {
  type KeyReason,
  type Result,
  refuse,
  succeed,
  type TokenReason,
} from '../errors/reasons.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { type FindKey, signCompactJws, verifyCompactJws } from './compact-jws.ts'
import { parseJsonObject } from './json.ts'
import type { SigningKey } from './signing-key.ts'
import type { VerificationKey } from './verification-key.ts'

/** The claims of an access token that is verified. */
export interface AccessTokenClaims {
  /** The issuer (RFC 7519 §4.1.1). */
  readonly iss: string
  /** Whom the token is for (RFC 7519 §4.1.3). */
  readonly aud: string | readonly string[]
  /** The user id, as a string. */
  readonly sub: string
  /** The id of the session that the token belongs to: 96 bits in base64url, 16 characters. */
  readonly sid: string
  /** The token's own id, in the form of `sid`. */
  readonly jti: string
  /**
   * The user's token generation, in the form of `sid`. Revoking it revokes all of the user's
   * tokens.
   */
  readonly gen: string
  /** The user's roles (RFC 9068 §2.2.3.1), as of when the token was issued. Default: none. */
  readonly roles?: readonly string[]
  /**
   * When the user last gave the password, in seconds since 1970 (OpenID Connect Core §2). Default:
   * not known.
   */
  readonly auth_time?: number
  /** When the token was issued, in seconds since 1970. */
  readonly iat: number
  /** When the token expires, in seconds since 1970. */
  readonly exp: number
}

/** Whom a token is for. */
export interface AccessTokenSubject {
  readonly userId: number
  readonly sessionId: string
  /** The token's own id: fresh, 96 random bits (`createRandomId`). */
  readonly tokenId: string
  readonly tokenGeneration: string
  readonly roles: readonly string[]
  /** When the user last gave the password, in seconds since 1970. */
  readonly authenticatedAt: number
  /** From when to when the token is valid, in seconds since 1970. */
  readonly issuedAt: number
  readonly expiresAt: number
}

/** An application's own claims. */
export type CustomClaims = Readonly<Record<string, unknown>>

/** How tokens are issued. */
export interface IssuerSettings {
  readonly issuer: string
  readonly audience: string
  readonly signingKey: () => Promise<SigningKey>
}

/** Which issuer and which audience a token must have. */
export interface Expectations {
  readonly issuer: string
  /** An audience that the token must name. Only `'any'` accepts tokens for every audience. */
  readonly audience: string
  readonly findKey: FindKey
  /** Whether a token that has expired is accepted, for logging out. Default false. */
  readonly allowExpired?: boolean
}

/** A good token: its claims, and the key that signed it. */
export interface VerifiedAccessToken {
  readonly claims: AccessTokenClaims
  readonly key: VerificationKey
}

/**
 * How far another machine's clock may be ahead. There is no leeway for `exp`: a token expires
 * exactly then.
 */
const clockLeewaySeconds = 60

/** Browsers drop longer cookies silently. Verifiers accept 96 characters more. */
export const maxIssuedCharacters = 4_000
/** Claims that have a meaning here. An application's own claims need other names. */
const ownClaims = [
  'iss',
  'aud',
  'sub',
  'sid',
  'jti',
  'gen',
  'roles',
  'auth_time',
  'iat',
  'nbf',
  'exp',
]

/**
 * A fresh token.
 *
 * @throws TypeError when a custom claim has the name of one of ours, or the token gets longer than
 * a cookie may be
 */
export async function issueAccessToken(
  settings: IssuerSettings,
  subject: AccessTokenSubject,
  customClaims: CustomClaims = {},
): Promise<string> {
  const taken = ownClaims.find((claim) => Object.hasOwn(customClaims, claim))
  if (taken)
    throw new TypeError(`The claim ${taken} belongs to Portcullis; give yours another name.`)
  const claims = {
    iss: settings.issuer,
    aud: settings.audience,
    sub: String(subject.userId),
    sid: subject.sessionId,
    jti: subject.tokenId,
    gen: subject.tokenGeneration,
    roles: subject.roles,
    auth_time: subject.authenticatedAt,
    iat: subject.issuedAt,
    exp: subject.expiresAt,
  } satisfies AccessTokenClaims
  const token = await signCompactJws({ ...customClaims, ...claims }, await settings.signingKey())
  if (token.length <= maxIssuedCharacters) return token
  const characters = (part: unknown) => JSON.stringify(part).length
  throw new TypeError(
    `The token of user ${claims.sub} has ${token.length} characters, and may have at most ${maxIssuedCharacters}: its roles have ${characters(claims.roles)}, its custom claims ${characters(customClaims)}.`,
  )
}

/**
 * The claims of a token that this issuer signed for this audience, and that has not expired.
 * Otherwise the first reason why not. It does not check revocation. The caller does that: see
 * `revocationIdsOf`. No I/O beyond what `findKey` does. Never throws unless `findKey` does.
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
 * The opaque ids that revoke this token when any of them is in the set of revoked ids. They are its
 * own, its session's, its user's generation, and its key's, where it names one.
 */
export async function revocationIdsOf({
  claims: { jti, sid, gen },
  key,
}: VerifiedAccessToken): Promise<readonly string[]> {
  const ids = [jti, sid, gen]
  if (key.keyId === undefined) return ids
  const ofKey = revocationIds.get(key) ?? (await keyRevocationId(key.keyId))
  revocationIds.set(key, ofKey)
  return [...ids, ofKey]
}

/** Keeps the id of each key. There are few keys, and every new token needs the digest. */
const revocationIds = new WeakMap<VerificationKey, string>()

/**
 * The opaque id that revokes all tokens of a key. It is the first 96 bits of SHA-256 of its `kid`,
 * in base64url.
 */
export async function keyRevocationId(keyId: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encodeUtf8(keyId))
  return encodeBase64Url(new Uint8Array(digest, 0, idBytes))
}

function checkClaims(
  payload: Uint8Array,
  expected: Omit<Expectations, 'findKey'>,
  now: number,
): Result<AccessTokenClaims, TokenReason> {
  const claims = parseJsonObject(payload)
  if (!claims || !hasTypedClaims(claims)) return refuse('token_claims_unacceptable')
  if (claims.iss !== expected.issuer) return refuse('token_issuer_wrong')
  if (expected.audience !== 'any' && ![claims.aud].flat().includes(expected.audience)) {
    return refuse('token_audience_wrong')
  }
  const latestStart = now + clockLeewaySeconds
  if (claims.iat > latestStart || (claims.nbf ?? 0) > latestStart) {
    return refuse('token_from_the_future')
  }
  if (claims.exp <= now && !expected.allowExpired) return refuse('token_expired')
  return succeed(claims)
}

function hasTypedClaims(
  claims: Readonly<Record<string, unknown>>,
): claims is AccessTokenClaims & { nbf?: number } & Record<string, unknown> {
  const { iss, aud, sub, sid, jti, gen, roles, auth_time: authTime, iat, exp, nbf } = claims
  return (
    isNonEmptyString(iss) &&
    (isNonEmptyString(aud) || (Array.isArray(aud) && aud.every(isNonEmptyString))) &&
    isNonEmptyString(sub) &&
    [sid, jti, gen].every((id) => isOpaqueId(id)) &&
    (roles === undefined || (Array.isArray(roles) && roles.every(isNonEmptyString))) &&
    [iat, exp].every(isInstant) &&
    [nbf, authTime].every((instant) => instant === undefined || isInstant(instant))
  )
}

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
