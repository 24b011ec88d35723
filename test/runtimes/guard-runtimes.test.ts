// The built package's guard on runtimes other than workerd, with keys and revocations from
// a real service.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createKeySet, startIssuingService } from '../support/issuing-service.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const runtimes = {
  Node: [process.execPath],
  Bun: [join(root, 'node_modules/.bin/bun')],
  Deno: [join(root, 'node_modules/.bin/deno'), 'run', '--allow-net'],
} as const

describe.each(['ES256', 'EdDSA'] as const)('the guard, with keys for %s,', (algorithm) => {
  let service: Awaited<ReturnType<typeof startIssuingService>>
  beforeAll(async () => {
    service = await startIssuingService(inject('bundle'), {
      SIGNING_KEYS: await createKeySet(algorithm),
    })
  })
  afterAll(() => service.stop())

  it.each(Object.entries(runtimes))('protects routes on %s', async (_, [command, ...args]) => {
    const script = join(root, 'test/support/guard-smoke.mjs')
    const token = await service.client.token()
    const revoked = await service.client.token()
    await service.client.logout(revoked)
    const given = [...args, script, service.issuer, token, revoked]
    const { stdout } = await promisify(execFile)(command, given)
    expect(JSON.parse(stdout)).toEqual({
      statuses: [401, 200, 200, 401, 401, 401, 401],
      strict: [true, 'token_revoked'],
      unreachable: 'key_set_unavailable',
    })
  })
})
