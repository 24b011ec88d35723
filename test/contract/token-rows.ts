// The rows that are the same for every endpoint with an access token.

import { SignJWT } from 'jose'
import { bearing, createClientOf, freshEmail, send } from '../support/client.ts'
import { testSettings } from '../support/settings.ts'
import { type Expected, json, password, type Row } from './row.ts'
import type { Target } from './targets.ts'

const invalid: Expected = {
  status: 401,
  message: 'Invalid token. Please log in again.',
  code: 'token_invalid',
  challenge: 'invalid_token',
}
const expired: Expected = {
  status: 401,
  message: 'Signature expired. Please log in again.',
  code: 'token_expired',
  challenge: 'invalid_token',
}
const revoked: Expected = {
  status: 401,
  message: 'Token blacklisted. Please log in again.',
  code: 'token_revoked',
  challenge: 'invalid_token',
}
const revokedStandard = { ...revoked, message: 'Token revoked. Please log in again.' }
export const missing: Expected = {
  status: 401,
  message: 'Provide a valid auth token.',
  code: 'token_missing',
  challenge: 'bare',
}
const malformed: Expected = {
  status: 401,
  message: 'Bearer token malformed.',
  code: 'token_malformed',
  challenge: 'invalid_request',
}
/** A token with valid claims except `changes`, signed with the service's key or another. */
async function crafted(changes: Record<string, unknown>, key: string = testSettings.SECRET_KEY) {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: testSettings.ISSUER,
    aud: testSettings.ISSUER,
    sub: '1',
    sid: 's'.repeat(16),
    jti: 'j'.repeat(16),
    gen: 'g'.repeat(16),
    iat: now,
    exp: now + 900,
    ...changes,
  }
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
  return token.sign(new TextEncoder().encode(key))
}

async function loggedOut(target: Target): Promise<string> {
  const client = createClientOf(target.baseUrl)
  const token = await client.token()
  await client.logout(token)
  return token
}

async function ofDeletedAccount(target: Target): Promise<string> {
  const email = freshEmail()
  const { body } = await createClientOf(target.baseUrl).register({ email, password })
  await target.database.query('DELETE FROM portcullis_users WHERE email = ?', email)
  return String(body.auth_token)
}

/** What a request has besides the token. Also its answer without a token, where that differs. */
interface TokenRowsOptions {
  readonly body?: unknown
  readonly withoutHeader?: Pick<Row, 'classic' | 'standard'>
}

/** The rows that are the same for every endpoint with an access token. */
export function tokenRows(
  method: string,
  path: string,
  { body, withoutHeader = { classic: missing } }: TokenRowsOptions = {},
): Row[] {
  const request = `${method} ${path}`
  const ask = ({ baseUrl }: Target, headers: Record<string, string> = {}, query = '') =>
    send(`${baseUrl}${path}${query}`, {
      method,
      headers: { ...(body !== undefined && json), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  const header = (situation: string, value: string, expected: Expected): Row => ({
    request,
    situation,
    send: (target) => ask(target, { Authorization: value }),
    classic: expected,
  })
  const token = (
    situation: string,
    make: (target: Target) => Promise<string>,
    expected: Expected,
    other = expected,
  ): Row => ({
    request,
    situation,
    send: async (target) => ask(target, bearing(await make(target)).headers),
    classic: expected,
    standard: other,
  })
  return [
    {
      request,
      situation: 'no Authorization header',
      send: (target) => ask(target),
      ...withoutHeader,
    },
    {
      request: `${request}?access_token=…`,
      situation: 'a token in the query string only',
      async send(target) {
        const token = await createClientOf(target.baseUrl).token()
        return ask(target, {}, `?access_token=${token}`)
      },
      ...withoutHeader,
    },
    header('header without a token', 'Bearer', malformed),
    header('header of another scheme', 'Basic dXNlcjpwYXNz', malformed),
    header('header with two tokens', 'Bearer a b', malformed),
    header('not a token at all', 'Bearer nonsense', invalid),
    token('expired', () => crafted({ exp: 1_000 }), expired),
    token('forged', () => crafted({}, 'x'.repeat(32)), invalid),
    token('forged and expired', () => crafted({ exp: 1_000 }, 'x'.repeat(32)), invalid),
    token('from another issuer', () => crafted({ iss: 'https://elsewhere.example.com' }), invalid),
    token('for another audience', () => crafted({ aud: 'https://elsewhere.example.com' }), invalid),
    token('for nobody', () => crafted({ sub: 'nobody' }), invalid),
    token('for an account that never was', () => crafted({ sub: '9007199254740991' }), invalid),
    token('for an account that is gone', ofDeletedAccount, invalid),
    token('revoked', loggedOut, revoked, revokedStandard),
    token(
      'revoked, with another spelling',
      async (target) => `${await loggedOut(target)}=`,
      invalid,
    ),
  ]
}
