// Random and forged tokens in bodies, thousands of them. The service accepts none as its own, and
// none causes a round trip to the database.

import fc from 'fast-check'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { catalogue } from '../../../src/errors/catalogue.ts'
import {
  ask,
  bearing,
  claimsOf,
  createCountingDatabase,
  createTestService,
  postForm,
  refreshWith,
  registerAccount,
  secretKey,
  tokensOf,
} from '../../support/service.ts'

const database = createCountingDatabase()
const client = { id: 'api', secret: 's'.repeat(32) }
const basic = { Authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` }
const settings = { OAUTH_CLIENTS: `${client.id}:${client.secret}` }
// The clock stands still, so all requests come in one second.
const { app } = await createTestService({ ...settings, LIMITS: 'raised' }, { database })
const { token, refreshToken } = await registerAccount(app)

/** Variants of a valid token, such as one character changed or the end cut. */
const near = (good: string) =>
  fc
    .tuple(fc.nat(good.length - 1), fc.string({ unit: 'binary', maxLength: 3 }), fc.nat(3))
    .map(([at, put, dropped]) => good.slice(0, at) + put + good.slice(at + dropped))
    .filter((changed) => changed !== good)
const pieces = fc.array(fc.base64String({ maxLength: 60 }), { maxLength: 5 })
const forged = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  pieces.map((parts) => parts.join('.')),
  fc.constantFrom('', '.', '..', '...', 'null', '0', '__proto__', 'a'.repeat(15_000)),
  near(refreshToken),
  near(token),
)
const isDocumented = (status: number) =>
  Object.values(catalogue).some((entry) => entry.status === status)

/** Checks the property for 2,000 values, without a round trip to the database. */
async function expectOfAll<T>(values: fc.Arbitrary<T>, check: (value: T) => Promise<void>) {
  database.roundTrips = 0
  await fc.assert(fc.asyncProperty(values, check), { numRuns: 2_000 })
  expect(database.roundTrips).toBe(0)
}

describe('tokens that the service has not issued', () => {
  it('refresh nothing', async () => {
    await expectOfAll(forged, async (candidate) => {
      const { status, body } = await refreshWith(app, candidate)
      expect([status, body.code]).toEqual([401, 'refresh_token_invalid'])
    })
  })

  it('revoke nothing, in the words of RFC 7009', async () => {
    await expectOfAll(forged, async (candidate) => {
      const { status } = await postForm(app, '/oauth/revoke', { token: candidate })
      expect(status).toBe(candidate ? 200 : 400)
    })
  })

  it('are introspected as not active', async () => {
    await expectOfAll(forged, async (candidate) => {
      const asked = await postForm(app, '/oauth/introspect', { token: candidate }, basic)
      expect(candidate ? asked.body : asked.body.error).toEqual(
        candidate ? { active: false } : 'invalid_request',
      )
    })
  })

  it('have ended nothing: the real ones stay valid', async () => {
    const next = await refreshWith(app, refreshToken)
    expect(next.status).toBe(200)
    const { body } = await postForm(
      app,
      '/oauth/introspect',
      { token: tokensOf(next).token },
      basic,
    )
    expect(body.active).toBe(true)
  })
})

describe('a genuine token', () => {
  const subjects = [
    '',
    '0',
    '-1',
    '01',
    '1.0',
    '1e3',
    ' 1',
    '１',
    '9007199254740993',
    'constructor',
  ]

  it.each(subjects)(
    'whose subject is %j belongs to no account, and causes no round trip',
    async (sub) => {
      const changed = new SignJWT({ ...claimsOf(token), sub })
      changed.setProtectedHeader({ alg: 'HS256' })
      database.roundTrips = 0
      const signed = await changed.sign(new TextEncoder().encode(secretKey))
      const { status, body } = await ask(app, '/auth/status', bearing(signed))
      expect([status, body.code, database.roundTrips]).toEqual([401, 'token_invalid', 0])
    },
  )
})

describe('random bytes and headers at the OAuth endpoints', () => {
  const latin = fc.string({ unit: 'binary-ascii', maxLength: 60 }).map((text) =>
    // The characters that a header may hold.
    text.replace(/[^\x20-\x7e]/g, '').trim(),
  )
  const credentials = fc.oneof(
    latin,
    latin.map((text) => `Basic ${btoa(text)}`),
    latin.map((text) => `Basic ${text}`),
    latin.map((text) => `Basic ${btoa(`${client.id}:${text}`)}`),
  )

  it('get an answer in OAuth’s form, and no access', async () => {
    const requests = fc.record({
      body: fc.uint8Array({ maxLength: 200 }),
      authorization: credentials,
      contentType: fc.constantFrom('application/x-www-form-urlencoded', 'application/json', ''),
      path: fc.constantFrom('/oauth/revoke', '/oauth/introspect'),
    })
    await expectOfAll(requests, async ({ body, authorization, contentType, path }) => {
      const headers = { 'Content-Type': contentType, Authorization: authorization }
      const answer = await ask(app, path, { method: 'POST', headers, body })
      expect(isDocumented(answer.status)).toBe(true)
      expect(answer.body.error).toBeOneOf(['invalid_request', 'invalid_client'])
    })
  })

  it('do not authenticate as the client: a valid token stays hidden, and valid', async () => {
    await expectOfAll(credentials, async (Authorization) => {
      for (const path of ['/oauth/revoke', '/oauth/introspect']) {
        const { status, body } = await postForm(app, path, { token }, { Authorization })
        expect([status, body.error]).toEqual([401, 'invalid_client'])
      }
    })
  })

  it.each([
    ['a token twice', 'token=a&token=b'],
    ['a hint twice', 'token=a&token_type_hint=x&token_type_hint=y'],
    ['an empty token', 'token='],
    ['no token', 'x=1'],
    ['nothing', ''],
    ['broken escapes', '%zz=%&%'],
  ])('refuses %s', async (_, body) => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', ...basic }
    for (const path of ['/oauth/revoke', '/oauth/introspect']) {
      const answer = await ask(app, path, { method: 'POST', headers, body })
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
    }
  })

  it('are read up to 16 KiB only', async () => {
    const answer = await postForm(app, '/oauth/revoke', { token: 'a'.repeat(17_000) })
    expect([answer.status, answer.body.error]).toEqual([413, 'invalid_request'])
  })
})
