// Run it while `npm run dev` runs: npx wrangler dev -c examples/api-over-http/wrangler.toml --port 8788
// With another port or ISSUER of the service, add the options that `npm run dev` prints.
//
// The same API on a Worker without a binding to the service, such as one of another account. It
// fetches the key set over HTTP, from the issuer's address.

import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { optionalAccessToken, requireAccessToken } from 'portcullis'

const { ISSUER: issuer, AUDIENCE: audience } = env

export default new Hono()
  .get('/', optionalAccessToken({ issuer, audience }), (c) =>
    c.text(`Hello, ${c.var.auth?.subject ?? 'stranger'}.`),
  )
  .get('/api/me', requireAccessToken({ issuer, audience }), (c) =>
    c.json({ user: c.var.auth.subject, session: c.var.auth.sessionId }),
  )
