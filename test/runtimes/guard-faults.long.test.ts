// A guarded Worker whose path to the key set breaks, hangs, or leads elsewhere. The processes are
// real, with a proxy between them.

import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { type Bundle, bundleWorker } from '../support/bundle.ts'
import { bearing, send } from '../support/client.ts'
import { startIssuingService } from '../support/issuing-service.ts'
import { type DatabaseProxy, type Fault, startProxy } from '../support/proxy.ts'
import { type Server, until } from '../support/server.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

let service: Awaited<ReturnType<typeof startIssuingService>>
let proxy: DatabaseProxy
let bundle: Bundle
let token: string

beforeAll(async () => {
  const port = await findFreePort()
  proxy = await startProxy(`http://127.0.0.1:${port}`)
  service = await startIssuingService(inject('bundle'), { ISSUER: proxy.url }, port)
  bundle = bundleWorker('examples/api-over-http/wrangler.toml')
  token = await service.client.token()
})
afterAll(async () => {
  await Promise.all([service.stop(), proxy.stop()])
  bundle.remove()
})

/** The servers of the current test, which may fail before its end. */
const running: Server[] = []
afterEach(() => Promise.all(running.splice(0).map((server) => server.stop())))

async function startGuarded() {
  proxy.setFault('none')
  const variables = { ISSUER: proxy.url, AUDIENCE: proxy.url }
  const server = await serveOnWorkerd(bundle.file, variables)
  running.push(server)
  proxy.reset()
  const me = (bearer = token) => send(`${server.baseUrl}/api/me`, bearing(bearer))
  return { server, me }
}

const faults: [Fault, RegExp][] = [
  ['hangs', /did not answer within 3 s/],
  ['cuts the connection', /cannot be fetched/],
  ['cuts the answer', /cannot be fetched|not a JWK Set/],
  ['answers 500', /status 500/],
  ['answers 502 with HTML', /HTML page.*service binding.*Custom Domain/],
  ['answers HTML', /HTML page.*service binding.*Custom Domain/],
  ['answers truncated JSON', /not a JWK Set/],
  ['answers an empty object', /not a JWK Set/],
  ['redirects', /redirect/],
]

describe.each(faults)('a key set that %s', (fault, sentence) => {
  it('leads to 503 with a sentence in the log, and the guard recovers by itself', async () => {
    const { server, me } = await startGuarded()
    proxy.setFault(fault)
    const { status, body, headers } = await me()
    expect([status, body.code, headers.get('Retry-After')]).toEqual([503, 'unavailable', '5'])
    await until(() => server.log().length > 0)
    expect(server.log()[0]).toMatchObject({ event: 'key_set_unavailable', issuer: proxy.url })
    expect(server.log()[0]?.problem).toMatch(sentence)
    proxy.setFault('none')
    await until(async () => (await me()).status === 200)
  })

  it('changes nothing for a guard that has its copy', async () => {
    const { me } = await startGuarded()
    await until(async () => {
      const checks = proxy.count('/auth/feed/check')
      expect((await me()).status).toBe(200)
      // Then the revocations are loaded as well.
      return proxy.count('/auth/feed/check') === checks
    })
    proxy.setFault(fault)
    const other = await service.client.token()
    const statuses = await Promise.all([me(), me(other), me(`${other.slice(0, -9)}AAAAAAAAA`)])
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 401])
    expect(proxy.count('/.well-known/')).toBe(1)
  })
})

describe('a guarded Worker', () => {
  it('recovers when the client of its first request hangs up during the fetch of the keys', async () => {
    const { server, me } = await startGuarded()
    proxy.setFault('hangs')
    const impatient = new AbortController()
    const first = fetch(`${server.baseUrl}/api/me`, {
      ...bearing(token),
      signal: impatient.signal,
    }).catch(() => 'hung up')
    await until(() => proxy.count() > 0)
    impatient.abort()
    expect(await first).toBe('hung up')
    proxy.setFault('none')
    await until(async () => (await me()).status === 200)
  })

  it('fetches at most 10 times for 10,000 tokens that name random keys', async () => {
    const { me } = await startGuarded()
    expect((await me()).status).toBe(200)
    const segments = token.split('.').slice(1)
    const ask = async (number: number) => {
      const header = { alg: 'ES256', typ: 'JWT', kid: `random-${number}` }
      const first = Buffer.from(JSON.stringify(header)).toString('base64url')
      return (await me([first, ...segments].join('.'))).status
    }
    const statuses = new Set<number>()
    for (let sent = 0; sent < 10_000; sent += 50) {
      const asked = Array.from({ length: 50 }, (_, index) => ask(sent + index))
      for (const status of await Promise.all(asked)) statuses.add(status)
    }
    expect([...statuses]).toEqual([401])
    expect(proxy.count('/.well-known/') - 1).toBeLessThanOrEqual(10)
    expect((await me()).status).toBe(200)
  }, 120_000)

  it('fetches once for a cold start under load', async () => {
    const { me } = await startGuarded()
    const answers = await Promise.all(Array.from({ length: 50 }, () => me()))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(proxy.count('/.well-known/')).toBe(1)
  })
})
