// Checks the claims that a test writes into a token, and reads a token that is revoked. One invalid
// row makes a whole feed unreadable, so invalid claims are refused here.

import { decodeBase64Url } from '../crypto/base64url.ts'
import { isOpaqueId } from '../crypto/random-id.ts'
import { parseJsonObject } from '../token/json.ts'
import { maxTokenLifetimeSeconds } from '../token/token-lifetime.ts'

type Claims = Readonly<Record<string, unknown>>

/** The year 5138. Read as milliseconds, the same number is in 1973. */
const maxInstant = 99_999_999_999
const ids = ['sid', 'jti', 'gen']
const requiredInstants = ['iat', 'exp']
const optionalInstants = ['auth_time', 'nbf']

/**
 * Refuses ids and instants that no token of the service can have.
 *
 * @throws TypeError
 */
export function checkTokenClaims(claims: Claims): void {
  const instants = [
    ...requiredInstants,
    ...optionalInstants.filter((name) => claims[name] !== undefined),
  ]
  const problem =
    problemOf(claims, ids, isOpaqueId, 'an opaque id of 16 base64url characters') ??
    problemOf(claims, instants, isInstant, 'a whole number of seconds, not of milliseconds')
  if (problem) throw new TypeError(problem)
}

/**
 * The session of a token, and until when its revocation is kept. It is not kept longer than in the
 * service.
 *
 * @throws TypeError when it is not a token of the issuer
 */
export function revocationOf(
  token: unknown,
  issuer: string,
  now: number,
): { readonly id: string; readonly expiresAt: number } {
  if (typeof token !== 'string') {
    throw new TypeError(`Pass a token of this issuer, as \`token\` gave it, not ${show(token)}.`)
  }
  const payload = decodeBase64Url(token.split('.')[1] ?? '')
  const claims = payload && parseJsonObject(payload)
  if (!claims) throw new TypeError('Pass a token of this issuer, as `token` gave it.')
  if (claims.iss !== issuer) {
    throw new TypeError(
      `Pass a token of this issuer: this one is of ${show(claims.iss)}, not of ${issuer}.`,
    )
  }
  checkTokenClaims(claims)
  const latest = now + maxTokenLifetimeSeconds
  return { id: String(claims.sid), expiresAt: Math.min(Number(claims.exp), latest) }
}

function problemOf(
  claims: Claims,
  names: readonly string[],
  isRight: (value: unknown) => boolean,
  right: string,
): string | undefined {
  const wrong = names.find((name) => !isRight(claims[name]))
  return wrong && `${wrong} must be ${right}, and is ${show(claims[wrong])}.`
}

function isInstant(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= maxInstant
}

/**
 * Shows a value in a message. Values in a test are not secret. A promise is shown as
 * `[object Promise]`.
 */
export function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
