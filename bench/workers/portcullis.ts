// The same handler behind our guard, and nothing else, so that the bundle shows the guard's size.

import { Hono } from 'hono'
import { requireAccessToken, type ServiceBinding } from '../../src/index.ts'

interface Bindings {
  readonly AUTH: ServiceBinding
}

const issuer = 'https://auth.example.com'
const options = { issuer, audience: issuer, service: (env: Bindings) => env.AUTH }

export default new Hono<{ Bindings: Bindings }>()
  .get('/', requireAccessToken(options), (c) => c.json({ status: 'success' }))
  .get('/strict', requireAccessToken({ ...options, revocation: 'strict' }), (c) =>
    c.json({ status: 'success' }),
  )
