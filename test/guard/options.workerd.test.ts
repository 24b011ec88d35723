import { Hono, type MiddlewareHandler } from 'hono'
import { describe, expect, it } from 'vitest'
import {
  createLocalKeySet,
  createRemoteKeySet,
  createSecretKeySet,
  createVerifier,
  optionalAccessToken,
  requireAccessToken,
  requireFreshLogin,
  requireRole,
} from '../../src/index.ts'
import { createTestIssuer } from '../../src/testing.ts'
import { publicJwkSet } from '../../src/token/signing-key.ts'
import { audience, createSigningJwk, issuer } from '../support/issuer.ts'
import { createFakeClock } from '../support/service.ts'

type Make = (...given: unknown[]) => unknown
const verifiers: [string, Make][] = [
  ['createVerifier', createVerifier as Make],
  ['requireAccessToken', requireAccessToken as Make],
  ['optionalAccessToken', optionalAccessToken as Make],
]
const good = { issuer, audience }
const secret = 'hunter2-hunter2-hunter2'

/** What each verifier must refuse, and how the message begins. */
const wrong: [object, string][] = [
  [{ issuer: undefined }, 'and at most 256 characters, and is undefined.'],
  [{ issuer: 7 }, 'and at most 256 characters, and is 7.'],
  [{ issuer: 'auth.example.com' }, 'issuer must be a URL such as'],
  [{ issuer: null }, 'issuer must be a URL such as'],
  [{ issuer: 'auth' }, 'issuer must be a URL such as'],
  [{ issuer: `${issuer}/` }, `issuer must be written as ${issuer}, and is ${issuer}/.`],
  [{ issuer: 'http://auth.internal' }, 'issuer must be https:, unless'],
  [
    { audience: '' },
    "audience must be the API's own name (the service's AUDIENCE), or 'any', and is",
  ],
  ...[' any', 'a\nb', 'a\u200b', ' ', 'a'.repeat(257)].map((audience): [object, string] => [
    { audience },
    "audience must be the API's own name",
  ]),
  [{ audience: [audience] }, "audience must be the API's own name"],
  [{ audience: undefined }, "audience must be the API's own name"],
  [{ service: {} }, 'service must be a function such as (env) => env.AUTH, and is of type object.'],
  [{ service: secret }, 'service must be a function such as (env) => env.AUTH, and is of type str'],
  [{ keys: { current() {} } }, 'keys must be a function, and is of type object.'],
  [{ keys: null }, 'keys must be a function, and is null.'],
  [{ transport: 'Cookie' }, "transport must be 'bearer' or 'cookie', and is \"Cookie\"."],
  [{ trustedOrigins: 'https://app.example.com' }, 'trustedOrigins must be a list of origins such'],
  [{ trustedOrigins: [''] }, 'trustedOrigins must be a list of origins such as'],
  [{ trustedOrigins: ['*'] }, 'trustedOrigins must be a list of origins such as'],
  [{ trustedOrigins: ['null'] }, 'trustedOrigins must be a list of origins such as'],
  [{ trustedOrigins: ['https://*.example.com'] }, 'trustedOrigins must be a list of origins'],
  [{ trustedOrigins: ['app.example.com'] }, 'trustedOrigins must be a list of origins'],
  [{ trustedOrigins: ['https://a.example/x'] }, 'trustedOrigins must be a list of origins'],
  [{ trustedOrigins: ['http://app.example.com'] }, 'trustedOrigins must be a list of origins'],
  [
    { trustedOrigins: ['https://a.example/'] },
    'trustedOrigins must be a list of origins such as https://app.example.com, and is ["https://a.example/"].',
  ],
  [{ insecureHttp: 'allow' }, 'insecureHttp must be true or false, and is of type string.'],
  [{ trustedOrigins: Array(1) }, 'trustedOrigins must be a list of origins'],
  [{ revocation: [] }, "revocation must be 'strict', 'none' or"],
  [
    { revocation: 'sometimes' },
    "revocation must be 'strict', 'none' or { maxStalenessSeconds }, and",
  ],
  [
    { revocation: { maxStaleness: 5 } },
    'revocation has no option maxStaleness; it has maxStaleness',
  ],
  [{ revocation: { maxStalenessSeconds: '5' } }, 'maxStalenessSeconds must be from 4 to 300, and'],
  [
    { revocation: { acceptStaleSeconds: -1 } },
    'acceptStaleSeconds must be from 0 to 86400, and is -1',
  ],
  [{ revocationSource: {} }, 'revocationSource must be a function, and is of type object.'],
  [
    { runtime: {} },
    'runtime must have the functions now, nowMs, elapsedMs, delay, randomBytes, and',
  ],
  [
    { trustedOrigin: ['https://a.example'] },
    ' has no option trustedOrigin; it has issuer, audience',
  ],
  [{ revocations: () => {} }, ' has no option revocations; it has issuer, audience'],
]

describe.each(verifiers)('%s', (name, make) => {
  it.each(wrong)('refuses the options %j', (options, sentence) => {
    const begin = () => make({ ...good, ...options })
    expect(begin).toThrow(TypeError)
    expect(begin).toThrow(sentence)
    expect(begin).not.toThrow(secret)
  })

  it('checks options that are inherited or come from getters', () => {
    class Options {
      issuer = issuer
      get audience() {
        return ''
      }
    }
    expect(() => make(new Options())).toThrow("audience must be the API's own name")
    expect(() => make(Object.create({ ...good, isuer: issuer }))).toThrow('has no option isuer')
  })

  it('names itself where an option is unknown, and takes one argument', () => {
    expect(() => make({ ...good, isuer: issuer })).toThrow(`${name} has no option isuer;`)
    expect(() => make({ ...good, constructor: 1 })).toThrow(`${name} has no option constructor;`)
    expect(() => make(good, createFakeClock())).toThrow(
      `${name} takes no second argument: runtime is an option.`,
    )
    expect(() => make()).toThrow(`${name} takes an object of options, and got undefined.`)
    expect(() => make(issuer)).toThrow(`${name} takes an object of options, and got of type string`)
  })

  it.each([
    {},
    { issuer: 'http://127.0.0.1:8787' },
    { issuer: 'http://auth.localhost' },
    { issuer: 'http://auth.internal', service: () => ({}) },
    { issuer: 'http://auth.internal', insecureHttp: true },
    { transport: 'cookie', trustedOrigins: ['https://app.example.com', 'http://localhost:3000'] },
    { transport: 'cookie', trustedOrigins: ['http://app.internal'], insecureHttp: true },
    { transport: 'cookie', trustedOrigins: [] },
    { service: undefined, keys: undefined, revocation: undefined, runtime: undefined },
    { audience: 'any', revocation: 'none' },
  ])('accepts the options %j', (options) => {
    expect(() => make({ ...good, ...options })).not.toThrow()
  })
})

describe('options that are inherited or come from getters', () => {
  const issued = createTestIssuer()
  class Options {
    readonly issuer = issued.issuer
    readonly service = issued.options.service
    get audience() {
      return 'https://mine.example'
    }
  }
  const inherited = Object.create({ ...issued.options, audience: 'https://mine.example' })
  const all = [inherited, new Options() as typeof issued.options]

  it.each(all)('let in no token for another audience', async (options) => {
    const token = await issued.token({ aud: 'https://other.example' })
    for (const guard of [requireAccessToken(options), optionalAccessToken(options)]) {
      const app = new Hono().use(guard as MiddlewareHandler).get('/', (c) => c.text('in'))
      const headers = { Authorization: `Bearer ${token}` }
      expect((await app.request('/', { headers })).status).toBe(401)
    }
    expect((await createVerifier(options).verify(token)).ok).toBe(false)
  })

  it('let in a token for their audience', async () => {
    const token = await issued.token({ aud: 'https://mine.example' })
    for (const options of all) {
      expect((await createVerifier(options).verify(token)).ok).toBe(true)
    }
  })

  it('count for a revocation bound and a fresh login as well', async () => {
    const revocation = Object.create({ maxStalenessSeconds: 3 })
    expect(() => createVerifier({ ...good, revocation })).toThrow('maxStalenessSeconds must be')
    const onRefused = () => new Response('mine', { status: 418 })
    const options = Object.create({ maxAgeSeconds: 300, onRefused })
    const app = new Hono().get('/', requireFreshLogin(options), (c) => c.text('in'))
    expect((await app.request('/')).status).toBe(418)
  })

  it('are read once', async () => {
    let reads = 0
    const options = {
      ...issued.options,
      get audience() {
        reads += 1
        return reads === 1 ? 'https://mine.example' : 'any'
      },
    }
    const token = await issued.token({ aud: 'https://other.example' })
    expect((await createVerifier(options).verify(token)).ok).toBe(false)
  })
})

describe('a guard that reads the cookie', () => {
  const clock = createTestIssuer()

  async function ask(origins: string[], origin: string) {
    const trustedOrigins = [...origins]
    const app = new Hono()
      .use(requireAccessToken({ ...clock.options, transport: 'cookie', trustedOrigins }))
      .post('/', (c) => c.text('in'))
    // Added too late.
    trustedOrigins.push('https://later.example')
    const headers = { Origin: origin, Cookie: `__Host-access_token=${await clock.token()}` }
    return (await app.request('https://api.example.com/', { method: 'POST', headers })).status
  }

  it('compares whole origins, and trusts only those of its creation', async () => {
    const origins = ['https://app.example.com']
    expect(await ask(origins, 'https://app.example.com')).toBe(200)
    expect(await ask(origins, 'https://app.example.co')).toBe(403)
    expect(await ask(origins, 'https://app.example.com.evil.example')).toBe(403)
    expect(await ask(origins, 'null')).toBe(403)
    expect(await ask(origins, '')).toBe(403)
    expect(await ask(origins, 'https://later.example')).toBe(403)
  })
})

describe('createRemoteKeySet', () => {
  it.each([
    [{ issuer: 'http://auth.internal' }, 'issuer must be https:'],
    [{ issuer: `${issuer}/` }, `issuer must be written as ${issuer}, and is ${issuer}/.`],
    [{ service: {} }, 'service must be a function such as'],
    [
      { runtime: { delay() {} } },
      'runtime must have the functions elapsedMs, delay, and lacks ela',
    ],
    [{ audience }, 'createRemoteKeySet has no option audience; it has issuer, service'],
  ])('refuses the options %j', (options, sentence) => {
    expect(() => createRemoteKeySet({ issuer, ...options } as never)).toThrow(sentence)
  })

  it('takes one argument', () => {
    expect(() => (createRemoteKeySet as Make)({ issuer }, createFakeClock())).toThrow(
      'createRemoteKeySet takes no second argument: runtime is an option.',
    )
  })
})

describe('createLocalKeySet', () => {
  it('refuses no keys, and two keys with one id', async () => {
    const { keys } = publicJwkSet([await createSigningJwk()])
    expect(() => createLocalKeySet({ keys: [] })).toThrow('at least one key')
    expect(() => createLocalKeySet({ keys: [...keys, ...keys] })).toThrow('no two of the same name')
  })
})

describe('createSecretKeySet', () => {
  const key = 'a secret of these tests: 0123456789abcdef'

  it('gives concurrent first calls the same key, and keeps it', async () => {
    const set = createSecretKeySet(key)
    const [first, second] = await Promise.all([set.find(undefined, {}), set.find(undefined, {})])
    if (!first.ok || !second.ok) throw new Error('There is no key.')
    expect(second.value).toBe(first.value)
    expect(set.current(undefined, {})).toBe(first.value)
  })

  it('treats spaces as no previous key, and names the invalid key', () => {
    for (const none of ['', '   ', undefined, null]) {
      expect(() => createSecretKeySet(key, none as string)).not.toThrow()
    }
    expect(() => createSecretKeySet('   ', key)).toThrow('the SECRET_KEY of the service')
    for (const wrong of ['short', 5]) {
      expect(() => createSecretKeySet(key, wrong as string)).toThrow(
        'the PREVIOUS_SECRET_KEY of the service',
      )
    }
  })
})

describe('a guard behind the first', () => {
  it.each([
    [
      () => requireRole('admin', { onRefusd: () => {} } as never),
      'requireRole has no option onRefusd',
    ],
    [() => requireRole('admin', 'editor' as never), 'requireRole takes an object of options'],
    [() => requireRole(' '), 'requireRole takes a role, {'],
    [() => requireRole('a b'), 'requireRole takes a role, {'],
    [() => requireRole({ all: [' admin'] }), 'requireRole takes a role, {'],
    [() => requireRole({ any: Array(2) }), 'requireRole takes a role, {'],
    [() => requireRole({ any: ['a'], al: ['b'] } as never), 'requireRole takes a role, {'],
    [
      () => requireRole('admin', { onRefused: 'no' } as never),
      'onRefused must be a function, and is',
    ],
    [
      () => requireFreshLogin(300 as never),
      'requireFreshLogin takes an object of options, and got 3',
    ],
    [() => requireFreshLogin({ maxAge: 300 } as never), 'requireFreshLogin has no option maxAge;'],
    [
      () => requireFreshLogin({ maxAgeSeconds: '300' } as never),
      'maxAgeSeconds must be a whole number of seconds, at least 1, and is of type string.',
    ],
    [
      () => (requireFreshLogin as Make)({ maxAgeSeconds: 300 }, createFakeClock()),
      'requireFreshLogin takes no second argument: runtime is an option.',
    ],
  ])('is refused for the call %s', (make, sentence) => {
    expect(make).toThrow(TypeError)
    expect(make).toThrow(sentence)
  })
})

describe('createTestIssuer', () => {
  it.each([
    [{ issuer: 'https://a.test/' }, 'issuer must be written as https://a.test, and is'],
    [{ audience: '' }, 'audience must be the name of an API, and is "".'],
    [{ audience: 'any' }, 'audience must be the name of an API, and is "any".'],
    [{ audience: 7 }, 'audience must be the name of an API, and is 7.'],
    [{ audiance: 'x' }, 'createTestIssuer has no option audiance; it has issuer, audience.'],
  ])('refuses the options %j', (options, sentence) => {
    expect(() => createTestIssuer(options as never)).toThrow(sentence)
  })
})
