// Run it while `npm run dev` runs: npx wrangler dev -c examples/browser-app/wrangler.toml --port 8790 \
//   --env-file "$PWD/.dev.vars" --env-file "$PWD/.portcullis/database.env"
// On another port, add --var ISSUER:http://127.0.0.1:PORT. With `npm run dev -- --data DIR`, take its database.env.
//
// One Worker for browsers: the service with its tokens in cookies, an API behind the guard, and a
// page that logs in, refreshes and logs out.

import { env } from 'cloudflare:workers'
import { type Context, Hono } from 'hono'
import { requireAccessToken, requireFreshLogin } from 'portcullis'
import { createWorker } from 'portcullis/server'
import { page } from './page.ts'

const auth = createWorker({ claims: ({ email }) => ({ email }) })
const toService = (c: Context<{ Bindings: Env }>) => auth.fetch(c.req.raw, c.env, c.executionCtx)
const guard = requireAccessToken<Env, { email: string }>({
  issuer: env.ISSUER,
  audience: env.ISSUER,
  service: (bindings) => ({ fetch: (request) => auth.fetch(request, bindings) }),
  transport: 'cookie',
})

const app = new Hono<{ Bindings: Env }>()
  .get('/', (c) => c.html(page))
  .all('/auth/*', toService)
  .all('/oauth/*', toService)
  .all('/account', toService)
  .all('/account/*', toService)
  .all('/.well-known/*', toService)
  .all('/health', toService)
  .all('/ready', toService)
  .all('/openapi.json', toService)
  .use('/api/*', guard)
  .get('/api/me', (c) => c.json({ email: c.var.auth.claims.email }))
  // Only for users who gave the password within the last five minutes.
  .post('/api/orders', requireFreshLogin({ maxAgeSeconds: 300 }), (c) => c.json({ ordered: true }))

export default { fetch: app.fetch, scheduled: auth.scheduled }
