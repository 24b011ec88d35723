// The caching headers of answers behind a guard that reads the cookie.

import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { optionalAccessToken, requireAccessToken } from '../../src/index.ts'
import { createTestIssuer } from '../../src/testing.ts'

const issuer = createTestIssuer()
const options = { ...issuer.options, transport: 'cookie' as const }
const Cookie = `__Host-access_token=${await issuer.token()}`

function serve(answer: () => Response | Promise<Response>, guard = requireAccessToken(options)) {
  const app = new Hono().use(guard).get('/', answer)
  return async (headers: Record<string, string> = { Cookie }) => {
    // The first request verifies the token, the second finds it in the cache.
    await app.request('/', { headers })
    const answered = await app.request('/', { headers })
    const [control, vary] = ['Cache-Control', 'Vary'].map((name) => answered.headers.get(name))
    return [answered.status, control, vary]
  }
}

const saying = (headers: Record<string, string>) => () => new Response('', { headers })

describe('an answer behind a guard that reads the cookie', () => {
  it.each([
    ['nothing', {}, 'private', 'Cookie'],
    ['how long it may be kept', { 'Cache-Control': 'max-age=9' }, 'max-age=9', 'Cookie'],
    ['that it varies', { Vary: 'Accept-Encoding' }, 'private', 'Accept-Encoding, Cookie'],
    ['that it varies with cookies', { Vary: 'cookie' }, 'private', 'cookie'],
    ['that it varies with anything', { Vary: '*' }, 'private', '*'],
  ])('is private where the handler says %s', async (_, headers, control, vary) => {
    expect(await serve(saying(headers))()).toEqual([200, control, vary])
  })

  it('is private where it comes from fetch and is immutable, and where it is an error', async () => {
    const fetched = () => fetch('data:text/plain,hello')
    expect(await serve(fetched)()).toEqual([200, 'private', 'Cookie'])
    const failing = () => Promise.reject(new Error('on purpose'))
    expect((await serve(failing)()).slice(1)).toEqual(['private', 'Cookie'])
  })

  it('varies with the cookie where nobody is logged in', async () => {
    const get = serve(saying({ 'Cache-Control': 'public' }), optionalAccessToken(options) as never)
    expect(await get({})).toEqual([200, 'public', 'Cookie'])
    expect(await serve(saying({}), optionalAccessToken(options) as never)({})).toEqual([
      200,
      null,
      'Cookie',
    ])
  })

  it('is unchanged where it begins a WebSocket', async () => {
    const upgrade = () => new Response(null, { status: 101, webSocket: new WebSocketPair()[0] })
    const headers = { Cookie, Upgrade: 'websocket', 'Sec-Fetch-Site': 'same-origin' }
    expect(await serve(upgrade)(headers)).toEqual([101, null, null])
  })

  it('is unchanged behind a guard that reads the header', async () => {
    const get = serve(saying({}), requireAccessToken(issuer.options))
    expect(await get({ Authorization: `Bearer ${await issuer.token()}` })).toEqual([
      200,
      null,
      null,
    ])
  })
})
