// The examples as they are, each in a process of its own next to the service.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { routeFamilies } from '../../src/service/routes/routes.ts'
import { bundleWorker } from '../support/bundle.ts'
import { bearing, createClientOf, send } from '../support/client.ts'
import { serveFile } from '../support/deno.ts'
import { startIssuingService } from '../support/issuing-service.ts'
import { type Server, until } from '../support/server.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

type Service = Awaited<ReturnType<typeof startIssuingService>>

let service: Service
/** A service whose issuer has no reachable address: only a binding reaches it. */
let boundService: Service
const boundIssuer = 'https://auth.invalid'
beforeAll(async () => {
  service = await startIssuingService(inject('bundle'))
  boundService = await startIssuingService(inject('bundle'), { ISSUER: boundIssuer })
})
afterAll(() => Promise.all([service.stop(), boundService.stop()]))

const variables = () => ({ ISSUER: service.issuer, AUDIENCE: service.issuer })
const bound = { ISSUER: boundIssuer, AUDIENCE: boundIssuer }
const binding = () => ({ AUTH: boundService.issuer })

async function serveExample(
  name: string,
  settings: Readonly<Record<string, string>>,
  services: Readonly<Record<string, string>> = {},
  port?: number,
): Promise<Server> {
  return serveConfiguration(`examples/${name}/wrangler.toml`, settings, services, port)
}

async function serveConfiguration(
  configuration: string,
  settings: Readonly<Record<string, string>>,
  services: Readonly<Record<string, string>> = {},
  port?: number,
): Promise<Server> {
  const bundle = bundleWorker(configuration)
  const server = await serveOnWorkerd(bundle.file, settings, {
    services,
    ...(port !== undefined && { port }),
  })
  bundle.remove()
  return server
}

const examples: Record<string, () => Promise<Server>> = {
  'api-worker': () => serveExample('api-worker', bound, binding()),
  'plain-fetch': () => serveExample('plain-fetch', bound, binding()),
  'api-over-http': () => serveExample('api-over-http', variables()),
  deno: () => serveFile('examples/deno/main.ts', ['--allow-net', '--allow-env'], variables()),
}

function issuerOf(name: string): Service {
  return name === 'api-worker' || name === 'plain-fetch' ? boundService : service
}

describe.each(Object.keys(examples))('the example %s', (name) => {
  let server: Server
  beforeAll(async () => {
    server = await (examples[name] as () => Promise<Server>)()
  })
  afterAll(() => server.stop())

  it('lets in only users with a token of the service', async () => {
    const me = `${server.baseUrl}/api/me`
    const token = await issuerOf(name).client.token()
    const answer = await send(me, bearing(token))
    expect([answer.status, answer.body]).toEqual([
      200,
      { user: expect.stringMatching(/^\d+$/), session: expect.stringMatching(/^[\w-]{16}$/) },
    ])
    const forged = `${token.slice(0, -10)}AAAAAAAAAA`
    const refused = await Promise.all([send(me), send(me, bearing(forged)), send(me, bearing('x'))])
    expect(refused.map(({ status }) => status)).toEqual([401, 401, 401])
    for (const { headers } of refused) {
      expect(headers.get('WWW-Authenticate')).toMatch(/^Bearer/)
      expect(headers.get('Content-Type')).toBe('application/problem+json')
    }
  })

  it('refuses a token after its logout, within the bound', async () => {
    const { client } = issuerOf(name)
    const token = await client.token()
    const me = () => send(`${server.baseUrl}/api/me`, bearing(token))
    expect((await me()).status).toBe(200)
    expect((await client.logout(token)).status).toBe(200)
    await until(async () => (await me()).status === 401)
  })
})

describe('the example api-over-http', () => {
  it('serves its open path with and without a token', async () => {
    const server = await serveExample('api-over-http', variables())
    const token = await service.client.token()
    const [stranger, known, bad] = await Promise.all([
      send(server.baseUrl),
      send(server.baseUrl, bearing(token)),
      send(server.baseUrl, bearing('bad')),
    ])
    await server.stop()
    expect([stranger.text, known.text]).toEqual([
      'Hello, stranger.',
      expect.stringMatching(/^Hello, \d+\.$/),
    ])
    expect(bad.status).toBe(401)
  })
})

describe('the example two-workers', () => {
  let logins: Server
  let feed: Server
  let api: Server
  beforeAll(async () => {
    logins = await serveConfiguration('examples/two-workers/wrangler.login.toml', service.settings)
    feed = await serveConfiguration('examples/two-workers/wrangler.feed.toml', service.settings)
    api = await serveExample('api-worker', variables(), { AUTH: feed.baseUrl })
  })
  afterAll(() => Promise.all([api?.stop(), feed?.stop(), logins?.stop()]))

  const client = () => createClientOf(logins.baseUrl)
  const me = (token: string) => send(`${api.baseUrl}/api/me`, bearing(token))

  it('refuses, at the guard of the feed Worker, a token that the login Worker has logged out', async () => {
    const [token, other] = [await client().token(), await client().token()]
    expect([(await me(token)).status, (await me(other)).status]).toEqual([200, 200])
    expect((await client().logout(token)).status).toBe(200)
    await until(async () => (await me(token)).body.code === 'token_revoked')
    expect((await me(other)).status).toBe(200)
  })

  it('keeps guarding, and learns of revocations, while nothing answers logins', async () => {
    const [token, late] = [await client().token(), await client().token()]
    expect([(await me(token)).status, (await me(late)).status]).toEqual([200, 200])
    await logins.stop()
    // Over another service on the same database.
    expect((await service.client.logout(late)).status).toBe(200)
    await until(async () => (await me(late)).body.code === 'token_revoked')
    expect((await me(token)).status).toBe(200)
  })
})

const allRoutes = [
  ...routeFamilies.flatMap(({ path: base, routes }) =>
    routes.map(({ method, path }) => ({ method, path: `${base}${path}` })),
  ),
  // Pages, which are no routes.
  { method: 'GET', path: '/account' },
  { method: 'GET', path: '/account/reset' },
]

describe.each(['mounted', 'browser-app'])('the example %s', (name) => {
  it('passes on every route of the service', async () => {
    const server = await serveExample(name, service.settings)
    const missing: string[] = []
    for (const { method, path } of allRoutes) {
      const { headers } = await send(`${server.baseUrl}${path}`, { method })
      // Only the service sets this header.
      if (!headers.has('X-Request-Id')) missing.push(`${method} ${path}`)
    }
    await server.stop()
    expect(missing).toEqual([])
  })
})

describe('the example mounted', () => {
  it('is the service and the API', async () => {
    const server = await serveExample('mounted', service.settings)
    const token = await createClientOf(server.baseUrl).token()
    const me = await send(`${server.baseUrl}/api/me`, bearing(token))
    const stranger = await send(`${server.baseUrl}/api/me`)
    expect([me.status, stranger.status]).toEqual([200, 401])
    await createClientOf(server.baseUrl).logout(token)
    // The isolate that revokes applies it at once.
    expect((await send(`${server.baseUrl}/api/me`, bearing(token))).body.code).toBe('token_revoked')
    await server.stop()
  })
})
