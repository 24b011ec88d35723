// Run it while `npm run dev` runs: npx wrangler dev -c examples/api-worker/wrangler.toml --port 8788
// With another port or ISSUER of the service, add the options that `npm run dev` prints.
//
// An API that verifies the service's tokens. It reaches the service over a service binding.

import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { requireAccessToken } from 'portcullis'

const guard = requireAccessToken({
  issuer: env.ISSUER,
  audience: env.AUDIENCE,
  service: (bindings: Env) => bindings.AUTH,
})

export default new Hono<{ Bindings: Env }>()
  .get('/', (c) => c.text('Open to everybody.'))
  .use('/api/*', guard)
  .get('/api/me', (c) => c.json({ user: c.var.auth.subject, session: c.var.auth.sessionId }))
