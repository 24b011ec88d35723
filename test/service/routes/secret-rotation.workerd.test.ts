// A new SECRET_KEY while users are logged in. The previous key verifies what it has signed, as long
// as it is PREVIOUS_SECRET_KEY, and nobody is logged out.

import { describe, expect, it } from 'vitest'
import { createSigningJwk } from '../../support/issuer.ts'
import {
  type Answer,
  ask,
  bearing,
  claimsOf,
  createTestService,
  logout,
  passTime,
  postForm,
  refreshWith,
  registerAccount,
  secretKey,
  sessionIdOf,
  type TestService,
  tokensOf,
} from '../../support/service.ts'

const newKey = 'the next secret of these tests: fedcba9876543210'
const client = { id: 'api', secret: 's'.repeat(32) }
const basic = { Authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` }
const signing = { SIGNING_KEYS: JSON.stringify({ keys: [await createSigningJwk()] }) }

/** The service before, during and after a rotation. */
async function createServices(variables: Record<string, string> = {}) {
  const all = { OAUTH_CLIENTS: `${client.id}:${client.secret}`, ...variables }
  return {
    before: await createTestService(all),
    during: await createTestService({
      ...all,
      SECRET_KEY: newKey,
      PREVIOUS_SECRET_KEY: secretKey,
    }),
    after: await createTestService({ ...all, SECRET_KEY: newKey }),
  }
}

const statusOf = async ({ app }: TestService, token: string) =>
  (await ask(app, '/auth/status', bearing(token))).status
const isActive = async ({ app }: TestService, token: string) =>
  (await postForm(app, '/oauth/introspect', { token }, basic)).body.active
const codeOf = async (answer: Promise<Answer>) => (await answer).body.code

describe.each([
  ['SECRET_KEY signs access tokens', {}],
  ['SIGNING_KEYS sign them', signing],
])('a new SECRET_KEY, where %s', (_, variables) => {
  it('logs nobody out: earlier tokens are valid, and the new key signs their successors', async () => {
    const { before, during, after } = await createServices(variables)
    const { token, refreshToken } = await registerAccount(before.app)
    expect([await statusOf(during, token), await isActive(during, token)]).toEqual([200, true])
    const next = tokensOf(await refreshWith(during.app, refreshToken))
    expect(await statusOf(after, next.token)).toBe(200)
    const last = await refreshWith(after.app, next.refreshToken)
    expect(last.status).toBe(200)
    expect(claimsOf(tokensOf(last).token).sid).toBe(sessionIdOf(refreshToken))
  })

  it('gives two tabs the same successor within the window', async () => {
    const { before, during } = await createServices(variables)
    const { refreshToken } = await registerAccount(before.app)
    const tabs = await Promise.all([1, 2].map(() => refreshWith(during.app, refreshToken)))
    expect(tabs.map(({ status }) => status)).toEqual([200, 200])
    const [first, second] = tabs.map((tab) => tokensOf(tab).refreshToken)
    expect(first).toBe(second)
  })

  it('keeps both tabs logged in when one refreshed before the change and the other after it', async () => {
    const { before, during } = await createServices(variables)
    const { refreshToken } = await registerAccount(before.app)
    const one = tokensOf(await refreshWith(before.app, refreshToken))
    const other = tokensOf(await refreshWith(during.app, refreshToken))
    const again = await Promise.all([
      refreshWith(during.app, one.refreshToken),
      refreshWith(during.app, other.refreshToken),
    ])
    expect(again.map(({ status }) => status)).toEqual([200, 200])
    const [first, second] = again.map((tab) => tokensOf(tab).refreshToken)
    expect(first).toBe(second)
  })

  it('still detects the reuse of an earlier token', async () => {
    const { before, during } = await createServices(variables)
    const { refreshToken } = await registerAccount(before.app)
    const next = tokensOf(await refreshWith(during.app, refreshToken))
    await passTime(91, refreshToken)
    expect(await codeOf(refreshWith(during.app, refreshToken))).toBe('refresh_token_reused')
    expect(await codeOf(refreshWith(during.app, next.refreshToken))).toBe('session_revoked')
  })

  it('lets earlier tokens end their session', async () => {
    const { before, during } = await createServices(variables)
    const [one, other] = [await registerAccount(before.app), await registerAccount(before.app)]
    expect((await logout(during.app, one.token)).status).toBe(200)
    await postForm(during.app, '/oauth/revoke', { token: other.refreshToken })
    for (const { refreshToken } of [one, other]) {
      expect(await codeOf(refreshWith(during.app, refreshToken))).toBe('session_revoked')
    }
  })

  it('can be announced: the coming key is accepted as PREVIOUS_SECRET_KEY', async () => {
    const { during } = await createServices(variables)
    const announced = await createTestService({ ...variables, PREVIOUS_SECRET_KEY: newKey })
    const { token, refreshToken } = await registerAccount(during.app)
    expect(await statusOf(announced, token)).toBe(200)
    expect((await refreshWith(announced.app, refreshToken)).status).toBe(200)
  })

  it('ends every session without the previous key, and accepts no third one', async () => {
    const { before, after, during } = await createServices(variables)
    const { refreshToken } = await registerAccount(before.app)
    expect(await codeOf(refreshWith(after.app, refreshToken))).toBe('refresh_token_invalid')
    const stranger = await createTestService({ ...variables, SECRET_KEY: `${newKey}!` })
    const other = await registerAccount(stranger.app)
    expect(await codeOf(refreshWith(during.app, other.refreshToken))).toBe('refresh_token_invalid')
    const isGood = 'SIGNING_KEYS' in variables
    expect(await statusOf(during, other.token)).toBe(isGood ? 200 : 401)
  })
})

describe.each([
  ['SECRET_KEY signs access tokens', {}],
  ['SIGNING_KEYS sign them', signing],
])('a new SECRET_KEY with cookies, where %s', (_, variables) => {
  const cookies = { ...variables, TOKEN_TRANSPORT: 'cookie' }
  const cookieOf = ({ headers }: Answer) =>
    headers
      .getSetCookie()
      .filter((cookie) => !cookie.includes('; Max-Age=0;'))
      .map((cookie) => cookie.split(';')[0])
      .join('; ')
  const send = ({ app }: TestService, path: string, Cookie: string, body = {}) => {
    const headers = {
      ...{ 'Content-Type': 'application/json', Origin: 'https://auth.example.com' },
      ...(Cookie && { Cookie }),
    }
    return ask(app, path, { method: 'POST', headers, body: JSON.stringify(body) })
  }
  const register = async (service: TestService) => {
    const account = { email: `${crypto.randomUUID()}@example.com`, password: 'a good password' }
    return cookieOf(await send(service, '/auth/register', '', account))
  }

  it('logs nobody out: both earlier cookies are valid, also after the access token has expired', async () => {
    const { before, during, after } = await createServices(cookies)
    const cookie = await register(before)
    const status = await ask(during.app, '/auth/status', { headers: { Cookie: cookie } })
    expect(status.status).toBe(200)
    before.clock.advance(901)
    during.clock.advance(901)
    const next = await send(during, '/auth/refresh', cookie)
    expect(next.status).toBe(200)
    expect((await send(after, '/auth/refresh', cookieOf(next))).status).toBe(200)
  })

  it('keeps the earlier session by its refresh cookie when all others end', async () => {
    const { before, during } = await createServices(cookies)
    const cookie = await register(before)
    const kept = await send(during, '/auth/logout-everywhere', cookie, { keep_current: true })
    expect([kept.status, kept.headers.getSetCookie()]).toEqual([200, expect.any(Array)])
    expect((await send(during, '/auth/refresh', cookieOf(kept))).status).toBe(200)
  })

  it('lets the earlier refresh cookie log out where the access cookie cannot', async () => {
    const { before, during } = await createServices(cookies)
    const cookie = await register(before)
    const [access = '', refresh] = cookie.split('; ')
    const spoilt = `${access.slice(0, -9)}AAAAAAAAA; ${refresh}`
    expect((await send(during, '/auth/logout', spoilt)).status).toBe(200)
    expect(await codeOf(send(during, '/auth/refresh', cookie))).toBe('session_revoked')
  })
})
