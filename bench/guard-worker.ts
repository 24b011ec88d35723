// One handler, unguarded and behind several guards: over HTTP each under its own path, and in-process
// as often as the caller says.

import { Hono, type MiddlewareHandler } from 'hono'
import { jwt } from 'hono/jwt'
import { createSecretKeySet, requireAccessToken } from '../src/index.ts'
import type { ServiceBinding } from '../src/remote/ask-service.ts'

interface Bindings {
  readonly AUTH: ServiceBinding
  readonly ISSUER: string
  readonly SECRET_KEY: string
}

type Guard = MiddlewareHandler<{ Bindings: Bindings }>

/** Made with the first request, when the settings are there. */
let apps: Record<string, Hono<{ Bindings: Bindings }>> | undefined

async function createApps({ ISSUER: issuer, SECRET_KEY: secret }: Bindings) {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const bytes = new TextEncoder().encode(secret)
  const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['verify'])
  const service = (env: Bindings) => env.AUTH
  const hs256 = { issuer, audience: issuer, keys: () => createSecretKeySet(secret) }
  return {
    unguarded: appBehind(),
    'guarded-hs256': appBehind(requireAccessToken(hs256)),
    'guarded-es256': appBehind(requireAccessToken({ issuer, audience: issuer, service })),
    'hono-jwt-string': appBehind(jwt({ secret, alg: 'HS256' })),
    'hono-jwt-cryptokey': appBehind(jwt({ secret: key, alg: 'HS256' })),
  }
}

function appBehind(...guards: Guard[]) {
  const app = new Hono<{ Bindings: Bindings }>()
  for (const guard of guards) app.use(guard)
  return app.get('/*', (c) => c.json({ status: 'success' }))
}

async function runInProcess(
  app: Hono<{ Bindings: Bindings }>,
  request: Request,
  env: Bindings,
  ctx: ExecutionContext,
): Promise<Response> {
  const count = Number(request.headers.get('X-Count'))
  const { headers } = request
  for (let done = 0; done < count; done += 1) {
    const answer = await app.fetch(new Request('http://guarded/', { headers }), env, ctx)
    if (answer.status !== 200) return answer
  }
  return new Response('done')
}

export default {
  async fetch(request, env, ctx) {
    apps ??= await createApps(env)
    const app = apps[new URL(request.url).pathname.slice(1)]
    if (!app) return new Response('There is no such guard.', { status: 404 })
    if (request.headers.has('X-Count')) return runInProcess(app, request, env, ctx)
    return app.fetch(request, env, ctx)
  },
} satisfies ExportedHandler<Bindings>
