// Run it while `npm run dev:deno` runs: npx deno run --allow-net --allow-env examples/deno/main.ts
// With another port or ISSUER of the service, set the variables ISSUER and AUDIENCE. It listens on
// PORT, 8788 by default.
//
// The same API on Deno.

import { Hono } from 'hono'
import { requireAccessToken } from 'portcullis'

const issuer = Deno.env.get('ISSUER') ?? 'http://127.0.0.1:8787'
const audience = Deno.env.get('AUDIENCE') ?? issuer

const app = new Hono()
  .use('/api/*', requireAccessToken({ issuer, audience, revocation: { follow: true } }))
  .get('/api/me', (c) => c.json({ user: c.var.auth.subject, session: c.var.auth.sessionId }))

Deno.serve({ hostname: '127.0.0.1', port: Number(Deno.env.get('PORT') ?? 8788) }, app.fetch)
