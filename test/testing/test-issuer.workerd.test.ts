import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { requireAccessToken } from '../../src/index.ts'
import { createTestIssuer, type TestTokenClaims } from '../../src/testing.ts'

function setUp(options = {}) {
  const issuer = createTestIssuer(options)
  const app = new Hono()
    .use(requireAccessToken<object, { plan?: string }>(issuer.options))
    .get('/', (c) => c.json(c.var.auth))
  const ask = (token: string) => app.request('/', { headers: { Authorization: `Bearer ${token}` } })
  return { issuer, ask }
}

describe('a test issuer', () => {
  it('issues tokens with custom claims, for its audience', async () => {
    const { issuer, ask } = setUp({ issuer: 'https://a.test', audience: 'https://b.test' })
    const token = await issuer.token({ sub: '7', plan: 'pro' })
    expect(await (await ask(token)).json()).toMatchObject({
      subject: '7',
      claims: { iss: 'https://a.test', aud: 'https://b.test', plan: 'pro' },
    })
  })

  it('issues different tokens, each valid for 900 s of its own clock', async () => {
    const { issuer, ask } = setUp()
    const [one, other] = await Promise.all([issuer.token(), issuer.token()])
    expect(one).not.toBe(other)
    issuer.advance(898)
    expect((await ask(one)).status).toBe(200)
    issuer.advance(2)
    expect((await ask(one)).status).toBe(401)
  })

  it('revokes one session at once, and no other', async () => {
    const { issuer, ask } = setUp()
    const [one, other] = await Promise.all([issuer.token(), issuer.token()])
    issuer.revoke(one)
    expect([(await ask(one)).status, (await ask(other)).status]).toEqual([401, 200])
  })

  it('revokes elsewhere, so that guards learn of it within their bound', async () => {
    const { issuer, ask } = setUp()
    const token = await issuer.token()
    expect((await ask(token)).status).toBe(200)
    issuer.revoke(token, { elsewhere: true })
    issuer.advance(10)
    expect((await ask(token)).status).toBe(401)
  })

  it('becomes stale, and recovers', async () => {
    const { issuer, ask } = setUp()
    const token = await issuer.token()
    expect((await ask(token)).status).toBe(200)
    issuer.goStale()
    expect((await ask(token)).status).toBe(503)
    issuer.recover()
    expect((await ask(token)).status).toBe(200)
  })

  it.each(['', 'a.b.c', 'x.e30.y', undefined, null, Promise.resolve('x')])(
    'refuses to revoke %j',
    (token) => {
      const revoke = () => createTestIssuer().revoke(token as string)
      expect(revoke).toThrow(TypeError)
      expect(revoke).toThrow(/^Pass a token of this issuer/)
    },
  )

  it('refuses to revoke a token of another issuer, and names that issuer', async () => {
    const other = await createTestIssuer({ issuer: 'https://b.test' }).token()
    expect(() => createTestIssuer().revoke(other)).toThrow(
      'this one is of "https://b.test", not of https://auth.test.',
    )
  })

  it.each([
    [{ sid: 'session-1' }, 'sid must be an opaque id of 16 base64url characters, and is "session'],
    [{ jti: 7 }, 'jti must be an opaque id of 16 base64url characters, and is 7.'],
    [{ gen: 'a/bcdefghijklmno' }, 'gen must be an opaque id of 16 base64url characters'],
    [{ exp: 1_793_000_000_000 }, 'exp must be a whole number of seconds, not of milliseconds'],
    [{ exp: 1.5 }, 'exp must be a whole number of seconds'],
    [{ exp: -1 }, 'exp must be a whole number of seconds'],
    [{ iat: 1_793_000_000_000 }, 'iat must be a whole number of seconds, not of milliseconds'],
    [{ auth_time: 0.5 }, 'auth_time must be a whole number of seconds'],
  ])('refuses to issue a token with %j', async (claims, sentence) => {
    const issuing = createTestIssuer().token(claims as TestTokenClaims)
    await expect(issuing).rejects.toThrow(TypeError)
    await expect(issuing).rejects.toThrow(sentence)
  })

  it('revokes a token with a very long life, and guards can still read the feed', async () => {
    const { issuer, ask } = setUp()
    const [token, other] = [await issuer.token({ exp: 99_999_999_999 }), await issuer.token()]
    issuer.revoke(token, { elsewhere: true })
    issuer.advance(10)
    expect([(await ask(token)).status, (await ask(other)).status]).toEqual([401, 200])
  })

  it('shares nothing with one of another name', async () => {
    const [here, there] = [setUp(), setUp({ issuer: 'https://b.test' })]
    const token = await here.issuer.token({ iss: 'https://b.test', aud: 'https://b.test' })
    expect(await (await there.ask(token)).json()).toMatchObject({ code: 'token_invalid' })
  })

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses to advance by %s s', (seconds) => {
    const issuer = createTestIssuer()
    const before = issuer.runtime.now()
    expect(() => issuer.advance(seconds)).toThrow(/^advance takes seconds, at least 0/)
    expect(issuer.runtime.now() - before).toBeLessThan(2)
  })
})
