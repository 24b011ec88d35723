// One handler, unguarded and behind several guards. Over HTTP each has its own path; in-process
// each runs as often as the caller says.

import { Hono, type MiddlewareHandler } from 'hono'
import { jwt } from 'hono/jwt'
import {
  createSecretKeySet,
  type GuardedEnv,
  requireAccessToken,
  type ServiceBinding,
} from '../../src/index.ts'
import { createStepApps } from './fresh-steps.ts'
import { verifyWithJose } from './jose-guard.ts'

interface Bindings {
  readonly AUTH: ServiceBinding
  readonly ISSUER: string
  readonly SECRET_KEY: string
}

type Guard = MiddlewareHandler<GuardedEnv<Bindings>>
type App = Pick<Hono<GuardedEnv<Bindings>>, 'fetch'>

/** Created with the first request, because the settings come with it. */
let apps: Readonly<Record<string, App>> | undefined

async function createApps({
  ISSUER: issuer,
  SECRET_KEY: secret,
}: Bindings): Promise<Readonly<Record<string, App>>> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const bytes = new TextEncoder().encode(secret)
  const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['verify'])
  const options = { issuer, audience: issuer, service: (env: Bindings) => env.AUTH }
  const hs256 = { ...options, keys: () => createSecretKeySet(secret) }
  const jose = verifyWithJose<Bindings>('/.well-known/jwks.json', 'ES256', ({ AUTH }) => AUTH)
  return {
    ...createStepApps(issuer, (env: Bindings) => env.AUTH),
    unguarded: appBehind(),
    'guarded-hs256': appBehind(requireAccessToken(hs256)),
    'guarded-es256': appBehind(requireAccessToken(options)),
    'guarded-none': appBehind(requireAccessToken({ ...options, revocation: 'none' })),
    jose: appBehind(jose),
    'hono-jwt-string': appBehind(jwt({ secret, alg: 'HS256' })),
    'hono-jwt-cryptokey': appBehind(jwt({ secret: key, alg: 'HS256' })),
  }
}

function appBehind(...guards: Guard[]): App {
  const app = new Hono<GuardedEnv<Bindings>>()
  for (const guard of guards) app.use(guard)
  return app.get('/*', (c) => c.json({ status: 'success' }))
}

/** Runs requests with the caller's own headers, each with one of the tokens. */
async function runInProcess(
  app: App,
  request: Request,
  env: Bindings,
  ctx: ExecutionContext,
): Promise<Response> {
  const { count, tokens } = await request.json<{ count: number; tokens: string[] }>()
  const all = tokens.map((token) => {
    const headers = new Headers(request.headers)
    headers.set('Authorization', `Bearer ${token}`)
    return { headers }
  })
  for (let done = 0; done < count; done += 1) {
    const init = all[done % all.length] ?? {}
    const answer = await app.fetch(new Request('http://guarded/', init), env, ctx)
    if (answer.status !== 200) return answer
  }
  return new Response('done')
}

export default {
  async fetch(request, env, ctx) {
    apps ??= await createApps(env)
    const app = apps[new URL(request.url).pathname.slice(1)]
    if (!app) return new Response('There is no such guard.', { status: 404 })
    if (request.method === 'POST') return runInProcess(app, request, env, ctx)
    return app.fetch(request, env, ctx)
  },
} satisfies ExportedHandler<Bindings>
