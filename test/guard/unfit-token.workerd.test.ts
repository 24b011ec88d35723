// What a guard logs about tokens that it refuses because of a wrong configuration.

import { Hono } from 'hono'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createLocalKeySet,
  createSecretKeySet,
  type GuardOptions,
  requireAccessToken,
} from '../../src/index.ts'
import { importSecretSigningKey, publicJwkSet } from '../../src/token/signing-key.ts'
import { audience, createBinding, createSigningJwk, issuer, issueWith } from '../support/issuer.ts'
import { bearing, createFakeClock, secretKey } from '../support/service.ts'

const log = vi.spyOn(console, 'error').mockImplementation(() => {})
beforeEach(() => log.mockClear())
const lines = () => log.mock.calls.map(([line]) => JSON.parse(String(line)))

const signing = await createSigningJwk()
const stranger = await createSigningJwk()

function setUp(options: Partial<GuardOptions> = {}) {
  const clock = createFakeClock()
  const binding = createBinding(signing)
  const guard = { issuer, audience, revocation: 'none' as const, service: () => binding }
  const app = new Hono()
    .use(requireAccessToken({ ...guard, runtime: clock, ...options }))
    .get('/', (c) => c.text(c.var.auth.subject))
  const ask = async (token: string) => (await app.request('/', bearing(token))).status
  const issue = (changes = {}, key = signing) => issueWith(key, clock, changes)
  return { clock, app, ask, issue, binding }
}

const half = (value: object) =>
  btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

describe('a different service than the issuer', () => {
  it('is named in the log, with the binding over which it was asked', async () => {
    const { ask, issue, binding } = setUp()
    binding.answerWith(() => new Response('Hello', { status: 404 }))
    expect(await ask(await issue())).toBe(503)
    expect(lines()[0].problem).toBe(
      `The key set at ${issuer}/.well-known/jwks.json, over the service binding, answers with status 404; check which Worker answers, and the issuer.`,
    )
  })
})

describe('a token that does not fit', () => {
  it.each([
    [
      'another issuer',
      { issuer: 'https://auth.example.com/auth' },
      /another issuer.*example\.com\/auth"/,
    ],
    [
      'another audience',
      { audience: 'https://b' },
      /another audience\. Expected, over the service binding: .*"aud":"https:\/\/api\.example\.com".*"aud":"https:\/\/b"/,
    ],
    [
      'a key that was never published',
      { signingKey: () => importSecretSigningKey(secretKey) },
      /lacks the key .*SIGNING_KEYS.*"kid":"undefined"/,
    ],
  ])('is explained in the log: %s', async (_, changes, sentence) => {
    const { ask, issue } = setUp()
    expect(await ask(await issue(changes))).toBe(401)
    expect(lines()).toEqual([
      { event: 'token_unfit', issuer, problem: expect.stringMatching(sentence) },
    ])
    expect(lines()[0].problem).toMatch(/Expected, over the service binding: /)
  })

  it('is explained where another service has issued it, or answers', async () => {
    const { ask, issue, clock } = setUp()
    expect(await ask(await issue({}, stranger))).toBe(401)
    expect(await ask(await issue({}, { ...stranger, kid: signing.kid }))).toBe(401)
    const elsewhere = { issuer: 'https://elsewhere.example.com' }
    clock.advance(60)
    expect(await ask(await issue(elsewhere, { ...stranger, kid: 'other' }))).toBe(401)
    expect(lines().map(({ problem }) => problem)).toEqual([
      expect.stringContaining(`"kid":"${stranger.kid}"`),
      expect.stringMatching(/another key .* another service made the token/),
      expect.stringMatching(/lacks the key .*elsewhere/),
    ])
  })

  it('is explained where it is signed with another SECRET_KEY', async () => {
    const { ask, issue } = setUp({ keys: () => createSecretKeySet(secretKey) })
    const signingKey = () => importSecretSigningKey(`another ${secretKey}`)
    expect(await ask(await issue({ signingKey }))).toBe(401)
    expect(lines()[0].problem).toMatch(/^The token is signed with another SECRET_KEY\. Expected/)
  })

  it('is explained where the clock of the guard is behind', async () => {
    const { ask, issue, clock } = setUp()
    const token = await issue()
    clock.advance(-61)
    expect(await ask(token)).toBe(401)
    expect(lines()[0].problem).toMatch(/from the future: the clock here is behind\./)
  })

  it('writes one line a minute for each reason', async () => {
    const { ask, issue, clock } = setUp()
    for (let time = 0; time < 3; time += 1) {
      await ask(await issue({ audience: `https://${time}` }))
      await ask(await issue({ issuer: `https://${time}` }))
    }
    expect(lines()).toHaveLength(2)
    clock.advance(59)
    await ask(await issue({ audience: 'https://b' }))
    expect(lines()).toHaveLength(2)
    clock.advance(1)
    await ask(await issue({ audience: 'https://b' }))
    expect(lines()).toHaveLength(3)
    clock.advance(-3_600)
    await ask(await issue({ audience: 'https://b' }))
    expect(lines()).toHaveLength(4)
  })

  it('writes only short, printable text into the log', async () => {
    const { ask, clock } = setUp()
    const header = { alg: 'ES256', kid: `k\n{"event":"forged"}\u001b[2J${'x'.repeat(500)}` }
    const claims = { iss: issuer, aud: [{ a: 'y'.repeat(500) }], exp: clock.now() + 60 }
    expect(await ask(`${half(header)}.${half(claims)}.${'A'.repeat(86)}`)).toBe(401)
    const [line] = log.mock.calls.map(([text]) => String(text))
    expect(line).not.toMatch(/[^ -~]/)
    expect(line?.length).toBeLessThan(1_100)
    expect(lines()).toMatchObject([
      { event: 'token_unfit', problem: expect.stringContaining('k?{') },
    ])
  })

  it('is not explained where it is expired, malformed, no JSON, or of another kind', async () => {
    const { ask, issue, clock } = setUp()
    const others = [await issue({ audience: 'https://b' }), await issue({}, stranger)]
    clock.advance(900)
    const header = half({ alg: 'ES256', kid: 'k' })
    const exp = clock.now() + 60
    const foreign = half({ iss: 'https://accounts.example.com', aud: 'x', exp })
    const noJson = btoa('abc')
    const ending = 'A'.repeat(86)
    const ours = [`${header}.${foreign}.${ending}`, `${header}.${noJson}.${ending}`, 'a.b', '']
    for (const token of [...others, ...ours, await issue()]) await ask(token)
    expect(lines()).toEqual([])
  })

  it('is explained in the answer only where the issuer is this machine', async () => {
    const answerOf = async (local: string) => {
      const keys = () => createLocalKeySet(publicJwkSet([signing]))
      const { app, issue } = setUp({ issuer: local, keys })
      return (
        await app.request('/', bearing(await issue({ issuer: 'http://127.0.0.1:8787' })))
      ).json()
    }
    expect(await answerOf('http://localhost:8787')).toMatchObject({
      code: 'token_invalid',
      detail: 'Invalid token. Please log in again.',
      problem: expect.stringMatching(/another issuer.*localhost:8787.*127\.0\.0\.1:8787/),
    })
    expect(await answerOf(issuer)).toEqual({
      title: 'Unauthorized',
      status: 401,
      detail: 'Invalid token. Please log in again.',
      code: 'token_invalid',
    })
  })
})
