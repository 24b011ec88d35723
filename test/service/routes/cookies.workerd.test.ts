import { describe, expect, it } from 'vitest'
import { parseAccessTokenCookie } from '../../../src/token/cookie.ts'
import {
  type Answer,
  ask,
  changeAccount,
  createCountingDatabase,
  createTestService,
  freshEmail,
  passTime,
  post,
} from '../../support/service.ts'

const { app, clock } = await createTestService({
  TOKEN_TRANSPORT: 'cookie',
  CORS_ORIGINS: 'https://app.example.com',
})
const json = { 'Content-Type': 'application/json' }
const ours = { ...json, Origin: 'https://auth.example.com' }

async function register() {
  const account = { email: freshEmail(), password: 'a good password' }
  const answer = await post(app, '/auth/register', account)
  return { ...account, answer, cookie: cookieOf(answer) }
}

/** The cookies that the browser sends back: names and values. */
function cookieOf({ headers }: Answer): string {
  return headers
    .getSetCookie()
    .filter((cookie) => !cookie.includes('; Max-Age=0;'))
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}

const send = (path: string, Cookie: string, headers: Record<string, string> = ours) =>
  ask(app, path, { method: 'POST', headers: { ...headers, Cookie } })
const status = async (Cookie: string) =>
  (await ask(app, '/auth/status', { headers: { Cookie } })).status

/** The cookie that 0.4 has set. */
const earlierExpired =
  '__Secure-refresh_token=; Max-Age=0; Path=/auth/refresh; HttpOnly; Secure; SameSite=Lax'

describe('tokens in cookies', () => {
  it('are out of reach of scripts and other sites, and are nowhere else', async () => {
    const { answer } = await register()
    expect(answer.body).toEqual({
      status: 'success',
      message: 'Successfully registered.',
      expires_in: 900,
    })
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-access_token=[\w.-]+; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
      expect.stringMatching(
        /^__Secure-refresh_token=[\w.-]+; Max-Age=2592000; Path=\/auth; HttpOnly; Secure; SameSite=Lax$/,
      ),
      earlierExpired,
      expect.stringMatching(
        /^__Secure-device_token=[\w.-]+; Max-Age=15552000; Path=\/auth; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ])
  })

  it('are read only from cookies', async () => {
    const { cookie } = await register()
    expect(await status(cookie)).toBe(200)
    const token = /access_token=([^;]+)/.exec(cookie)?.[1] ?? ''
    const headers = { Authorization: `Bearer ${token}` }
    expect((await ask(app, '/auth/status', { headers })).body.code).toBe('token_missing')
    for (const name of ['access_token', '__host-access_token']) {
      expect([name, await status(`${name}=${token}`)]).toEqual([name, 401])
    }
    // To a browser this is a name without the prefix, which any subdomain may set.
    expect(parseAccessTokenCookie(`\u00a0__Host-access_token=${token}`).ok).toBe(false)
  })

  it('are replaced by a refresh, and kept by a superseded one', async () => {
    const { cookie } = await register()
    const first = await send('/auth/refresh', cookie)
    expect(first.status).toBe(200)
    const second = await send('/auth/refresh', cookieOf(first))
    expect(second.headers.getSetCookie()).toHaveLength(3)
    const late = await send('/auth/refresh', cookie)
    expect([late.status, late.body.code]).toEqual([401, 'refresh_superseded'])
    expect(late.headers.getSetCookie()).toEqual([])
  })

  it('are replaced, except the refresh token, when the password is given again', async () => {
    const { cookie, password } = await register()
    const headers = { ...ours, Cookie: cookie }
    const body = JSON.stringify({ password })
    const answer = await ask(app, '/auth/reauthenticate', { method: 'POST', headers, body })
    expect(answer.status).toBe(200)
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-access_token=[\w.-]+; Max-Age=2592000;/),
    ])
    expect(await status(cookieOf(answer))).toBe(200)
    expect((await send('/auth/refresh', cookie)).status).toBe(200)
  })

  it('are replaced, also that of the device, when the password changes', async () => {
    const { cookie, email, password } = await register()
    const headers = { ...ours, Cookie: cookie }
    const body = JSON.stringify({ new_password: 'another good password' })
    const answer = await ask(app, '/auth/change-password', { method: 'POST', headers, body })
    expect([answer.status, Object.keys(answer.body).sort()]).toEqual([
      200,
      ['expires_in', 'message', 'status'],
    ])
    const names = answer.headers.getSetCookie().map((line) => line.split('=')[0])
    expect(new Set(names)).toEqual(
      new Set(['__Host-access_token', '__Secure-refresh_token', '__Secure-device_token']),
    )
    expect([await status(cookie), await status(cookieOf(answer))]).toEqual([401, 200])
    expect((await send('/auth/refresh', cookieOf(answer))).status).toBe(200)
    expect((await post(app, '/auth/login', { email, password })).status).toBe(404)
  })

  it('do not change the password without a refresh cookie and the old password', async () => {
    const { cookie, email, password } = await register()
    const headers = { ...ours, Cookie: cookie.split('; ')[0] ?? '' }
    const body = JSON.stringify({ new_password: 'another good password' })
    const answer = await ask(app, '/auth/change-password', { method: 'POST', headers, body })
    expect([answer.status, answer.body.errors]).toEqual([
      422,
      [
        {
          field: 'password',
          message: 'Give the password, or the cookies of a login within the last 300 seconds.',
        },
      ],
    ])
    expect(answer.headers.getSetCookie()).toEqual([])
    expect((await post(app, '/auth/login', { email, password })).status).toBe(200)
  })

  it('are both expired by a logout, even with an expired access token', async () => {
    for (const seconds of [0, 10_000]) {
      const { cookie } = await register()
      clock.advance(seconds)
      const answer = await send('/auth/logout', cookie)
      expect(answer.status).toBe(200)
      expect(answer.headers.getSetCookie()).toEqual([
        '__Host-access_token=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
        '__Secure-refresh_token=; Max-Age=0; Path=/auth; HttpOnly; Secure; SameSite=Lax',
        earlierExpired,
      ])
      expect((await send('/auth/refresh', cookie)).body.code).toBe('session_revoked')
    }
  })

  it.each([
    [
      'was revoked',
      async ({ email, cookie }: { email: string; cookie: string }) => {
        await changeAccount(email, `token_generation = 'another-generati'`)
        return cookie
      },
    ],
    [
      'has another signature',
      async ({ cookie }: { cookie: string }) => {
        const [access = '', refresh] = cookie.split('; ')
        return `${access.slice(0, -9)}AAAAAAAAA; ${refresh}`
      },
    ],
  ])(
    'end their session where the access cookie %s: the refresh cookie is enough',
    async (_, spoil) => {
      const account = await register()
      const answer = await send('/auth/logout', await spoil(account))
      expect([answer.status, answer.body.message]).toEqual([200, 'Successfully logged out.'])
      expect((await send('/auth/refresh', account.cookie)).body.code).toBe('session_revoked')
      expect((await send('/auth/logout', account.cookie)).status).toBe(401)
    },
  )

  it('are expired by a logout whatever is wrong with them', async () => {
    for (const cookie of ['', '__Host-access_token=nonsense']) {
      const answer = await send('/auth/logout', cookie)
      expect(answer.body.status).toBe('fail')
      expect(answer.headers.getSetCookie()).toHaveLength(3)
    }
  })

  it('are expired when their own session ends, and kept when another one ends', async () => {
    const account = await register()
    const headers = { ...ours, Cookie: cookieOf(await post(app, '/auth/login', account)) }
    const { body } = await ask(app, '/auth/sessions', { headers })
    const { sessions } = body.data as { sessions: { id: string; current: boolean }[] }
    for (const { id, current } of sessions.sort((a, b) => Number(a.current) - Number(b.current))) {
      const answer = await ask(app, `/auth/sessions/${id}`, { method: 'DELETE', headers })
      expect(answer.status).toBe(200)
      expect(answer.headers.getSetCookie()).toHaveLength(current ? 3 : 0)
    }
    expect(sessions).toHaveLength(2)
  })

  it('stay logged in when all other sessions are ended: the browser gets new tokens at once', async () => {
    const account = await register()
    const other = cookieOf(await post(app, '/auth/login', account))
    const headers = { ...ours, Cookie: account.cookie }
    const body = JSON.stringify({ keep_current: true })
    const answer = await ask(app, '/auth/logout-everywhere', { method: 'POST', headers, body })
    expect([answer.status, await status(account.cookie), await status(other)]).toEqual([
      200, 401, 401,
    ])
    expect(await status(cookieOf(answer))).toBe(200)
    expect((await send('/auth/refresh', cookieOf(answer))).status).toBe(200)
  })

  it('stay logged in without new tokens where the presented ones are forged or used up', async () => {
    const account = await register()
    const [access = '', first = ''] = account.cookie.split('; ')
    const next = cookieOf(await send('/auth/refresh', account.cookie))
    const newest = cookieOf(await send('/auth/refresh', next))
    const sessionId = first.split('=')[1]?.split('.')[0] ?? ''
    const forged = `__Secure-refresh_token=${sessionId}.9.${'A'.repeat(43)}`
    const body = JSON.stringify({ keep_current: true })
    const [newAccess = ''] = newest.split('; ')
    const headers = { ...ours, Cookie: `${newAccess}; ${forged}; ${first}` }
    const answer = await ask(app, '/auth/logout-everywhere', { method: 'POST', headers, body })
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []])
    expect(await status(access)).toBe(401)
    expect((await send('/auth/refresh', newest)).status).toBe(200)
  })

  it('are expired where the presented one was replaced long ago, which ends the session', async () => {
    const account = await register()
    const [, first = ''] = account.cookie.split('; ')
    const newest = cookieOf(await send('/auth/refresh', account.cookie))
    await passTime(60, first.split('=')[1]?.split('.')[0] ?? '')
    const [newAccess = ''] = newest.split('; ')
    const headers = { ...ours, Cookie: `${newAccess}; ${first}` }
    const body = JSON.stringify({ keep_current: true })
    const answer = await ask(app, '/auth/logout-everywhere', { method: 'POST', headers, body })
    expect([answer.status, answer.body.session_ended, cookieOf(answer)]).toEqual([200, true, ''])
    expect((await send('/auth/refresh', newest)).body.code).toBe('session_revoked')
  })

  it('stay logged in without new tokens where the claims hook fails: all others are logged out', async () => {
    const claims = () => Promise.reject(new Error('No claims today'))
    const failing = await createTestService({ TOKEN_TRANSPORT: 'cookie' }, { claims })
    failing.clock.advance(clock.now() - failing.clock.now())
    const account = await register()
    const other = cookieOf(await post(app, '/auth/login', account))
    const headers = { ...ours, Cookie: account.cookie }
    const body = JSON.stringify({ keep_current: true })
    const path = '/auth/logout-everywhere'
    const answer = await ask(failing.app, path, { method: 'POST', headers, body })
    expect([answer.status, answer.body.session_ended]).toEqual([200, false])
    expect(answer.headers.getSetCookie()).toEqual([])
    const line = JSON.parse(failing.log.at(-1) ?? '{}')
    expect(line).toMatchObject({ status: 200, error: expect.stringContaining('No claims today') })
    expect((await send('/auth/refresh', other)).body.code).toBe('session_revoked')
    expect((await send('/auth/refresh', account.cookie)).status).toBe(200)
  })

  it('are expired the third time within a minute, which ends this session as well', async () => {
    let { cookie } = await register()
    const body = JSON.stringify({ keep_current: true })
    const everywhere = () =>
      ask(app, '/auth/logout-everywhere', {
        method: 'POST',
        headers: { ...ours, Cookie: cookie },
        body,
      })
    cookie = cookieOf(await everywhere())
    cookie = cookieOf(await everywhere())
    const third = await everywhere()
    expect([third.status, third.body.session_ended, cookieOf(third)]).toEqual([200, true, ''])
    expect(third.headers.getSetCookie()).toHaveLength(3)
  })

  it('include those of 0.4: the newest of several counts', async () => {
    const { cookie } = await register()
    const [access, refresh] = cookieOf(await send('/auth/refresh', cookie)).split('; ')
    const old = cookie.split('; ')[1]
    for (const order of [`${old}; ${refresh}`, `${refresh}; ${old}`]) {
      const answer = await send('/auth/refresh', `${access}; ${order}`)
      expect(answer.status).toBe(200)
      expect(cookieOf(answer)).toContain('.3.')
    }
  })

  it('are set on the path of an issuer that has one', async () => {
    const service = await createTestService({
      ISSUER: 'https://example.com/id',
      TOKEN_TRANSPORT: 'cookie',
    })
    const account = { email: freshEmail(), password: 'a good password' }
    const { headers } = await post(service.app, '/id/auth/register', account)
    expect(headers.getSetCookie()[1]).toContain('; Path=/id/auth;')
  })
})

describe('a refresh cookie of another session, as a sibling domain can set it,', () => {
  async function plant() {
    const [victim, attacker] = await Promise.all([register(), register()])
    const [access = '', own = ''] = victim.cookie.split('; ')
    const planted = attacker.cookie.split('; ')[1] ?? ''
    return { victim, access, own, planted }
  }
  const accountOf = async (cookie: string) => {
    const { body } = await ask(app, '/auth/status', { headers: { Cookie: cookie } })
    return (body.data as { email?: string } | undefined)?.email
  }

  it('changes nothing next to the own cookie, in either order', async () => {
    const { victim, access, own, planted } = await plant()
    const orders = [
      [access, planted, own],
      [planted, access, own],
      [planted, own, access],
      [access, own, planted],
      [planted, own, planted, access],
    ]
    for (const order of orders) {
      const answer = await send('/auth/refresh', order.join('; '))
      expect([answer.status, await accountOf(cookieOf(answer))]).toEqual([200, victim.email])
    }
  })

  it('is refused alone, with a reason of its own, without a round trip', async () => {
    const { access, planted } = await plant()
    const database = createCountingDatabase()
    const service = await createTestService({ TOKEN_TRANSPORT: 'cookie' }, { database })
    for (const cookie of [`${access}; ${planted}`, planted]) {
      const headers = { ...json, Cookie: cookie }
      const answer = await ask(service.app, '/auth/refresh', { method: 'POST', headers })
      expect([answer.status, answer.body.code]).toEqual([401, 'refresh_token_unmatched'])
      expect(answer.headers.getSetCookie()).toEqual([])
    }
    expect(database.roundTrips).toBe(0)
  })

  it('is refused next to anything that is no access token', async () => {
    const { access, own } = await plant()
    const payload = (text: string) => btoa(text).replaceAll('=', '')
    const [header = '', claims = '', signature = ''] = access.split('.')
    const values = [
      ...['', 'x', '..', '%', '%00', 'a.b', `a.${payload('null')}.c`, `a.${payload('[1]')}.c`],
      ...[`a.${payload('{}')}.c`, `a.${payload('{"sid":1}')}.c`, `a.${payload('{"sid":""}')}.c`],
      ...[`a.${claims}=.c`, `a.${claims}`, `${claims}.a.c`, `a.${claims}.b.c`],
      ...['a.____.c', `a.${'A'.repeat(8_000)}.c`],
    ]
    for (const value of values) {
      const answer = await send('/auth/refresh', `__Host-access_token=${value}; ${own}`)
      expect([value, answer.body.code]).toEqual([value, 'refresh_token_unmatched'])
    }
    const answer = await send('/auth/refresh', `${header}.${claims}.${signature}; ${own}`)
    expect(answer.status).toBe(200)
  })

  it('is distinguished by an access token that has expired, or whose key is gone', async () => {
    const { victim, access, own, planted } = await plant()
    clock.advance(10_000)
    const [header, claims] = access.split('.')
    for (const cookie of [access, `${header}.${claims}.AAAA`]) {
      const answer = await send('/auth/refresh', [planted, cookie, own].join('; '))
      expect([answer.status, await accountOf(cookieOf(answer))]).toEqual([200, victim.email])
    }
  })

  it('does not help an attacker who knows the session: the newest genuine token counts', async () => {
    const { access, own } = await plant()
    const first = await send('/auth/refresh', `${access}; ${own}`)
    const [, second = ''] = cookieOf(first).split('; ')
    const forged = second.replace(/\.\d+\..*/, `.9.${'A'.repeat(43)}`)
    for (const order of [
      [own, second, forged],
      [forged, second, own],
    ]) {
      const answer = await send('/auth/refresh', [access, ...order].join('; '))
      expect(cookieOf(answer).split('; ')[1]).toContain('.3.')
    }
    const { body } = await send('/auth/refresh', `${access}; ${forged}`)
    expect(body.code).toBe('refresh_token_invalid')
  })
})

describe('requests of other sites, with our cookies,', () => {
  const evil = { Origin: 'https://evil.example.com', 'Sec-Fetch-Site': 'cross-site' }
  const paths = ['/auth/logout', '/auth/logout-everywhere', '/auth/refresh', '/auth/login']
  const forms = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain', '']

  it.each(paths)('change nothing at %s, in any form that a browser can send', async (path) => {
    const { cookie } = await register()
    for (const site of ['cross-site', 'same-site']) {
      for (const type of forms) {
        const headers = { ...evil, 'Sec-Fetch-Site': site, ...(type && { 'Content-Type': type }) }
        const answer = await send(path, cookie, headers)
        expect([answer.status, answer.body.code]).toEqual([403, 'cross_site_request'])
      }
    }
    expect(await status(cookie)).toBe(200)
  })

  it('end no session', async () => {
    const { cookie } = await register()
    const headers = { ...evil, Cookie: cookie }
    const answer = await ask(app, '/auth/sessions/x', { method: 'DELETE', headers })
    expect(answer.body.code).toBe('cross_site_request')
  })

  it('have no permission to send JSON, unless their origin is listed', async () => {
    const preflight = (Origin: string) =>
      ask(app, '/auth/logout', {
        method: 'OPTIONS',
        headers: { Origin, 'Access-Control-Request-Method': 'POST' },
      })
    const allowed = (await preflight('https://app.example.com')).headers
    expect(allowed.get('Access-Control-Allow-Origin')).toBe('https://app.example.com')
    expect(allowed.get('Access-Control-Allow-Credentials')).toBe('true')
    const denied = (await preflight('https://evil.example.com')).headers
    expect(denied.get('Access-Control-Allow-Origin')).toBeNull()
  })

  it('are allowed where a star of the list stands for their label, and for no more labels', async () => {
    const { app } = await createTestService({
      TOKEN_TRANSPORT: 'cookie',
      CORS_ORIGINS: 'https://*.example.net, capacitor://localhost',
    })
    const answers = async (Origin: string) => {
      const headers = { Origin, 'Content-Type': 'text/plain' }
      const answer = await ask(app, '/auth/logout', { method: 'POST', headers })
      return [answer.headers.get('Access-Control-Allow-Origin'), answer.status]
    }
    for (const origin of ['https://a.example.net', 'capacitor://localhost']) {
      expect(await answers(origin)).toEqual([origin, 415])
    }
    for (const origin of ['https://a.b.example.net', 'https://example.net', 'null']) {
      expect(await answers(origin)).toEqual([null, 403])
    }
  })

  it('are allowed where the list has their origin, even without a body', async () => {
    const { cookie } = await register()
    const headers = { Cookie: cookie, Origin: 'https://app.example.com' }
    const answer = await ask(app, '/auth/sessions/x', { method: 'DELETE', headers })
    expect(answer.body.code).toBe('session_unknown')
  })

  it('bring no cookies where tokens travel in headers', async () => {
    const { app: bearer } = await createTestService({ CORS_ORIGINS: 'https://app.example.com' })
    const headers = { Origin: 'https://app.example.com' }
    const answer = await ask(bearer, '/auth/status', { headers })
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('https://app.example.com')
    expect(answer.headers.get('Access-Control-Allow-Credentials')).toBeNull()
  })

  it('are told what is missing, for clients that are no browsers', async () => {
    const { cookie } = await register()
    const { body } = await send('/auth/logout', cookie, {})
    expect(body.code).toBe('cross_site_request')
    expect(body.message).toContain('JSON')
    expect((await send('/auth/logout', cookie, json)).status).toBe(200)
  })

  it('must be JSON even from our own pages', async () => {
    const { cookie } = await register()
    const headers = { Origin: 'https://auth.example.com' }
    expect((await send('/auth/logout', cookie, headers)).status).toBe(415)
  })
})
