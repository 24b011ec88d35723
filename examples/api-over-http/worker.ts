// The same API on a Worker that has no binding to the service, such as one of another account: the
// key set is fetched over HTTP, from the issuer's address.

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
