// A guard in the isolate of the service. It knows the service's revocations at once, before they
// are in the feed.

import { Hono } from 'hono'
import { beforeAll, describe, expect, it } from 'vitest'
import { createSecretKeySet, requireAccessToken } from '../../../src/index.ts'
import {
  bearing,
  createTestService,
  endSession,
  logout,
  post,
  postForm,
  postWith,
  pretend,
  refreshWith,
  registerAccount,
  secretKey,
  sessionIdOf,
  type Tokens,
  tokensOf,
} from '../../support/service.ts'

const { app, clock, config } = await createTestService({ MAX_SESSIONS_PER_USER: '2' })
const asked: string[] = []
const guard = requireAccessToken({
  issuer: config.issuer,
  audience: config.issuer,
  keys: () => createSecretKeySet(secretKey),
  service: () => ({
    async fetch(request: Request) {
      asked.push(request.url)
      return app.request(request)
    },
  }),
  runtime: clock,
})
const api = new Hono().use(guard).get('/', (c) => c.text('in'))
const background: Promise<unknown>[] = []
const context = {
  waitUntil: (work: Promise<unknown>) => void background.push(work),
  passThroughOnException() {},
  props: {},
} as unknown as ExecutionContext
const knock = async (token: string) => (await api.request('/', bearing(token), {}, context)).status
const end = (asking: Tokens, ended: Tokens) =>
  endSession(app, asking.token, sessionIdOf(ended.refreshToken))

interface Account extends Tokens {
  readonly email: string
  readonly password: string
}

const revocations: Record<string, (dying: Tokens, other: Account) => Promise<unknown>> = {
  'a logout': ({ token }) => logout(app, token),
  'the end of its session, by itself': (dying) => end(dying, dying),
  'the end of its session, by another one': (dying, other) => end(other, dying),
  'a logout everywhere': (_, { token }) => postWith(app, '/auth/logout-everywhere', token, {}),
  'a logout everywhere else': (_, { token }) =>
    postWith(app, '/auth/logout-everywhere', token, { keep_current: true }),
  'a change of the password': (_, { token, refreshToken }) =>
    postWith(app, '/auth/change-password', token, {
      new_password: 'another good password',
      refresh_token: refreshToken,
    }),
  'a login over the limit': async ({ refreshToken }, { email, password }) => {
    await pretend('rotated_at = 0', refreshToken)
    await post(app, '/auth/login', { email, password })
  },
  'a reused refresh token': async ({ refreshToken }) => {
    await refreshWith(app, refreshToken)
    await pretend('rotated_at = rotated_at - 60', refreshToken)
    return refreshWith(app, refreshToken)
  },
  'its own revocation': ({ token }) => postForm(app, '/oauth/revoke', { token }),
  'the revocation of its refresh token': ({ refreshToken }) =>
    postForm(app, '/oauth/revoke', { token: refreshToken }),
}

// The whole feed is loaded before the first revocation.
beforeAll(async () => {
  await knock((await registerAccount(app)).token)
  await Promise.all(background)
})

describe('a guard in the isolate of the service', () => {
  it.each(Object.keys(revocations))('refuses a token right after %s', async (name) => {
    const { email, password, ...dying } = await registerAccount(app)
    const other = tokensOf(await post(app, '/auth/login', { email, password }))
    expect(await knock(dying.token)).toBe(200)
    const before = asked.length
    await revocations[name]?.(dying, { ...other, email, password })
    expect(await knock(dying.token)).toBe(401)
    expect(asked).toHaveLength(before)
  })
})
