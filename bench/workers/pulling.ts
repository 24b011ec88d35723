// The same handler behind our guard, which pulls the feed and follows no stream.

import { Hono } from 'hono'
import { requireAccessToken, type ServiceBinding } from '../../src/index.ts'

interface Bindings {
  readonly AUTH: ServiceBinding
}

const issuer = 'https://auth.example.com'
const guard = requireAccessToken({
  issuer,
  audience: issuer,
  service: (env: Bindings) => env.AUTH,
  revocation: { follow: false },
})

export default new Hono<{ Bindings: Bindings }>().get('/', guard, (c) =>
  c.json({ status: 'success' }),
)
