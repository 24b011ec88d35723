// How a Worker without a framework tests its guard: an issuer in memory takes the place of the
// service.

import { env } from 'cloudflare:workers'
import { createTestIssuer } from 'portcullis/testing'
import { expect, it } from 'vitest'
import worker from './worker.ts'

const issuer = createTestIssuer({ issuer: env.ISSUER, audience: env.AUDIENCE })
const context = { waitUntil() {}, passThroughOnException() {}, props: {} }

function get(token: string): Promise<Response> {
  const request = new Request('https://api.example.com/', {
    headers: { Authorization: `Bearer ${token}` },
  })
  const bindings = { ...env, AUTH: issuer.service as Fetcher }
  return worker.fetch(request as never, bindings, context as never)
}

it('answers who the user is, until the logout', async () => {
  const token = await issuer.token({ sub: '7' })
  expect(await (await get(token)).json()).toMatchObject({ user: '7' })
  issuer.revoke(token)
  expect((await get(token)).status).toBe(401)
})
