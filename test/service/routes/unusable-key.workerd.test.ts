// A signing key whose coordinates are not on the curve. Nothing can say whether its tokens are
// valid, so the service does nothing about them.

import { describe, expect, it } from 'vitest'
import { createSigningJwk } from '../../support/issuer.ts'
import { ask, brokenKey, createTestService, postForm } from '../../support/service.ts'

const signingKeys = [await createSigningJwk(), { ...brokenKey, state: 'retired' as const }]
const client = { id: 'api', secret: 's'.repeat(32) }
const settings = {
  OAUTH_CLIENTS: `${client.id}:${client.secret}`,
}
const encode = (value: unknown) => btoa(JSON.stringify(value)).replaceAll('=', '')
const token = `${encode({ alg: 'ES256', kid: brokenKey.kid })}.${encode({})}.${'A'.repeat(86)}`

describe('a token of an unusable key', () => {
  it.each(['introspect', 'revoke'])('is not reported as dead by %s', async (endpoint) => {
    const { app } = await createTestService(settings, {}, { signingKeys })
    const headers = { Authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` }
    const { status, body } = await postForm(app, `/oauth/${endpoint}`, { token }, headers)
    expect([status, body.error]).toEqual([503, 'temporarily_unavailable'])
  })

  it('stays in the browser, because the logout is answered 503', async () => {
    const { app } = await createTestService(
      { ...settings, TOKEN_TRANSPORT: 'cookie' },
      {},
      { signingKeys },
    )
    const headers = { 'Content-Type': 'application/json', Cookie: `__Host-access_token=${token}` }
    const answer = await ask(app, '/auth/logout', { method: 'POST', headers })
    expect([answer.status, answer.body.code]).toEqual([503, 'unavailable'])
    expect(answer.headers.getSetCookie()).toEqual([])
  })
})
