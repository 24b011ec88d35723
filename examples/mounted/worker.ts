// Run it while `npm run dev` runs: npx wrangler dev -c examples/mounted/wrangler.toml --port 8789 \
//   --env-file "$PWD/.dev.vars" --env-file "$PWD/.portcullis/database.env"
// On another port, add --var ISSUER:http://127.0.0.1:PORT. With `npm run dev -- --data DIR`, take its database.env.
//
// One Worker that is both the service with all its paths and an API behind the guard. The guard
// asks the service in the same Worker, without any network.

import { env } from 'cloudflare:workers'
import { type Context, Hono } from 'hono'
import { requireAccessToken } from 'portcullis'
import { createWorker } from 'portcullis/server'

const auth = createWorker()
const toService = (c: Context<{ Bindings: Env }>) => auth.fetch(c.req.raw, c.env, c.executionCtx)
const guard = requireAccessToken({
  issuer: env.ISSUER,
  audience: env.ISSUER,
  service: (bindings: Env) => ({ fetch: (request) => auth.fetch(request, bindings) }),
})

const app = new Hono<{ Bindings: Env }>()
  .all('/auth/*', toService)
  .all('/oauth/*', toService)
  .all('/account', toService)
  .all('/account/*', toService)
  .all('/.well-known/*', toService)
  .all('/health', toService)
  .all('/ready', toService)
  .all('/openapi.json', toService)
  .use('/api/*', guard)
  .get('/api/me', (c) => c.json({ user: c.var.auth.subject, session: c.var.auth.sessionId }))

export default { fetch: app.fetch, scheduled: auth.scheduled }
