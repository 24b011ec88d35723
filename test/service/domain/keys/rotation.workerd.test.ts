// Signing keys that are rotated again and again under load. Each service is replaced by the next
// one with the rotated set, while the guards keep running. No valid token is refused.

import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { requireAccessToken } from '../../../../src/index.ts'
import { systemRuntime } from '../../../../src/runtime/runtime.ts'
import {
  createSigningKeys,
  rotateSigningKeys,
} from '../../../../src/service/domain/keys/rotation.ts'
import { generateKeyPair } from '../../../../src/token/key-pair.ts'
import type { SigningJwk } from '../../../../src/token/signing-key.ts'
import { issuer } from '../../../support/issuer.ts'
import {
  bearing,
  createTestService,
  registerAccount,
  type TestService,
} from '../../../support/service.ts'

const rotations = 20
const tokensPerKey = 2

function serviceWith(keys: readonly SigningJwk[]): Promise<TestService> {
  // The environment does not grow forever: the oldest retired keys are dropped at some time.
  return createTestService({ SIGNING_KEYS: JSON.stringify({ keys: keys.slice(-16) }) })
}

describe('rotating signing keys every few requests', () => {
  it('refuses no valid token, at any guard, however late it learns of the keys', async () => {
    const generate = () => generateKeyPair('ES256', systemRuntime)
    let keys = createSigningKeys(await generate(), await generate())
    let service = await serviceWith(keys)
    let fetches = 0
    const auth = {
      async fetch(request: Request) {
        fetches += 1
        return service.app.fetch(request)
      },
    }
    const guards = Array.from({ length: 3 }, () =>
      new Hono()
        .use(requireAccessToken({ issuer, audience: issuer, service: () => auth }))
        .get('/', (c) => c.text(c.var.auth.subject)),
    )
    const refused: string[] = []
    const tokens: string[] = []
    for (let rotation = 0; rotation < rotations; rotation += 1) {
      for (let token = 0; token < tokensPerKey; token += 1) {
        tokens.push((await registerAccount(service.app)).token)
      }
      // The last guard sees only every fifth generation of keys.
      const asking = rotation % 5 === 0 ? guards : guards.slice(0, 2)
      const living = tokens.slice(-10 * tokensPerKey)
      const statuses = await Promise.all([
        ...asking.flatMap((guard) =>
          living.map(async (token) => guard.request('/', bearing(token))),
        ),
        ...living.map(async (token) => service.app.request('/auth/status', bearing(token))),
      ])
      refused.push(
        ...statuses.filter(({ ok }) => !ok).map(({ status }) => `${rotation}: ${status}`),
      )
      keys = rotateSigningKeys(keys, await generate(), systemRuntime.now())
      service = await serviceWith(keys)
    }
    expect(refused).toEqual([])
    expect(fetches).toBeLessThanOrEqual(guards.length * rotations)
  })
})
