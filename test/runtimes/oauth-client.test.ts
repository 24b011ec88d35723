// The standard endpoints, with an independent OAuth client library.

import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { createClientOf, tokensOf } from '../support/client.ts'
import { startDatabase, type TestDatabase } from '../support/database.ts'
import type { Server } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

const client: oauth.Client = { client_id: 'api.v1' }
/** Has characters that must be encoded (RFC 6749 §2.3.1). */
const secret = `s+/%:=&${'x'.repeat(32)}`
/** As `openssl rand -base64` may generate it. */
const base64Secret = `${'+/o'.repeat(11)}==`
const insecure = { [oauth.allowInsecureRequests]: true } as const

let database: TestDatabase
let server: Server
let as: oauth.AuthorizationServer
const account = () => createClientOf(server.baseUrl)

beforeAll(async () => {
  database = await startDatabase()
  const port = await findFreePort()
  const issuer = `http://127.0.0.1:${port}`
  const settings = {
    ...testSettings,
    ISSUER: issuer,
    TURSO_DATABASE_URL: database.url,
    OAUTH_CLIENTS: `other:${base64Secret}, ${client.client_id}:${secret}`,
  }
  server = await serveOnWorkerd(inject('bundle'), settings, { port })
  const found = await oauth.discoveryRequest(new URL(issuer), { ...insecure, algorithm: 'oauth2' })
  as = await oauth.processDiscoveryResponse(new URL(issuer), found)
})
afterAll(async () => {
  await server?.stop()
  await database?.stop()
})

async function introspect(token: string, auth: oauth.ClientAuth = oauth.ClientSecretBasic(secret)) {
  const answer = await oauth.introspectionRequest(as, client, auth, token, insecure)
  return oauth.processIntrospectionResponse(as, client, answer)
}

async function revoke(token: string, auth: oauth.ClientAuth = oauth.None()) {
  const answer = await oauth.revocationRequest(as, client, auth, token, insecure)
  await oauth.processRevocationResponse(answer)
}

describe('introspection', () => {
  it.each([
    ['client_secret_basic', oauth.ClientSecretBasic(secret)],
    ['client_secret_post', oauth.ClientSecretPost(secret)],
  ])('gives the claims of a live token to a client that authenticates by %s', async (_, auth) => {
    const token = await account().token()
    expect(await introspect(token, auth)).toMatchObject({
      active: true,
      token_type: 'Bearer',
      iss: as.issuer,
      aud: as.issuer,
      sub: expect.stringMatching(/^\d+$/),
      jti: expect.any(String),
      exp: expect.any(Number),
      roles: [],
    })
  })

  it('accepts a secret that was not encoded, as curl -u sends it', async () => {
    const token = await account().token()
    const answer = await fetch(String(as.introspection_endpoint), {
      method: 'POST',
      headers: { Authorization: `Basic ${btoa(`other:${base64Secret}`)}` },
      body: new URLSearchParams({ token }),
    })
    expect(await answer.json()).toMatchObject({ active: true })
  })

  it('gives nothing about any other token, not even the reason', async () => {
    const { token, refreshToken } = await account().tokens()
    await account().logout(token)
    for (const dead of [token, refreshToken, 'nonsense', `${token}=`]) {
      expect(await introspect(dead)).toEqual({ active: false })
    }
  })

  it('gives nothing about a token whose account is deleted', async () => {
    const token = await account().token()
    const { sub = '' } = await introspect(token)
    await database.query('DELETE FROM portcullis_users WHERE id = CAST(? AS INTEGER)', sub)
    expect(await introspect(token)).toEqual({ active: false })
  })

  it('gives nothing without a known client and its secret', async () => {
    const token = await account().token()
    const wrong = [oauth.None(), oauth.ClientSecretBasic('wrong'), oauth.ClientSecretPost('wrong')]
    for (const auth of wrong) {
      const answer = await oauth.introspectionRequest(as, client, auth, token, insecure)
      expect([answer.status, answer.headers.get('WWW-Authenticate')]).toEqual([
        401,
        'Basic realm="OAuth clients", charset="UTF-8"',
      ])
      expect(await answer.json()).toMatchObject({ error: 'invalid_client' })
    }
  })
})

describe('revocation', () => {
  it('revokes an access token, and only that one', async () => {
    const { token, refreshToken } = await account().tokens()
    await revoke(token)
    expect((await account().status(token)).body.code).toBe('token_revoked')
    const { token: next } = tokensOf(await account().refresh(refreshToken))
    expect((await account().status(next)).status).toBe(200)
  })

  it('revokes a refresh token, and all access tokens of its session', async () => {
    const { token, refreshToken } = await account().tokens()
    await revoke(refreshToken)
    expect((await account().status(token)).body.code).toBe('token_revoked')
    expect((await account().refresh(refreshToken)).body.code).toBe('session_revoked')
    expect(await introspect(token)).toEqual({ active: false })
  })

  it('succeeds for unknown and dead tokens, and for clients that authenticate', async () => {
    const token = await account().token()
    for (let times = 0; times < 2; times += 1) await revoke(token, oauth.ClientSecretBasic(secret))
    await revoke('nonsense')
    const forged = `${'s'.repeat(16)}.1.${'A'.repeat(43)}`
    await revoke(forged)
  })

  it('refuses a client with a wrong secret, and revokes nothing', async () => {
    const token = await account().token()
    await expect(revoke(token, oauth.ClientSecretPost('wrong'))).rejects.toThrow()
    expect((await account().status(token)).status).toBe(200)
  })
})

describe('an invalid OAuth request', () => {
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  it.each([
    ['without a token', { headers: form, body: 'token_type_hint=access_token' }],
    ['with a token twice', { headers: form, body: 'token=a&token=b' }],
    ['in JSON', { headers: { 'Content-Type': 'application/json' }, body: '{"token":"a"}' }],
    [
      'with credentials in two ways',
      {
        headers: { ...form, Authorization: `Basic ${btoa('api.v1:x')}` },
        body: 'token=a&client_id=api.v1&client_secret=x',
      },
    ],
  ])('is refused in OAuth’s form: %s', async (_, init) => {
    for (const endpoint of [as.revocation_endpoint, as.introspection_endpoint]) {
      const answer = await fetch(String(endpoint), { method: 'POST', ...init })
      expect([answer.status, await answer.json()]).toEqual([
        400,
        { error: 'invalid_request', error_description: expect.any(String) },
      ])
      expect(answer.headers.get('Cache-Control')).toBe('no-store')
    }
  })
})
