// How an API tests its guard: with an issuer in memory in the place of the service.

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
  it('is open where it says so', async () => {
    expect(await (await get('/')).text()).toBe('Open to everybody.')
  })

  it('knows who asks', async () => {
    const token = await issuer.token({ sub: '7' })
    expect(await (await get('/api/me', token)).json()).toMatchObject({ user: '7' })
  })

  it('refuses who has no token, an expired one, or one for somebody else', async () => {
    const expired = await issuer.token({ exp: 1 })
    const strange = await issuer.token({ aud: 'https://elsewhere.example.com' })
    const answers = await Promise.all([
      get('/api/me'),
      get('/api/me', expired),
      get('/api/me', strange),
    ])
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401])
  })

  it('refuses who has logged out', async () => {
    const token = await issuer.token()
    expect((await get('/api/me', token)).status).toBe(200)
    issuer.revoke(token)
    expect((await get('/api/me', token)).status).toBe(401)
  })
  it('refuses a token that has expired, without waiting for it', async () => {
    const token = await issuer.token()
    expect((await get('/api/me', token)).status).toBe(200)
    issuer.advance(900)
    expect((await get('/api/me', token)).status).toBe(401)
  })

  it('refuses within 10 s who has logged out in another isolate', async () => {
    const token = await issuer.token()
    expect((await get('/api/me', token)).status).toBe(200)
    issuer.revoke(token, { elsewhere: true })
    issuer.advance(10)
    expect((await get('/api/me', token)).status).toBe(401)
  })

  it('lets nobody in while the service is away', async () => {
    const token = await issuer.token()
    issuer.goStale()
    expect((await get('/api/me', token)).status).toBe(503)
    issuer.recover()
    expect((await get('/api/me', token)).status).toBe(200)
  })
})
