// Functions of the application that throw, at the service.

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp, createDeps, createService, type PlatformParts } from '../../src/server.ts'
import {
  createFakeClock,
  createTestService,
  database,
  post,
  refreshWith,
  registerAccount,
  tokensOf,
} from '../support/service.ts'

const log = vi.spyOn(console, 'error').mockImplementation(() => {})
beforeEach(() => log.mockClear())

const { config } = await createTestService({ SESSION_ADDRESSES: 'keep' })
const parts = { runtime: createFakeClock(), database, log: () => {} }
const fail = (): never => {
  throw new Error('It is broken.')
}

describe.each([
  ['throws', fail],
  ['rejects', async () => fail()],
])('a log that %s', (_, broken) => {
  it('changes no answer, and is reported', async () => {
    const service = createService(config, { ...parts, log: broken })
    expect((await registerAccount(service.app)).token).not.toBe('undefined')
    await service.prune()
    const line = JSON.stringify({ event: 'log_failed', problem: 'It is broken' })
    await vi.waitFor(() => expect(log.mock.calls).toEqual([[line], [line]]))
  })

  it('changes no answer of an app with a log of its own', async () => {
    const app = createApp({ ...createDeps(config, parts), log: broken })
    expect((await registerAccount(app)).token).not.toBe('undefined')
  })
})

describe('clientAddress', () => {
  it.each([
    ['throws', fail],
    ['gives no text', () => ({}) as never],
    ['gives a promise', (async () => '127.0.0.1') as never],
  ])('does not prevent a login when it %s', async (_, clientAddress) => {
    const { app } = createService(config, { ...parts, clientAddress })
    const { email, password } = await registerAccount(app)
    expect((await post(app, '/auth/login', { email, password })).status).toBe(200)
  })

  it('is reported in the log when it throws', async () => {
    const lines: string[] = []
    const write = (line: string) => void lines.push(line)
    const { app } = createService(config, { ...parts, log: write, clientAddress: fail })
    await registerAccount(app)
    expect(lines.map((line) => JSON.parse(line))).toContainEqual({
      event: 'client_address_failed',
      problem: 'It is broken',
    })
  })
})

describe('the claims', () => {
  it('give no token while they throw, and the same refresh token works afterwards', async () => {
    let claims: PlatformParts['claims']
    const { app } = createService(config, { ...parts, claims: (user) => claims?.(user) ?? {} })
    const { refreshToken } = await registerAccount(app)
    claims = fail
    expect((await refreshWith(app, refreshToken)).status).toBe(500)
    claims = undefined
    const refreshed = await refreshWith(app, refreshToken)
    expect([refreshed.status, tokensOf(refreshed).refreshToken]).toEqual([200, expect.any(String)])
  })
})
