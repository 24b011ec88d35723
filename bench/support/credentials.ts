// How a client gets the credential that it sends with every request, and how that is revoked.

import { sign } from 'hono/jwt'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { createClientOf, freshEmail } from '../../test/support/client.ts'
import { type Place, secret } from './place.ts'
import { activeKey, issuer, signTokens } from './tokens.ts'

/** A header that authenticates a request. */
export interface Credential {
  readonly name: 'Authorization' | 'Cookie'
  readonly value: string
}

export interface Issued {
  readonly credential: Credential
  /** Revokes the credential, by the means of its issuer. */
  revoke(): Promise<void>
}

const bearer = (token: string): Credential => ({ name: 'Authorization', value: `Bearer ${token}` })

/** The token of a new account of our service. */
export async function registerWithUs({ service }: Place): Promise<Issued> {
  const client = createClientOf(service)
  const token = await client.token()
  return {
    credential: bearer(token),
    async revoke() {
      const { status } = await client.logout(token)
      if (status !== 200) throw new Error(`Our service answers the logout with ${status}`)
    },
  }
}

/** Tokens of our service, each of another session. */
export async function signWithOurKey(signingKeys: string, count: number): Promise<Credential[]> {
  return (await signTokens(await activeKey(signingKeys), count)).map(bearer)
}

/** A token that is signed with the secret, and how flask-jwt-auth revokes it: by a row for it. */
export async function signWithSecret({ database }: Place): Promise<Issued> {
  const now = systemRuntime.now()
  const jti = crypto.randomUUID()
  const claims = { iss: issuer, aud: issuer, sub: '1', jti, iat: now, exp: now + 900 }
  return {
    credential: bearer(await sign(claims, secret, 'HS256')),
    async revoke() {
      await database.query('INSERT INTO bench_revoked_tokens (id) VALUES (?)', jti)
    },
  }
}

/** The cookies of a new account of Better Auth. */
export async function signUpWithBetterAuth(baseUrl: string): Promise<Issued> {
  const account = { name: 'A person', email: freshEmail(), password: 'a good password' }
  const json = { 'Content-Type': 'application/json', Origin: issuer }
  const signUp = { method: 'POST', headers: json, body: JSON.stringify(account) }
  const answer = await askBetterAuth(baseUrl, 'sign-up/email', signUp)
  const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '')
  const value = cookies.join('; ')
  return {
    credential: { name: 'Cookie', value },
    async revoke() {
      const headers = { ...json, Cookie: value }
      await askBetterAuth(baseUrl, 'sign-out', { method: 'POST', headers, body: '{}' })
    },
  }
}

/** The token that Better Auth's JWT plugin gives to the session of a new account. */
export async function fetchBetterAuthJwt({ betterAuthJwt }: Place): Promise<Issued> {
  const { credential: cookie, revoke } = await signUpWithBetterAuth(betterAuthJwt)
  const answer = await askBetterAuth(betterAuthJwt, 'token', { headers: { Cookie: cookie.value } })
  return { credential: bearer(((await answer.json()) as { token: string }).token), revoke }
}

async function askBetterAuth(baseUrl: string, path: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(`${baseUrl}/api/auth/${path}`, init)
  if (answer.ok) return answer
  throw new Error(`Better Auth answers ${path} with ${answer.status}: ${await answer.text()}`)
}
