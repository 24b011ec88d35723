// How an API tests its guard: an issuer in memory takes the place of the service.

import { env } from 'cloudflare:workers'
import { createTestIssuer } from 'portcullis/testing'
import { describe, expect, it } from 'vitest'
import app from './worker.ts'

const issuer = createTestIssuer({ issuer: env.ISSUER, audience: env.AUDIENCE })

function get(path: string, token?: string): Response | Promise<Response> {
  const headers = token ? { Authorization: `Bearer ${token}` } : {}
  return app.request(path, { headers }, { ...env, AUTH: issuer.service as Fetcher })
}

describe('the API', () => {
  it('serves open paths without a token', async () => {
    expect(await (await get('/')).text()).toBe('Open to everybody.')
  })

  it('tells the handler who is logged in', async () => {
    const token = await issuer.token({ sub: '7' })
    expect(await (await get('/api/me', token)).json()).toMatchObject({ user: '7' })
  })

  it('refuses a missing token, an expired one, and one for another audience', async () => {
    const expired = await issuer.token({ exp: 1 })
    const strange = await issuer.token({ aud: 'https://elsewhere.example.com' })
    const answers = await Promise.all([
      get('/api/me'),
      get('/api/me', expired),
      get('/api/me', strange),
    ])
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401])
  })

  it('refuses a token after its logout', async () => {
    const token = await issuer.token()
    expect((await get('/api/me', token)).status).toBe(200)
    issuer.revoke(token)
    expect((await get('/api/me', token)).status).toBe(401)
  })
  it('refuses an expired token, with a clock that is put ahead', async () => {
    const token = await issuer.token()
    expect((await get('/api/me', token)).status).toBe(200)
    issuer.advance(900)
    expect((await get('/api/me', token)).status).toBe(401)
  })

  it('refuses a token within 10 s of its logout in another isolate', async () => {
    const token = await issuer.token()
    expect((await get('/api/me', token)).status).toBe(200)
    issuer.revoke(token, { elsewhere: true })
    issuer.advance(10)
    expect((await get('/api/me', token)).status).toBe(401)
  })

  it('refuses every token while the service is away', async () => {
    const token = await issuer.token()
    issuer.goStale()
    expect((await get('/api/me', token)).status).toBe(503)
    issuer.recover()
    expect((await get('/api/me', token)).status).toBe(200)
  })
})
