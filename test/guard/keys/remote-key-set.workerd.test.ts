import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createRemoteKeySet } from '../../../src/guard/keys/remote-key-set.ts'
import type { SigningJwk } from '../../../src/token/signing-key.ts'
import { createBinding, createSigningJwk, issuer } from '../../support/issuer.ts'
import { createFakeClock } from '../../support/service.ts'

const [first, second, third] = (await Promise.all([
  createSigningJwk(),
  createSigningJwk('EdDSA'),
  createSigningJwk(),
])) as [SigningJwk, SigningJwk, SigningJwk]
const log = vi.spyOn(console, 'error').mockImplementation(() => {})
beforeEach(() => log.mockClear())

function setUp(...keys: SigningJwk[]) {
  const clock = createFakeClock()
  const binding = createBinding(...keys)
  const keySet = createRemoteKeySet({ issuer, service: () => binding, runtime: clock })
  const background: Promise<unknown>[] = []
  const context = { waitUntil: (work: Promise<unknown>) => void background.push(work) }
  const find = async (keyId?: string) => {
    const found = await keySet.find(keyId, context)
    return found.ok ? found.value.keyId : found.error
  }
  const settle = () => Promise.all(background)
  return { clock, binding, keySet, context, find, settle }
}

const tenMinutes = 600
const oneDay = 86_400

describe('the key set of an issuer', () => {
  it('is fetched once, from its fixed path', async () => {
    const { binding, find } = setUp(first, second)
    expect(await find(first.kid)).toBe(first.kid)
    expect(await find(second.kid)).toBe(second.kid)
    expect(binding.asked).toEqual([`${issuer}/.well-known/jwks.json`])
  })

  it('is fetched once for simultaneous requests', async () => {
    const { binding, find } = setUp(first)
    const found = await Promise.all(Array.from({ length: 50 }, () => find(first.kid)))
    expect(new Set(found)).toEqual(new Set([first.kid]))
    expect(binding.asked).toHaveLength(1)
  })

  it('is renewed in the background after ten minutes, once for all requests', async () => {
    const { clock, binding, keySet, context, find, settle } = setUp(first)
    await find(first.kid)
    clock.advance(tenMinutes - 1)
    await find(first.kid)
    expect(binding.asked).toHaveLength(1)
    clock.advance(1)
    for (let request = 0; request < 10; request += 1) {
      expect(keySet.current(first.kid, context)?.keyId).toBe(first.kid)
    }
    await settle()
    expect(binding.asked).toHaveLength(2)
  })

  it('keeps the same key object over a renewal, and drops a removed key', async () => {
    const { clock, binding, keySet, context, find, settle } = setUp(first, second)
    await find(first.kid)
    const before = keySet.current(first.kid, context)
    binding.serve(first)
    clock.advance(tenMinutes)
    await find(first.kid)
    await settle()
    expect(keySet.current(first.kid, context)).toBe(before)
    expect(keySet.current(second.kid, context)).toBeUndefined()
  })

  it('treats a key that has changed under its id as another key', async () => {
    const { clock, binding, keySet, context, find, settle } = setUp(first)
    await find(first.kid)
    const before = keySet.current(first.kid, context)
    binding.serve({ ...third, kid: first.kid })
    clock.advance(tenMinutes)
    await find(first.kid)
    await settle()
    expect(keySet.current(first.kid, context)).not.toBe(before)
  })

  it('is used for a day while the service is away, and no longer', async () => {
    const { clock, binding, find, settle } = setUp(first)
    await find(first.kid)
    binding.answerWith(() => Promise.reject(new TypeError('connection refused')))
    for (let waited = 0; waited < oneDay - tenMinutes; waited += tenMinutes) {
      clock.advance(tenMinutes)
      expect(await find(first.kid)).toBe(first.kid)
      await settle()
    }
    clock.advance(tenMinutes)
    expect(await find(first.kid)).toBe('key_set_unavailable')
    binding.serve(first)
    clock.advance(30)
    expect(await find(first.kid)).toBe(first.kid)
  })
})

describe('a name that the set lacks', () => {
  it('is fetched, and found when it is new', async () => {
    const { binding, find } = setUp(first)
    await find(first.kid)
    binding.serve(first, second)
    expect(await find(second.kid)).toBe(second.kid)
    expect(binding.asked).toHaveLength(2)
  })

  it('is unknown when the service does not have it either', async () => {
    const { find } = setUp(first)
    expect(await find('nobody')).toBe('token_key_unknown')
  })

  it('causes at most 10 fetches for 10,000 of them, in five minutes', async () => {
    const { clock, binding, find } = setUp(first)
    await find(first.kid)
    const outcomes = new Set<string | undefined>()
    for (let request = 0; request < 10_000; request += 1) {
      outcomes.add(await find(`random-${request}`))
      if (request % 37 === 0) clock.advance(1)
    }
    expect(outcomes).toEqual(new Set(['token_key_unknown']))
    expect(binding.asked.length - 1).toBeGreaterThan(1)
    expect(binding.asked.length - 1).toBeLessThanOrEqual(10)
  })

  it('causes one fetch for 1,000 of them at once', async () => {
    const { binding, find } = setUp(first)
    await find(first.kid)
    await Promise.all(Array.from({ length: 1_000 }, (_, request) => find(`random-${request}`)))
    expect(binding.asked).toHaveLength(2)
  })

  it('is found at once when it is new, also right after another new one', async () => {
    const { binding, find } = setUp(first)
    await find(first.kid)
    binding.serve(first, second)
    expect(await find(second.kid)).toBe(second.kid)
    binding.serve(second, third)
    expect(await find(third.kid)).toBe(third.kid)
  })

  it('leaves the token undecided while the service is away', async () => {
    const { clock, binding, find } = setUp(first)
    await find(first.kid)
    binding.answerWith(() => Promise.reject(new TypeError('connection refused')))
    expect(await find(second.kid)).toBe('key_set_unavailable')
    expect(await find(first.kid)).toBe(first.kid)
    expect(binding.asked).toHaveLength(3)
    binding.serve(first, second)
    expect(await find(second.kid)).toBe('key_set_unavailable')
    clock.advance(1)
    expect(await find(second.kid)).toBe(second.kid)
  })
})

describe('a token that names no key', () => {
  it('is refused by an issuer that publishes keys, and causes only the first fetch', async () => {
    const { binding, clock, find } = setUp(first)
    for (let request = 0; request < 100; request += 1) {
      expect(await find()).toBe('token_key_unknown')
      clock.advance(5)
    }
    expect(await find(first.kid)).toBe(first.kid)
    expect(binding.asked).toHaveLength(1)
  })

  it('is refused where no keys are published, with a log line for each fetch', async () => {
    const { clock, binding, find } = setUp()
    binding.answerWith(() => Response.json({ keys: [] }))
    for (let second = 0; second < 100; second += 1) {
      expect(await find()).toBe('key_set_unavailable')
      clock.advance(1)
    }
    // After 1, 2, 4 … 30 s, as with any other token.
    expect(binding.asked).toHaveLength(8)
    expect(log).toHaveBeenCalledTimes(8)
    expect(log.mock.calls[0]?.[0]).toMatch(/empty; set SIGNING_KEYS/)
    binding.serve(first)
    clock.advance(30)
    expect(await find()).toBe('token_key_unknown')
  })
})

describe('an answer that is no key set', () => {
  const html = () =>
    new Response('<!doctype html><title>Hello</title>', {
      headers: { 'Content-Type': 'text/html' },
    })
  const poison: [string, () => Response | Promise<Response>, RegExp][] = [
    ['an HTML page', html, /HTML page.*service binding.*Custom Domain/],
    [
      'error 1042',
      () => new Response('error code: 1042', { status: 404 }),
      /error 1042.*service binding.*Custom Domain/,
    ],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { Location: '/' } }),
      /redirect/,
    ],
    ['an empty set', () => Response.json({ keys: [] }), /empty; set SIGNING_KEYS/],
    ['no JSON', () => new Response('{"keys":'), /not a JWK Set/],
    ['something else', () => Response.json({ status: 'success' }), /not a JWK Set/],
    ['null', () => Response.json(null), /not a JWK Set/],
    ['an error', () => Response.json({ keys: [first] }, { status: 500 }), /status 500/],
    ['far too much', () => new Response('x'.repeat(70_000)), /larger than 64 KiB/],
    ['too many keys', () => Response.json({ keys: Array(65).fill(first) }), /more than 64 keys/],
    ['one name twice', () => Response.json({ keys: [first, first] }), /same name/],
    [
      'keys of other kinds',
      () => Response.json({ keys: [{ kty: 'RSA', kid: 'x' }] }),
      /no key for/,
    ],
    [
      'a point that is none',
      () => Response.json({ keys: [{ ...first, y: first.x }] }),
      /cannot be imported/,
    ],
    ['no connection', () => Promise.reject(new TypeError('refused')), /refused; check that/],
  ]

  it.each(poison)('%s: leaves a sentence in the log', async (_, answer, sentence) => {
    const { binding, keySet, find } = setUp()
    binding.answerWith(answer)
    expect(await find(first.kid)).toBe('key_set_unavailable')
    expect(keySet.problem?.()).toMatch(sentence)
    const line = JSON.parse(String(log.mock.calls[0]?.[0]))
    expect(line).toEqual({ event: 'key_set_unavailable', issuer, problem: keySet.problem?.() })
  })

  it.each(poison)('%s: leaves the copy as it is', async (_, answer) => {
    const { clock, binding, find, settle } = setUp(first)
    await find(first.kid)
    binding.answerWith(answer)
    clock.advance(tenMinutes)
    expect(await find(first.kid)).toBe(first.kid)
    await settle()
    expect(binding.asked.length).toBeGreaterThan(1)
    expect(await find(first.kid)).toBe(first.kid)
  })

  it('is not retried, and a lost connection is, once', async () => {
    const { binding, find } = setUp(first)
    binding.answerWith(() => {
      binding.serve(first)
      return Promise.reject(new TypeError('Network connection lost.'))
    })
    expect(await find(first.kid)).toBe(first.kid)
    expect(binding.asked).toHaveLength(2)
    expect(log).not.toHaveBeenCalled()
  })

  it('is fetched again after 1, 2, 4 … 30 s, for all requests together', async () => {
    const { clock, binding, find } = setUp()
    binding.answerWith(html)
    for (let second = 0; second < 100; second += 1) {
      await Promise.all([find(first.kid), find('random')])
      clock.advance(1)
    }
    expect(binding.asked).toHaveLength(8)
  })

  it('skips keys of other kinds', async () => {
    const { binding, find } = setUp()
    const others = [
      null,
      5,
      { kty: 'oct', kid: 'o', k: 'AAAA' },
      { ...second, use: 'enc', kid: 'e' },
    ]
    binding.answerWith(() => Response.json({ keys: [...others, first] }))
    expect(await find(first.kid)).toBe(first.kid)
    expect(await find('o')).toBe('token_key_unknown')
    expect(await find('e')).toBe('token_key_unknown')
  })
})

describe('a clock that is set back by an hour', () => {
  it('removes no key, and delays no fetch', async () => {
    const { clock, binding, find, settle } = setUp(first)
    await find(first.kid)
    expect(await find('nobody')).toBe('token_key_unknown')
    clock.advance(-3_600)
    expect(await find(first.kid)).toBe(first.kid)
    await settle()
    expect(binding.asked).toHaveLength(3)
    binding.serve(first, second)
    expect(await find(second.kid)).toBe(second.kid)
    binding.answerWith(() => new Response('no'))
    expect(await find(third.kid)).toBe('key_set_unavailable')
    clock.advance(-3_600)
    binding.serve(third)
    expect(await find(third.kid)).toBe(third.kid)
  })
})

describe('a service that hangs', () => {
  it('is given up after three seconds, also for requests that wait for it', async () => {
    const clock = createFakeClock()
    const binding = createBinding()
    binding.answerWith(() => new Promise(() => {}))
    const real = { elapsedMs: () => performance.now(), delay: clock.delay }
    const keySet = createRemoteKeySet({ issuer, service: () => binding, runtime: real })
    const found = await Promise.all([keySet.find(first.kid, {}), keySet.find(first.kid, {})])
    expect(found.map((each) => each.ok)).toEqual([false, false])
    expect(keySet.problem?.()).toMatch(/did not answer within 3 s/)
  })
})

describe('a binding that is not there', () => {
  it('is named, with what to do', async () => {
    const keySet = createRemoteKeySet({ issuer, service: (env: { AUTH: never }) => env.AUTH })
    for (const env of [undefined, {}]) {
      await keySet.find(first.kid, { env })
      expect(keySet.problem?.()).toMatch(/check|\[\[services\]\]/)
    }
  })
})
