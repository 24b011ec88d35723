// The service's own endpoints do not wait for any feed. Every process of the service refuses a
// revoked token with the next request.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { keyRevocationId } from '../../src/token/access-token.ts'
import { bearing, createClientOf, send } from '../support/client.ts'
import { serveOnDeno } from '../support/deno.ts'
import { claimsOf } from '../support/guarded.ts'
import { createKeySet } from '../support/issuing-service.ts'
import type { Server } from '../support/server.ts'
import { until } from '../support/server.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

let stage: Stage
const others: Server[] = []
/** Processes of the service over one database. */
const baseUrls: string[] = []

beforeAll(async () => {
  stage = await startStage(inject('bundle'))
  const { settings } = stage.service
  others.push(await serveOnWorkerd(inject('bundle'), settings), await serveOnDeno(settings))
  baseUrls.push(stage.service.issuer, ...others.map(({ baseUrl }) => baseUrl))
})
afterAll(async () => {
  await Promise.all(others.map((server) => server.stop()))
  await stage?.stop()
})

/**
 * Every endpoint that takes a token. test/service/routes/attacks.workerd.test.ts keeps the list
 * complete.
 */
const endpoints = [
  ['GET', '/auth/status'],
  ['GET', '/auth/user'],
  ['POST', '/auth/logout'],
] as const

/** The answers of every process at every endpoint: statuses and codes, each once. */
async function answersTo(token: string): Promise<string[]> {
  const asked = baseUrls.flatMap((baseUrl) =>
    endpoints.map(async ([method, path]) => {
      const { status, body } = await send(baseUrl + path, { method, ...bearing(token) })
      return `${status} ${body.code}`
    }),
  )
  return [...new Set(await Promise.all(asked))]
}

async function statusesOf(token: string): Promise<number[]> {
  const asked = baseUrls.map((baseUrl) => createClientOf(baseUrl).status(token))
  return (await Promise.all(asked)).map(({ status }) => status)
}

async function revokeId(id: string): Promise<void> {
  await stage.service.database.query(
    'INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at) VALUES (?, unixepoch(), unixepoch() + 900)',
    id,
  )
}

describe('a revoked token', () => {
  it.each([0, 1, 2])(
    'is refused by all processes at once after a logout at process %i',
    async (at) => {
      for (let round = 0; round < 10; round += 1) {
        const token = await stage.service.client.token()
        expect(await statusesOf(token)).toEqual([200, 200, 200])
        expect((await createClientOf(baseUrls[at] ?? '').logout(token)).status).toBe(200)
        expect(await answersTo(token)).toEqual(['401 token_revoked'])
      }
    },
  )

  it.each(['sid', 'jti', 'gen'] as const)(
    'is refused by all processes at once when its %s is revoked',
    async (claim) => {
      const [token, other] = [
        await stage.service.client.token(),
        await stage.service.client.token(),
      ]
      expect(await statusesOf(token)).toEqual([200, 200, 200])
      await revokeId(claimsOf(token)[claim])
      expect(await answersTo(token)).toEqual(['401 token_revoked'])
      expect(await statusesOf(other)).toEqual([200, 200, 200])
    },
  )

  it('is soon refused by guards, whichever of its ids is revoked', async () => {
    const guard = await stage.startGuard()
    const statusOf = async (token: string) => (await guard.ask(token)).status
    const live = await stage.mint(guard.issuer)
    expect(await statusOf(live)).toBe(200)
    const refusing = (['sid', 'jti', 'gen'] as const).map(async (claim) => {
      const token = await stage.mint(guard.issuer)
      expect(await statusOf(token)).toBe(200)
      await revokeId(claimsOf(token)[claim])
      expect((await guard.ask(token, '/strict')).status).toBe(401)
      await until(async () => (await statusOf(token)) === 401)
    })
    await Promise.all(refusing)
    expect(await statusOf(live)).toBe(200)
  })
})

describe('a token whose key was revoked', () => {
  it('is refused at once by the service, and soon by guards; tokens of other keys stay valid', async () => {
    const guard = await stage.startGuard()
    const token = await stage.mint(guard.issuer)
    expect((await guard.ask(token)).status).toBe(200)
    const own = await stage.service.client.token()
    const [header = ''] = own.split('.')
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const fresh = { ...stage.service.settings, SIGNING_KEYS: await createKeySet() }
    const rotated = await serveOnWorkerd(inject('bundle'), fresh)
    others.push(rotated)
    const later = await createClientOf(rotated.baseUrl).token()
    await revokeId(await keyRevocationId(kid))
    expect(await answersTo(own)).toEqual(['401 token_revoked'])
    expect((await createClientOf(rotated.baseUrl).status(later)).status).toBe(200)
    expect((await guard.ask(token, '/strict')).status).toBe(401)
    await until(async () => (await guard.ask(token)).status === 401)
  })
})
