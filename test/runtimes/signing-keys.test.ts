// Signing keys on Deno, and the cache headers of the key set on both runtimes.

import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, inject, it } from 'vitest'
import { createClientOf, send } from '../support/client.ts'
import { createDatabaseFile } from '../support/database.ts'
import { serveOnDeno } from '../support/deno.ts'
import { createKeySet, startIssuingService } from '../support/issuing-service.ts'
import { testSettings } from '../support/settings.ts'

async function serveBoth(variables: Record<string, string>) {
  const database = await createDatabaseFile()
  const settings = { ...testSettings, ...variables, TURSO_DATABASE_URL: database.url }
  const deno = await serveOnDeno(settings)
  const workerd = await startIssuingService(inject('bundle'), {
    ISSUER: testSettings.ISSUER,
    ...variables,
  })
  const stop = () => Promise.all([deno.stop(), workerd.stop(), database.stop()])
  return { baseUrls: [deno.baseUrl, workerd.server.baseUrl], stop }
}

describe.each(['ES256', 'EdDSA'] as const)('a service that signs with %s', (algorithm) => {
  it('issues tokens that anybody can verify, and accepts them itself, on Deno and on workerd', async () => {
    const { baseUrls, stop } = await serveBoth({ SIGNING_KEYS: await createKeySet(algorithm) })
    for (const baseUrl of baseUrls) {
      const client = createClientOf(baseUrl)
      const token = await client.token()
      const keySet = createRemoteJWKSet(new URL(`${baseUrl}/.well-known/jwks.json`))
      const { protectedHeader } = await jwtVerify(token, keySet, { issuer: testSettings.ISSUER })
      expect(protectedHeader.alg).toBe(algorithm)
      expect((await client.status(token)).status).toBe(200)
    }
    await stop()
  })
})

describe('the documents under /.well-known', () => {
  it('are answered 304 by their ETag, and are the same on both runtimes', async () => {
    const { baseUrls, stop } = await serveBoth({ SIGNING_KEYS: await createKeySet() })
    for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server']) {
      const answers = await Promise.all(baseUrls.map((baseUrl) => send(baseUrl + path)))
      const [etag = ''] = answers.map(({ headers }) => headers.get('ETag') ?? '')
      const again = await Promise.all(
        baseUrls.map((baseUrl) => send(baseUrl + path, { headers: { 'If-None-Match': etag } })),
      )
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
      expect(again.map(({ status }) => status)).toEqual([304, 304])
    }
    await stop()
  })
})
