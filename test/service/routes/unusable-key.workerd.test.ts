// A key of SIGNING_KEYS whose coordinates are no point of the curve: what is signed with it can be
// told neither good nor bad, so nothing is done about it.

import { describe, expect, it } from 'vitest'
import { createSigningJwk } from '../../support/issuer.ts'
import { ask, createTestService, postForm } from '../../support/service.ts'

const half = 'A'.repeat(43)
const broken = { kty: 'EC', crv: 'P-256', kid: 'broken', x: half, y: half, d: half }
const keys = [await createSigningJwk(), { ...broken, state: 'retired' }]
const client = { id: 'api', secret: 's'.repeat(32) }
const settings = {
  SIGNING_KEYS: JSON.stringify({ keys }),
  OAUTH_CLIENTS: `${client.id}:${client.secret}`,
}
const encode = (value: unknown) => btoa(JSON.stringify(value)).replaceAll('=', '')
const token = `${encode({ alg: 'ES256', kid: 'broken' })}.${encode({})}.${'A'.repeat(86)}`

describe('a token of a key that cannot be used', () => {
  it.each(['introspect', 'revoke'])('is not called dead by %s', async (endpoint) => {
    const { app } = createTestService(settings)
    const headers = { Authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` }
    const { status, body } = await postForm(app, `/oauth/${endpoint}`, { token }, headers)
    expect([status, body.error]).toEqual([503, 'temporarily_unavailable'])
  })

  it('is not forgotten by a browser that is to be logged out', async () => {
    const { app } = createTestService({ ...settings, TOKEN_TRANSPORT: 'cookie' })
    const headers = { 'Content-Type': 'application/json', Cookie: `__Host-access_token=${token}` }
    const answer = await ask(app, '/auth/logout', { method: 'POST', headers })
    expect([answer.status, answer.body.code]).toEqual([503, 'unavailable'])
    expect(answer.headers.getSetCookie()).toEqual([])
  })
})
